//! A cursor is valid for one user and one list. The lists are read from the OpenAPI document.

use crate::operation::{Operation, Resources};
use crate::stack::Stack;
use crate::users::User;

/// A page size with which the list has more than one page.
fn first_page(operation: &Operation, resources: &Resources) -> String {
    format!("{}?limit=1", operation.target_of(resources))
}

async fn cursor(user: &User, operation: &Operation, resources: &Resources) -> String {
    let page = user.get(first_page(operation, resources)).send().await.ok(200);
    let cursor = page["next_cursor"].as_str();
    cursor.unwrap_or_else(|| panic!("{} has one page", operation.name())).to_owned()
}

/// Gives the user two of everything, and lets two admins read their conversations.
async fn prepare(stack: &Stack, user: &User, admins: [&User; 2]) -> Resources {
    let resources = stack.create_resources(user).await;
    user.start_conversation("otra").await;
    let file = user.upload_file("b.txt", b"hola").await;
    let files = [resources.file.as_str(), file["id"].as_str().unwrap()];
    let body = serde_json::json!({ "content": "mira", "file_ids": files });
    let messages = format!("/v1/conversations/{}/messages", resources.conversation);
    user.post(messages).json(&body).send().await.ok(201);
    for admin in admins {
        let body = serde_json::json!({ "user_id": user.id, "reason": "Pidió ayuda con su plan" });
        admin.post("/v1/admin/access-grants").json(&body).send().await.ok(201);
    }
    resources
}

/// Texts that are not cursors, and some that are almost this one.
fn forgeries(cursor: &str) -> Vec<String> {
    let mut forged: Vec<String> =
        ["", "x", "null", "0", "%00", "AAAA", "eyJpZCI6MX0", "'--"].map(str::to_owned).into();
    forged.extend((1..cursor.len()).step_by(9).map(|end| cursor.chars().take(end).collect()));
    forged.extend([format!("{cursor}A"), format!("{cursor}="), format!("A{cursor}")]);
    for place in (0..cursor.len()).step_by(5) {
        let mut bytes = cursor.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).unwrap());
    }
    forged
}

#[tokio::test]
async fn a_cursor_of_another_user_or_list_is_refused() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let (eva, ivo) = (stack.admin("Eva").await, stack.admin("Ivo").await);
    let of_ana = prepare(&stack, &ana, [&eva, &ivo]).await;
    let of_ben = prepare(&stack, &ben, [&eva, &ivo]).await;
    let lists: Vec<_> = Operation::all().into_iter().filter(|it| it.has_query("cursor")).collect();
    assert!(lists.len() >= 10, "{}", lists.len());
    let mut good = Vec::new();
    for list in &lists {
        let user = if list.is_for_admins() { &eva } else { &ana };
        good.push((list.id.clone(), cursor(user, list, &of_ana).await));
    }
    let mut n_refused = 0;
    for list in &lists {
        let (user, other, of_other) =
            if list.is_for_admins() { (&eva, &ivo, &of_ana) } else { (&ana, &ben, &of_ben) };
        let own = &good.iter().find(|(id, _)| *id == list.id).unwrap().1;
        let page = first_page(list, &of_ana);
        user.get(format!("{page}&cursor={own}")).send().await.ok(200);

        let mut bad = forgeries(own);
        bad.extend(good.iter().filter(|(id, _)| *id != list.id).map(|(_, it)| it.clone()));
        bad.push(cursor(other, list, of_other).await);
        for cursor in &bad {
            let refused = user.get(format!("{page}&cursor={cursor}")).send().await;
            assert_eq!(refused.status.as_u16(), 400, "{}: {cursor}: {refused:?}", list.name());
            refused.problem(400, "invalid-cursor");
        }
        n_refused += bad.len();
    }
    println!("{} lists, {n_refused} cursors", lists.len());
}
