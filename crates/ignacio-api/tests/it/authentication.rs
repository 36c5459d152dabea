//! Who is let in at all: every operation of the document against slips and dead sessions, odd ids,
//! people who are not of the staff, and browsers that come from elsewhere.

use serde_json::json;

use crate::client::{Call, file_part};
use crate::operation::{NOBODYS, Operation, Things};
use crate::stack::{ORIGIN, Stack};

#[tokio::test]
async fn nobody_gets_in() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let slip = format!("{}x", ana.token);
    let gone = stack.log_in(&ana.phone).await;
    gone.delete("/v1/sessions/current").send().await;
    let protected: Vec<_> = Operation::all().into_iter().filter(|it| !it.is_public()).collect();
    assert_eq!(protected.len(), 50);
    for operation in protected {
        let (name, target) = (operation.name(), operation.target(NOBODYS));
        for token in [None, Some(slip.as_str()), Some("Basic"), Some(gone.token.as_str())] {
            let call = stack.client.call(&operation.method, &target);
            let call = operation.complete(call, &Things::default());
            let answer = match token {
                None => call.send().await,
                Some("Basic") => call.header("authorization", "Basic YTpi").send().await,
                Some(token) => call.bearer(token).send().await,
            };
            let challenge = answer.header("www-authenticate").to_owned();
            answer.problem(401, "unauthenticated");
            assert!(challenge.starts_with("Bearer realm=\"ignacio\""), "{name}");
            assert_eq!(challenge.contains("invalid_token"), token.is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn ids_have_one_form() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    for operation in Operation::with_id() {
        let person = if operation.is_for_staff() { &eva } else { &ana };
        for id in ["x", "019ab2f4000070008000000000000001", "%7B%7D"] {
            let call = person.call(&operation.method, operation.target(id));
            let answer = operation.complete(call, &Things::default()).send().await;
            answer.problem(400, "malformed");
        }
    }
}

#[tokio::test]
async fn people_who_are_not_of_the_staff_learn_nothing_from_its_routes() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let before = stack.everything().await;
    for operation in Operation::all().into_iter().filter(Operation::is_for_staff) {
        for id in [ana.id.as_str(), NOBODYS, "x"] {
            let target = operation.target(id);
            for query in ["", "?limit=0", "?x=1", "?cursor=x"] {
                let call = || ana.call(&operation.method, format!("{target}{query}"));
                let file = [file_part("a.txt", "text/plain", b"hola")];
                for call in [
                    call(),
                    call().json(&json!({ "is_admin": true })),
                    call().header("content-type", "application/json").bytes("{"),
                    call().header("content-type", "application/json").bytes("x".repeat(70_000)),
                    call().form(&file),
                ] {
                    call.send().await.problem(403, "forbidden");
                }
            }
        }
    }
    assert_eq!(stack.everything().await, before);
}

#[tokio::test]
async fn a_body_is_not_read_from_who_is_not_of_the_staff() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let call = ana.post("/v1/admin/users").header("content-type", "application/json");
    let (call, never) = call.pieces();
    call.send().await.problem(403, "forbidden");
    drop(never);
}

fn with_body(call: Call, method: &str) -> Call {
    if method == "GET" { call } else { call.json(&json!({})) }
}

#[tokio::test]
async fn a_cookie_changes_things_from_our_own_site_only() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let host = stack.address.to_string();
    let cookie = format!("__Host-ignacio={}", ana.token);
    let own = format!("http://{host}");
    for (site, origin, is_let_in) in [
        (None, None, false),
        (None, Some(ORIGIN), true),
        (None, Some(own.as_str()), true),
        (None, Some("https://evil.example"), false),
        (None, Some("null"), false),
        (Some("same-origin"), None, true),
        (Some("same-site"), Some(own.as_str()), false),
        (Some("cross-site"), None, false),
        (Some("cross-site"), Some(ORIGIN), true),
        (Some("none"), None, false),
    ] {
        for (method, target) in
            [("POST", "/v1/conversations"), ("PATCH", "/v1/me"), ("GET", "/v1/me")]
        {
            let mut call = stack.client.call(method, target).header("cookie", &cookie);
            if let Some(site) = site {
                call = call.header("sec-fetch-site", site);
            }
            if let Some(origin) = origin {
                call = call.header("origin", origin);
            }
            let answer = with_body(call, method).send().await;
            if is_let_in || method == "GET" {
                assert!(answer.status.is_success(), "{method} {site:?} {origin:?}: {answer:?}");
            } else {
                answer.problem(403, "forbidden");
            }
        }
    }
}
