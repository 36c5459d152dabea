//! A cookie goes along with what other sites send, so it changes things only for requests that show
//! that they come from our own pages. A bearer token is not sent by a browser on its own accord.

use serde_json::json;

use crate::client::{Answer, Call};
use crate::operation::{NOBODYS, Operation, Things};
use crate::stack::{ORIGIN, Stack};
use crate::users::User;

const EVIL: &str = "https://evil.example";

/// What `Sec-Fetch-Site` says, and whether a cookie may then change things: without `Origin`, with
/// that of our page, with another's.
const TABLE: [(Option<&str>, [bool; 3]); 5] = [
    (None, [false, true, false]),
    (Some("same-origin"), [true, true, true]),
    (Some("same-site"), [false, true, false]),
    (Some("cross-site"), [false, true, false]),
    (Some("none"), [false, true, false]),
];
const ORIGINS: [Option<&str>; 3] = [None, Some(ORIGIN), Some(EVIL)];

/// A request of each method, and how it is answered when it is let in. `/v1/me` takes no PUT.
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

/// The request as a browser sends it on behalf of some page.
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
fn assert_cross_site(answer: Answer, case: &str) {
    assert_eq!(answer.status.as_u16(), 403, "{case}: {answer:?}");
    let problem = answer.problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().starts_with("Con cookie,"), "{case}: {problem}");
}

#[tokio::test]
async fn every_combination_of_150_is_decided() {
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
                        let answer = call.send().await;
                        assert_eq!(answer.status.as_u16(), status, "{case}: {answer:?}");
                        n_started += usize::from(method == "POST");
                    } else {
                        let before = stack.everything().await;
                        assert_cross_site(call.send().await, &case);
                        assert_eq!(stack.everything().await, before, "{case}");
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
async fn every_route_that_changes_something_refuses_a_cookie_from_elsewhere() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    let before = stack.everything().await;
    let mut n_tried = 0;
    for operation in Operation::all() {
        if operation.method == "GET" || operation.is_public() {
            continue;
        }
        let call = eva.call_with(Credential::Cookie, &operation.method, &operation.target(NOBODYS));
        let call = from_page(call, Some("cross-site"), Some(EVIL));
        let answer = operation.complete(call, &Things::default()).send().await;
        assert_cross_site(answer, &operation.name());
        n_tried += 1;
    }
    assert!(n_tried >= 15, "{n_tried}");
    assert_eq!(stack.everything().await, before);
}

#[tokio::test]
async fn reading_with_a_cookie_is_never_refused_for_where_it_comes_from() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    let mut n_tried = 0;
    for operation in Operation::all() {
        if operation.method != "GET" || operation.is_public() {
            continue;
        }
        for method in ["GET", "HEAD"] {
            let call = |credential| {
                let call = eva.call_with(credential, method, &operation.target(NOBODYS));
                operation.complete(call.unchecked(), &Things::default())
            };
            let plain = call(Credential::Bearer).send().await;
            for (site, origin) in [(None, None), (Some("cross-site"), Some(EVIL))] {
                let answer = from_page(call(Credential::Cookie), site, origin).send().await;
                assert_eq!(answer.status, plain.status, "{method} {}", operation.name());
                n_tried += 1;
            }
        }
    }
    assert!(n_tried >= 40, "{n_tried}");
}

#[tokio::test]
async fn a_bearer_request_is_one_whatever_cookie_goes_along() {
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
async fn a_bearer_token_that_is_wrong_does_not_fall_back_on_the_cookie() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    for authorization in ["Bearer ign_x", "Bearer", "Basic YTpi", ""] {
        for (method, target) in [("GET", "/v1/me"), ("POST", "/v1/conversations")] {
            let call = ana.call_with(Credential::Cookie, method, target);
            let call = call.header("authorization", authorization);
            let call = from_page(call, Some("same-origin"), None);
            let answer = with_body(call, method).send().await;
            answer.problem(401, "unauthenticated");
        }
    }
}
