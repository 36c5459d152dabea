//! Browsers attach a cookie to requests of other sites, so a request with a cookie may change
//! something only if it shows that it comes from our own pages. No browser adds a bearer token.

use serde_json::json;

use crate::client::{ApiResponse, Call};
use crate::operation::{MISSING_ID, Operation, Resources};
use crate::stack::{ORIGIN, Stack};
use crate::users::User;

const EVIL: &str = "https://evil.example";

/// A value of `Sec-Fetch-Site`, and whether a request with a cookie may then change something:
/// without `Origin`, with that of our page, with another one.
const TABLE: [(Option<&str>, [bool; 3]); 5] = [
    (None, [false, true, false]),
    (Some("same-origin"), [true, true, true]),
    (Some("same-site"), [false, true, false]),
    (Some("cross-site"), [false, true, false]),
    (Some("none"), [false, true, false]),
];
const ORIGINS: [Option<&str>; 3] = [None, Some(ORIGIN), Some(EVIL)];

/// A request of each method, and its status if it is allowed. `/v1/me` has no PUT.
const REQUESTS: [(&str, &str, u16); 5] = [
    ("GET", "/v1/me", 200),
    ("POST", "/v1/conversations", 201),
    ("PUT", "/v1/me", 405),
    ("PATCH", "/v1/me", 200),
    ("DELETE", "/v1/sessions?except=current", 204),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    Cookie,
    Bearer,
}

impl User {
    /// The cookie that a browser would have for this session.
    fn cookie(&self) -> String {
        format!("__Host-ignacio={}", self.token)
    }

    fn call_with(&self, credential: Credential, method: &str, target: &str) -> Call {
        let call = self.client.call(method, target);
        match credential {
            Credential::Cookie => call.header("cookie", self.cookie()),
            Credential::Bearer => call.bearer(&self.token),
        }
    }
}

/// The request as a browser sends it for a page.
fn from_page(call: Call, site: Option<&str>, origin: Option<&str>) -> Call {
    [("sec-fetch-site", site), ("origin", origin)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(call, |call, (name, value)| call.header(name, value))
}

fn with_body(call: Call, method: &str) -> Call {
    if matches!(method, "POST" | "PATCH") { call.json(&json!({})) } else { call }
}

#[track_caller]
fn assert_cross_site(response: ApiResponse, case: &str) {
    assert_eq!(response.status.as_u16(), 403, "{case}: {response:?}");
    let problem = response.problem(403, "forbidden");
    assert!(
        problem["detail"].as_str().unwrap().starts_with("Las peticiones con cookie"),
        "{case}: {problem}"
    );
}

#[tokio::test]
async fn all_150_combinations_of_origin_headers_are_decided() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let (mut n_tried, mut n_refused, mut n_started) = (0, 0, 0);
    for credential in [Credential::Cookie, Credential::Bearer] {
        for (site, by_origin) in TABLE {
            for (origin, is_ours) in ORIGINS.into_iter().zip(by_origin) {
                for (method, target, status) in REQUESTS {
                    let case = format!("{credential:?} {method} {site:?} {origin:?}");
                    let is_let_in = is_ours || method == "GET" || credential == Credential::Bearer;
                    let call = ana.call_with(credential, method, target).unchecked();
                    let call = with_body(from_page(call, site, origin), method);
                    if is_let_in {
                        let response = call.send().await;
                        assert_eq!(response.status.as_u16(), status, "{case}: {response:?}");
                        n_started += usize::from(method == "POST");
                    } else {
                        let before = stack.table_digests().await;
                        assert_cross_site(call.send().await, &case);
                        assert_eq!(stack.table_digests().await, before, "{case}");
                        n_refused += 1;
                    }
                    n_tried += 1;
                }
            }
        }
    }
    // Of the 15 combinations of a cookie, 8 are not ours, for each of 4 methods.
    assert_eq!((n_tried, n_refused), (150, 8 * 4));
    let n_there = stack.database.query_i64("select count(*) from conversations").await;
    assert_eq!(usize::try_from(n_there).unwrap(), n_started);
}

#[tokio::test]
async fn every_write_refuses_a_cookie_from_another_site() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    let before = stack.table_digests().await;
    let mut n_tried = 0;
    for operation in Operation::all() {
        if operation.method == "GET" || operation.is_public() {
            continue;
        }
        let call =
            eva.call_with(Credential::Cookie, &operation.method, &operation.target(MISSING_ID));
        let call = from_page(call, Some("cross-site"), Some(EVIL));
        let response = operation.complete(call, &Resources::default()).send().await;
        assert_cross_site(response, &operation.name());
        n_tried += 1;
    }
    assert!(n_tried >= 15, "{n_tried}");
    assert_eq!(stack.table_digests().await, before);
}

#[tokio::test]
async fn reads_with_a_cookie_are_allowed_from_any_origin() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    let mut n_tried = 0;
    for operation in Operation::all() {
        if operation.method != "GET" || operation.is_public() {
            continue;
        }
        for method in ["GET", "HEAD"] {
            let call = |credential| {
                let call = eva.call_with(credential, method, &operation.target(MISSING_ID));
                operation.complete(call.unchecked(), &Resources::default())
            };
            let plain = call(Credential::Bearer).send().await;
            for (site, origin) in [(None, None), (Some("cross-site"), Some(EVIL))] {
                let response = from_page(call(Credential::Cookie), site, origin).send().await;
                assert_eq!(response.status, plain.status, "{method} {}", operation.name());
                n_tried += 1;
            }
        }
    }
    assert!(n_tried >= 40, "{n_tried}");
}

#[tokio::test]
async fn a_bearer_token_takes_precedence_over_a_cookie() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    for (site, _) in TABLE {
        for origin in ORIGINS {
            let both = |method, target| {
                let call = ana.call(method, target).header("cookie", ben.cookie());
                from_page(call, site, origin)
            };
            let me = both("GET", "/v1/me").send().await.ok(200);
            assert_eq!(me["id"], ana.id.as_str());
            both("POST", "/v1/conversations").json(&json!({})).send().await.ok(201);
        }
    }
    let owners = "select distinct user_id::text from conversations";
    assert_eq!(stack.database.query_column(owners).await, [Some(ana.id)]);
}

#[tokio::test]
async fn a_wrong_bearer_token_does_not_fall_back_to_the_cookie() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    for authorization in ["Bearer ign_x", "Bearer", "Basic YTpi", ""] {
        for (method, target) in [("GET", "/v1/me"), ("POST", "/v1/conversations")] {
            let call = ana.call_with(Credential::Cookie, method, target);
            let call = call.header("authorization", authorization);
            let call = from_page(call, Some("same-origin"), None);
            let response = with_body(call, method).send().await;
            response.problem(401, "unauthenticated");
        }
    }
}
