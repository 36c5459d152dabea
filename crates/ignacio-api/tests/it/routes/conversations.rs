//! Conversations: starting, listing, updating, deleting.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::stack::Stack;

#[tokio::test]
async fn a_conversation_is_started_read_renamed_and_deleted() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let response = ana.post("/v1/conversations").json(&json!({ "title": " Plan " })).send().await;
    let at = response.header("location").to_owned();
    let started = response.ok(201);
    assert_eq!((&started["title"], &started["message_count"]), (&json!("Plan"), &json!(0)));
    assert_eq!(ana.get(&at).send().await.ok(200), started);

    let change = json!({ "title": "Otro plan", "pinned": true });
    let changed = ana.patch(&at).json(&change).send().await.ok(200);
    assert_eq!((&changed["title"], &changed["pinned"]), (&json!("Otro plan"), &json!(true)));
    assert_eq!(changed["archived"], false);

    assert_eq!(ana.delete(&at).send().await.status.as_u16(), 204);
    ana.get(&at).send().await.problem(404, "not-found");
    ana.delete(&at).send().await.problem(404, "not-found");
    ana.patch(&at).json(&change).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn a_conversation_starts_with_its_first_message() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let file = ana.upload_file("plan.txt", b"hola").await;
    let body = json!({ "message": { "content": "Hola", "file_ids": [file["id"]] } });

    let response = ana.post("/v1/conversations").json(&body).send().await;

    let at = response.header("location").to_owned();
    let started = response.ok(201);
    assert_eq!(started["conversation"]["message_count"], 2);
    assert_eq!(started["conversation"]["title"], Value::Null);
    assert_eq!(started["message"]["content"], "Hola");
    assert_eq!(started["message"]["attachments"][0]["name"], "plan.txt");
    assert_eq!(started["reply"]["response_id"], started["response"]["id"]);
    assert_eq!(started["response"]["state"], "queued");
    stack.complete_reply("Buenas").await;
    let messages = ana.get(format!("{at}/messages")).send().await.ok(200);
    assert_eq!(messages["data"][0]["content"], "Buenas");
    assert_eq!(messages["data"][1]["id"], started["message"]["id"]);
}

#[tokio::test]
async fn a_conversation_with_a_bad_first_message_is_not_started() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let missing = "019ab2f4-0000-7000-8000-000000000001";
    let body = json!({ "message": { "content": "Hola", "file_ids": [missing] } });
    let refused = ana.post("/v1/conversations").json(&body).send().await;
    assert_eq!(refused.problem(404, "not-found")["errors"][0]["pointer"], "/message/file_ids/0");

    for (body, place, rule) in [
        (json!({ "message": { "content": " " } }), "/message/content", "blank"),
        (json!({ "message": { "content": "a\u{0}" } }), "/message/content", "nul"),
        (json!({ "message": [ "Hola", [] ] }), "/message", "wrong-type"),
        (json!({ "title": "" }), "/title", "title"),
        (json!({ "titel": "x" }), "/titel", "unknown-field"),
    ] {
        let refused = ana.post("/v1/conversations").json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{body}");
    }
    let listed = ana.get("/v1/conversations").send().await.ok(200);
    assert_eq!(listed, json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn pages_are_followed_by_link_while_rows_are_added() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let mut started = HashSet::new();
    for number in 0..25 {
        started.insert(ana.start_conversation(&format!("N.º {number}")).await);
    }
    let (mut seen, mut next) = (Vec::new(), "/v1/conversations?limit=4&archived=false".to_owned());
    while !next.is_empty() {
        let page = ana.get(&next).send().await;
        let link = page.header("link").to_owned();
        let page = page.ok(200);
        assert_eq!(link.is_empty(), page["next_cursor"].is_null());
        let rows = page["data"].as_array().unwrap();
        seen.extend(
            rows.iter().map(|it| format!("/v1/conversations/{}", it["id"].as_str().unwrap())),
        );
        let target = link.strip_prefix('<').and_then(|it| it.split_once('>'));
        next = target.map_or(String::new(), |(target, rel)| {
            assert_eq!(rel, "; rel=\"next\"");
            target.to_owned()
        });
        ana.start_conversation("entretanto").await;
    }
    assert_eq!(seen.len(), 25, "no row twice");
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), started);
}

