//! Authentication: every operation of the document with invalid tokens and ended sessions, malformed
//! ids, participants on admin routes, and cookies from other sites.

use serde_json::json;

use crate::client::{Call, file_part};
use crate::operation::{MISSING_ID, Operation, Resources};
use crate::stack::{ORIGIN, Stack};

#[tokio::test]
async fn no_protected_route_accepts_an_invalid_token() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let malformed = format!("{}x", ana.token);
    let gone = stack.log_in(&ana.phone).await;
    gone.delete("/v1/sessions/current").send().await;
    let protected: Vec<_> = Operation::all().into_iter().filter(|it| !it.is_public()).collect();
    assert_eq!(protected.len(), 50);
    for operation in protected {
        let (name, target) = (operation.name(), operation.target(MISSING_ID));
        for token in [None, Some(malformed.as_str()), Some("Basic"), Some(gone.token.as_str())] {
            let call = stack.client.call(&operation.method, &target);
            let call = operation.complete(call, &Resources::default());
            let response = match token {
                None => call.send().await,
                Some("Basic") => call.header("authorization", "Basic YTpi").send().await,
                Some(token) => call.bearer(token).send().await,
            };
            let challenge = response.header("www-authenticate").to_owned();
            response.problem(401, "unauthenticated");
            assert!(challenge.starts_with("Bearer realm=\"ignacio\""), "{name}");
            assert_eq!(challenge.contains("invalid_token"), token.is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn only_canonical_ids_are_accepted() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    for operation in Operation::with_id() {
        let user = if operation.is_for_admins() { &eva } else { &ana };
        for id in ["x", "019ab2f4000070008000000000000001", "%7B%7D"] {
            let call = user.call(&operation.method, operation.target(id));
            let response = operation.complete(call, &Resources::default()).send().await;
            response.problem(400, "malformed");
        }
    }
}

#[tokio::test]
async fn participants_learn_nothing_from_admin_routes() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let before = stack.table_digests().await;
    for operation in Operation::all().into_iter().filter(Operation::is_for_admins) {
        for id in [ana.id.as_str(), MISSING_ID, "x"] {
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
    assert_eq!(stack.table_digests().await, before);
}

#[tokio::test]
async fn a_participants_body_is_not_read_on_admin_routes() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let call = ana.post("/v1/admin/users").header("content-type", "application/json");
    let (call, never) = call.chunked();
    call.send().await.problem(403, "forbidden");
    drop(never);
}

fn with_body(call: Call, method: &str) -> Call {
    if method == "GET" { call } else { call.json(&json!({})) }
}

#[tokio::test]
async fn a_cookie_authenticates_writes_from_our_own_site_only() {
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
            let response = with_body(call, method).send().await;
            if is_let_in || method == "GET" {
                assert!(response.status.is_success(), "{method} {site:?} {origin:?}: {response:?}");
            } else {
                response.problem(403, "forbidden");
            }
        }
    }
}
