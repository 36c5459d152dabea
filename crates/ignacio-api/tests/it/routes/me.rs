//! The caller as a user.

use serde_json::json;

use crate::stack::Stack;

#[tokio::test]
async fn users_can_change_only_their_name_and_settings() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let before = ana.get("/v1/me").send().await.ok(200);
    assert_eq!((&before["name"], &before["locale"]), (&json!("Ana"), &json!("es")));

    let change = json!({ "name": "  Ana María ", "locale": "en" });
    let after = ana.patch("/v1/me").json(&change).send().await.ok(200);
    assert_eq!((&after["name"], &after["locale"]), (&json!("Ana María"), &json!("en")));
    assert_eq!(ana.get("/v1/me").send().await.ok(200), after);

    assert_eq!((&before["web_search"], &after["web_search"]), (&json!(true), &json!(true)));
    let change = json!({ "web_search": false });
    let after = ana.patch("/v1/me").json(&change).send().await.ok(200);
    assert_eq!((&after["web_search"], &after["locale"]), (&json!(false), &json!("en")));
    assert_eq!(ana.get("/v1/me").send().await.ok(200)["web_search"], false);

    let merge = ana.patch("/v1/me").header("content-type", "application/merge-patch+json");
    assert_eq!(merge.bytes("{}").send().await.ok(200)["name"], "Ana María");

    for (change, place, rule) in [
        (json!({ "is_admin": true }), "/is_admin", "unknown-field"),
        (json!({ "phone": "+573001111111" }), "/phone", "unknown-field"),
        (json!({ "name": null }), "/name", "wrong-type"),
        (json!({ "name": "" }), "/name", "name"),
        (json!({ "locale": "fr" }), "/locale", "language"),
        (json!({ "web_search": null }), "/web_search", "wrong-type"),
        (json!({ "web_search": "no" }), "/web_search", "wrong-type"),
    ] {
        let refused = ana.patch("/v1/me").json(&change).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{change}");
    }
    assert_eq!(ana.get("/v1/me").send().await.ok(200)["name"], "Ana María");
}

#[tokio::test]
async fn unchanged_resources_are_not_sent_again() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let first = ana.get("/v1/me").send().await;
    let tag = first.header("etag").to_owned();
    assert_eq!(first.header("cache-control"), "private, no-cache");

    let again = ana.get("/v1/me").header("if-none-match", &tag).send().await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), tag);

    ana.patch("/v1/me").json(&json!({ "name": "Otra" })).send().await.ok(200);
    let changed = ana.get("/v1/me").header("if-none-match", &tag).send().await;
    assert_ne!(changed.header("etag"), tag);
    changed.ok(200);
}