#[tokio::test]
async fn archived_conversations_are_listed_separately() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let (one, _other) = (ana.start_conversation("uno").await, ana.start_conversation("dos").await);
    ana.patch(&one).json(&json!({ "archived": true })).send().await.ok(200);
    for (query, title) in [("", "dos"), ("?archived=false", "dos"), ("?archived=true", "uno")] {
        let listed = ana.get(format!("/v1/conversations{query}")).send().await.ok(200);
        let titles: Vec<_> =
            listed["data"].as_array().unwrap().iter().map(|it| &it["title"]).collect();
        assert_eq!(titles, [title], "{query}");
    }
}

#[tokio::test]
async fn forged_and_foreign_cursors_are_refused() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    for title in ["uno", "dos"] {
        ana.start_conversation(title).await;
        ben.start_conversation(title).await;
        ana.upload_file(&format!("{title}.txt"), b"hola").await;
        ben.upload_file(&format!("{title}.txt"), b"hola").await;
    }
    for list in ["conversations", "files"] {
        let page = ana.get(format!("/v1/{list}?limit=1")).send().await.ok(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        let good = ana.get(format!("/v1/{list}?limit=1&cursor={cursor}")).send().await.ok(200);
        assert_ne!(good["data"][0]["id"], page["data"][0]["id"]);
        let forged = cursor.replace(|it: char| it.is_lowercase(), "x");
        for (user, list, cursor) in [
            (&ben, list, cursor),
            (&ana, list, forged.as_str()),
            (&ana, list, ""),
            (&ana, if list == "files" { "conversations" } else { "files" }, cursor),
        ] {
            let refused = user.get(format!("/v1/{list}?cursor={cursor}")).send().await;
            refused.problem(400, "invalid-cursor");
        }
    }
    for (query, place, rule) in [
        ("limit=0", "/limit", "limit"),
        ("limit=101", "/limit", "limit"),
        ("limit=x", "/limit", "wrong-value"),
        ("archived=si", "/archived", "wrong-value"),
        ("page=2", "/page", "unknown-field"),
    ] {
        let refused = ana.get(format!("/v1/conversations?{query}")).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_stale_etag_changes_nothing() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let tag = ana.get(&at).send().await.header("etag").to_owned();
    let rename = |title: &str, tag: &str| {
        ana.patch(&at).json(&json!({ "title": title })).header("if-match", tag).send()
    };

    let renamed = rename("dos", &tag).await;
    let newer = renamed.header("etag").to_owned();
    assert_eq!(renamed.ok(200)["title"], "dos");
    rename("tres", &tag).await.problem(412, "precondition-failed");
    ana.delete(&at).header("if-match", &tag).send().await.problem(412, "precondition-failed");
    assert_eq!(ana.get(&at).send().await.ok(200)["title"], "dos");
    assert_eq!(ana.delete(&at).header("if-match", &newer).send().await.status.as_u16(), 204);
    ana.delete(&at).header("if-match", "*").send().await.problem(404, "not-found");
}

#[tokio::test]
async fn deleting_a_conversation_deletes_its_files_unless_they_are_kept() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    for (query, n_left) in [("?keep_files=true", 1), ("", 0)] {
        let at = ana.start_conversation("uno").await;
        let file = ana.upload_file("plan.txt", b"hola").await;
        let body = json!({ "content": "mira", "file_ids": [file["id"]] });
        ana.post(format!("{at}/messages")).json(&body).send().await.ok(201);
        let listed = ana.get(format!("{at}/files")).send().await.ok(200);
        assert_eq!(listed["data"][0]["id"], file["id"]);

        assert_eq!(ana.delete(format!("{at}{query}")).send().await.status.as_u16(), 204);

        let left = ana.get("/v1/files").send().await.ok(200);
        let is_left = left["data"].as_array().unwrap().iter().any(|it| it["id"] == file["id"]);
        assert_eq!(usize::from(is_left), n_left, "{query}");
    }
}
