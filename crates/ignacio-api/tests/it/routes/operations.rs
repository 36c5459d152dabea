//! Health, readiness and the OpenAPI document.

use serde_json::{Value, json};

use crate::stack::Stack;

#[tokio::test]
async fn a_healthy_service_is_live_and_ready() {
    let stack = Stack::start().await;
    assert_eq!(stack.client.get("/healthz").send().await.ok(200), json!({ "status": "ok" }));
    assert_eq!(
        stack.client.get("/readyz").send().await.ok(200),
        json!({
            "draining": false,
            "database": "ok",
            "object_store": "ok",
            "codes": "ok",
            "migrations": "ok",
            "pending_migrations": [],
        })
    );
}

#[tokio::test]
async fn each_dependency_can_make_it_unready() {
    let unready = |response: crate::client::ApiResponse| {
        assert_eq!(response.header("retry-after"), "5");
        response.problem(503, "unavailable")["checks"].clone()
    };
    let stack = Stack::start().await;
    stack.store.set_down(true);
    let checks = unready(stack.client.get("/readyz").send().await);
    assert_eq!(checks["object_store"], "failed");
    assert_eq!(checks["database"], "ok");
    stack.store.set_down(false);
    stack.stop.cancel();
    assert_eq!(unready(stack.client.get("/readyz").send().await)["draining"], true);
    stack.client.get("/healthz").send().await.ok(200);

    let ahead = Stack::with(|it| it.known_migrations.push("999_future".to_owned())).await;
    let checks = unready(ahead.client.get("/readyz").send().await);
    assert_eq!(checks["pending_migrations"], json!(["999_future"]));
}

#[tokio::test]
async fn a_service_that_cannot_send_codes_is_ready_and_reports_it() {
    let stack = Stack::start().await;
    stack.database.execute("update login_monitor set provider_outage = 'critical:190'").await;
    assert_eq!(stack.client.get("/readyz").send().await.ok(200)["codes"], "failed");
}

#[tokio::test]
async fn the_openapi_document_and_its_page_are_served() {
    let stack = Stack::start().await;
    let served = stack.client.get("/v1/openapi.json").send().await;
    assert_eq!(served.body, ignacio_api::openapi_json());

    let moved = stack.client.get("/docs").unchecked().send().await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (308, "/docs/"));
    let page = stack.client.get("/docs/").unchecked().send().await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    let script = stack.client.get("/docs/swagger-initializer.js").unchecked().send().await;
    assert!(String::from_utf8_lossy(&script.body).contains("/v1/openapi.json"));
    for asset in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        let served = stack.client.get(format!("/docs/{asset}")).unchecked().send().await;
        assert_eq!(served.status.as_u16(), 200, "{asset}");
    }
    let nothing = stack.client.get("/docs/nothing.js").unchecked().send().await;
    nothing.problem(404, "not-found");
    assert_ne!(served.json()["paths"], Value::Null);
}
