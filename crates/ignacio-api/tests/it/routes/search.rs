//! Searching conversations, and paging through a growing list.

use std::collections::HashSet;

use ignacio_devstack::scale;
use serde_json::{Value, json};

use crate::stack::Stack;
use crate::users::User;

impl User {
    /// The titles of the conversations that a query lists, the most recently active first.
    async fn titles(&self, query: &str) -> Vec<String> {
        let listed = self.get(format!("/v1/conversations?{query}")).send().await.ok(200);
        let rows = listed["data"].as_array().unwrap().iter();
        rows.map(|it| it["title"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn search_ignores_case_and_accents() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let one = ana.start_conversation("Reunión de MAÑANA").await;
    ana.post_message(&one, "¿Qué llevo?").await;
    stack.complete_reply("Tu Hipótesis al 100%").await;
    let two = ana.start_conversation("Precios").await;
    ana.patch(&two).json(&json!({ "pinned": true })).send().await.ok(200);
    ben.start_conversation("Reunión de Ben").await;
    let none: [&str; 0] = [];
    for (query, titles) in [
        ("q=reunion", &["Reunión de MAÑANA"][..]),
        ("q=REUNI%C3%93N%20DE", &["Reunión de MAÑANA"]),
        ("q=manana", &["Reunión de MAÑANA"]),
        ("q=hipotesis", &["Reunión de MAÑANA"]),
        ("q=%C2%BFque%20llevo", &["Reunión de MAÑANA"]),
        ("q=100%25", &["Reunión de MAÑANA"]),
        ("q=1%25%25", &none),
        ("q=r_cios", &none),
        ("q=ben", &none),
        ("q=", &["Precios", "Reunión de MAÑANA"]),
        ("q=%20%09", &["Precios", "Reunión de MAÑANA"]),
        ("pinned=true", &["Precios"]),
        ("pinned=false", &["Reunión de MAÑANA"]),
        ("pinned=true&q=reunion", &none),
        ("archived=true&q=reunion", &none),
    ] {
        let found: HashSet<_> = ana.titles(query).await.into_iter().collect();
        let expected = titles.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn search_does_not_find_replaced_versions() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "camellos").await;
    stack.complete_reply("dromedarios").await;
    assert_eq!(
        (ana.titles("q=camello").await.len(), ana.titles("q=dromedario").await.len()),
        (1, 1)
    );
    let versions = format!("/v1/messages/{}/versions", posted["message"]["id"].as_str().unwrap());
    ana.post(versions).json(&json!({ "content": "llamas" })).send().await.ok(201);
    assert_eq!(
        (ana.titles("q=camello").await.len(), ana.titles("q=dromedario").await.len()),
        (0, 0)
    );
    assert_eq!(ana.titles("q=llama").await.len(), 1);
}

#[tokio::test]
async fn an_invalid_search_is_refused() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    for bad in ["a".repeat(201), "%C3%B1".repeat(201), "a%00b".to_owned()] {
        let refused = ana.get(format!("/v1/conversations?q={bad}")).unchecked().send().await;
        assert_eq!(refused.invalid(), ("/q".to_owned(), "words".to_owned()), "{bad}");
    }
    assert_eq!(ana.titles(&format!("q={}", "%C3%B1".repeat(200))).await.len(), 0);
    let refused = ana.get("/v1/conversations?pinned=maybe").unchecked().send().await;
    assert_eq!(refused.invalid().0, "/pinned");
}

/// Adds conversations to the database, at most `most` seconds old, many of them within the same
/// second.
async fn add(stack: &Stack, user: &User, n: usize, most: usize) -> HashSet<String> {
    let (user, most) = (&user.id, most.max(1));
    let write = format!(
        "insert into conversations (id, user_id, title, created_at)
         select gen_random_uuid(), '{user}', 'N.º ' || i,
                date_trunc('second', now()) - make_interval(secs => i % {most})
           from generate_series(1, {n}) i
         returning id"
    );
    let ids = format!("with added as ({write}) select id::text from added");
    stack.database.query_column(&ids).await.into_iter().flatten().collect()
}

#[tokio::test]
async fn paging_a_growing_list_has_no_gaps_or_repeats() {
    let (n_before, n_more) = (scale(500, 10_000), scale(25, 500));
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let before = add(&stack, &ana, n_before, n_before / 3).await;
    add(&stack, &ben, 50, 50).await;
    assert_eq!(before.len(), n_before);
    let n_pages = n_before.div_ceil(50);
    let (mut seen, mut cursor, mut n_read, mut n_added) = (Vec::new(), String::new(), 0, 0);
    loop {
        let page = ana.get(format!("/v1/conversations?limit=50{cursor}")).send().await.ok(200);
        let rows = page["data"].as_array().unwrap();
        seen.extend(rows.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        n_read += 1;
        // New rows appear anywhere: before the pages that were read, and after them.
        let n_now = n_more * n_read / n_pages;
        n_added += add(&stack, &ana, n_now.saturating_sub(n_added), n_before / 3).await.len();
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    assert!(n_added >= n_more, "{n_added}");
    let distinct: HashSet<_> = seen.iter().cloned().collect();
    assert_eq!(distinct.len(), seen.len(), "none came twice");
    assert!(before.is_subset(&distinct), "{} are missing", before.difference(&distinct).count());
}
