//! Every operation of the document, against nobody, slips, dead sessions, strangers and browsers
//! that come from elsewhere.

use serde_json::{Value, json};

use crate::client::{Answer, Call};
use crate::contract::operations;
use crate::people::Person;
use crate::stack::{ORIGIN, Stack};

/// The operations that need no session. This list may only shrink.
const PUBLIC: [&str; 5] =
    ["show_health", "show_readiness", "show_openapi", "request_code", "open_session"];
const NOBODYS: &str = "019ab2f4-0000-7000-8000-000000000001";

/// Every protected operation, with a random id in its path.
fn protected() -> Vec<(String, String)> {
    operations()
        .into_iter()
        .filter(|(_, _, operation)| !PUBLIC.contains(&operation["operationId"].as_str().unwrap()))
        .map(|(method, path, operation)| {
            let path = path.replace("{id}", NOBODYS);
            let is_narrowed = operation["operationId"] == "end_other_sessions";
            (method, if is_narrowed { format!("{path}?except=current") } else { path })
        })
        .collect()
}

/// A body that would do, where the operation takes one.
fn with_body(call: Call, method: &str, target: &str) -> Call {
    match (method, target) {
        ("POST", "/v1/files") => {
            call.form(&[crate::client::file_part("a.txt", "text/plain", b"hola")])
        }
        ("POST", target) if target.ends_with("/messages") => {
            call.json(&json!({ "content": "hola" }))
        }
        ("POST" | "PATCH", _) => call.json(&json!({})),
        _ => call,
    }
}

#[tokio::test]
async fn nobody_gets_in() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let slip = format!("{}x", ana.token);
    let gone = stack.log_in(&ana.phone).await;
    gone.delete("/v1/sessions/current").send().await;
    let operations = protected();
    assert_eq!(operations.len(), 22);
    for (method, target) in operations {
        for token in [None, Some(slip.as_str()), Some("Basic"), Some(gone.token.as_str())] {
            let call = with_body(stack.client.call(&method, &target), &method, &target);
            let answer = match token {
                None => call.send().await,
                Some("Basic") => call.header("authorization", "Basic YTpi").send().await,
                Some(token) => call.bearer(token).send().await,
            };
            let challenge = answer.header("www-authenticate").to_owned();
            answer.problem(401, "unauthenticated");
            assert!(challenge.starts_with("Bearer realm=\"ignacio\""), "{method} {target}");
            assert_eq!(challenge.contains("invalid_token"), token.is_some(), "{method} {target}");
        }
    }
}

#[tokio::test]
async fn public_operations_ask_for_nothing() {
    let stack = Stack::start().await;
    for (method, path, operation) in operations() {
        if PUBLIC.contains(&operation["operationId"].as_str().unwrap()) {
            let answer = with_body(stack.client.call(&method, &path), &method, &path).send().await;
            assert_ne!(answer.status.as_u16(), 401, "{method} {path}");
        }
    }
}

/// What belongs to Ana, by the paths that name it.
async fn things_of(stack: &Stack, ana: &Person) -> Vec<(String, String)> {
    let at = ana.starts("de Ana").await;
    let posted = ana.says(&at, "hola").await;
    let file = ana.uploads("a.txt", b"hola").await;
    stack.answer_with("listo").await;
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let of = |path: &str| {
        if path.starts_with("/v1/conversations/") {
            Some(at.rsplit('/').next().unwrap().to_owned())
        } else if path.starts_with("/v1/messages/") {
            Some(id(&posted["reply"]))
        } else if path.starts_with("/v1/responses/") {
            Some(id(&posted["response"]))
        } else if path.starts_with("/v1/files/") {
            Some(id(&file))
        } else if path.starts_with("/v1/sessions/{") {
            Some(ana.session.clone())
        } else {
            None
        }
    };
    let named = operations().into_iter().filter(|(_, path, _)| path.contains("{id}"));
    named.map(|(method, path, _)| (method, path.replace("{id}", &of(&path).unwrap()))).collect()
}

/// The answer without what is different in each request.
fn shape(answer: Answer) -> Value {
    let mut problem = answer.problem(404, "not-found");
    problem["request_id"] = Value::Null;
    problem["instance"] = Value::Null;
    problem
}

#[tokio::test]
async fn somebody_elses_things_look_like_nothing() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let things = things_of(&stack, &ana).await;
    assert_eq!(things.len(), 13);
    for (method, target) in &things {
        let foreign = with_body(ben.call(method, target), method, target).send().await;
        let id = target.split('/').nth(3).unwrap();
        let nowhere = target.replace(id, NOBODYS);
        let nothing = with_body(ben.call(method, &nowhere), method, &nowhere).send().await;
        assert_eq!(shape(foreign), shape(nothing), "{method} {target}");
    }
    // All of it is still there for its owner.
    for (_, target) in things.iter().filter(|(method, _)| method == "GET") {
        assert_eq!(ana.get(target).send().await.status.as_u16(), 200, "{target}");
    }
}

#[tokio::test]
async fn ids_have_one_form() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    for (method, path, _) in operations() {
        if path.contains("{id}") {
            for id in ["x", "019ab2f4000070008000000000000001", "%7B%7D"] {
                let target = path.replace("{id}", id);
                let answer = with_body(ana.call(&method, &target), &method, &target).send().await;
                answer.problem(400, "malformed");
            }
        }
    }
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
            let answer = with_body(call, method, target).send().await;
            if is_let_in || method == "GET" {
                assert!(answer.status.is_success(), "{method} {site:?} {origin:?}: {answer:?}");
            } else {
                answer.problem(403, "forbidden");
            }
        }
    }
}
