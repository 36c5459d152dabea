//! Refusals: each request is sent once, and its error follows from the code, the status and the
//! headers.

use std::time::Duration;

use ignacio_domain::ports::{Assistant as _, AssistantError, PortError, VectorStore as _};
use serde_json::{Value, json};

use super::{openai, port, prompt};
use crate::support::{
    logs::Logs,
    wire::{WireResponse, WireServer},
};

const PAGE: &str = "<html><body>canary-text: too many requests</body></html>";

fn refusal(code: &Value, kind: &str) -> Value {
    json!({ "error": { "message": "canary-text +573001234567", "type": kind, "code": code,
                       "param": null } })
}

/// Starts a reply against one response; the request must be sent exactly once.
async fn refused(response: WireResponse) -> AssistantError {
    let server = WireServer::always(response).await;
    let error = openai(server.url()).start(prompt("¿?")).await.err().unwrap();
    server.request();
    error
}

async fn refused_with(status: &str, code: &str, kind: &str) -> PortError {
    port(refused(WireResponse::json(status, &refusal(&json!(code), kind))).await)
}

#[tokio::test]
async fn rate_limits_and_exhausted_quotas_are_distinguished() {
    let wait = |seconds: &'static str| [("retry-after", seconds), ("content-type", "text/html")];
    for (response, pause) in [
        (
            WireResponse::new("429 Too Many Requests", &wait("7"), PAGE),
            Some(Duration::from_secs(7)),
        ),
        (WireResponse::new("429 Too Many Requests", &[], PAGE), None),
        (
            WireResponse::new("503 Service Unavailable", &wait("0.5"), ""),
            Some(Duration::from_millis(500)),
        ),
        (WireResponse::new("500 Internal Server Error", &[], PAGE), None),
    ] {
        match port(refused(response).await) {
            PortError::Transient { retry_after, .. } => assert_eq!(retry_after, pause),
            other => panic!("{other}"),
        }
    }
    let limited = refused_with("429 Too Many Requests", "rate_limit_exceeded", "requests").await;
    assert!(matches!(limited, PortError::Transient { .. }));
    for code in ["insufficient_quota", "billing_hard_limit_reached"] {
        let error = refused_with("429 Too Many Requests", code, "insufficient_quota").await;
        assert!(
            matches!(error, PortError::Misconfigured { code: reported, .. } if reported == code)
        );
    }
}

#[tokio::test]
async fn wrong_keys_and_names_are_misconfigured() {
    for (status, code) in [
        ("401 Unauthorized", "invalid_api_key"),
        ("403 Forbidden", "unsupported_country_region_territory"),
        ("404 Not Found", "model_not_found"),
        ("400 Bad Request", "model_not_found"),
    ] {
        let error = refused_with(status, code, "invalid_request_error").await;
        assert!(
            matches!(error, PortError::Misconfigured { code: reported, .. } if reported == code)
        );
    }
    let page = port(refused(WireResponse::new("403 Forbidden", &[], PAGE)).await);
    assert!(matches!(page, PortError::Misconfigured { code, .. } if code == "http_403"));
}

#[tokio::test]
async fn a_bad_request_is_not_repeated() {
    let error = refused_with("400 Bad Request", "context_length_exceeded", "invalid_request_error");
    assert!(matches!(error.await, PortError::Rejected { code, .. }
        if code == "context_length_exceeded"));
    let error =
        refused(WireResponse::json("400 Bad Request", &refusal(&json!(42), "bad_thing"))).await;
    assert!(matches!(port(error), PortError::Rejected { code, .. } if code == "bad_thing"));
    let error = refused(WireResponse::new("418 I'm a teapot", &[], "")).await;
    assert!(matches!(port(error), PortError::Rejected { code, .. } if code == "http_418"));
}

#[tokio::test]
async fn a_lost_state_is_recognised() {
    for status in ["400 Bad Request", "404 Not Found"] {
        let lost = refusal(&json!("previous_response_not_found"), "invalid_request_error");
        let error = refused(WireResponse::json(status, &lost)).await;
        assert!(matches!(error, AssistantError::StateLost), "{status}");
    }
    let mut gone = refusal(&Value::Null, "invalid_request_error");
    gone["error"]["param"] = json!("previous_response_id");
    let error = refused(WireResponse::json("404 Not Found", &gone)).await;
    assert!(matches!(error, AssistantError::StateLost));
    // A missing resource of another kind, such as a vector store, is not the conversation's state.
    let error = refused(WireResponse::json("404 Not Found", &refusal(&Value::Null, "x"))).await;
    assert!(matches!(port(error), PortError::NotFound));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let elsewhere = WireServer::always(WireResponse::new("200 OK", &[], "{}")).await;
    let location = format!("{}/responses", elsewhere.url());
    let response = WireResponse::new("307 Temporary Redirect", &[("location", &location)], "");
    let error = port(refused(response).await);
    assert!(matches!(error, PortError::Misconfigured { code, .. } if code == "http_307"));
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn refused_and_dropped_connections_are_transient() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let error = openai(closed).start(prompt("¿?")).await.err().unwrap();
    assert!(matches!(port(error), PortError::Transient { .. }));

    for at in [0, 5, 20] {
        let cut = refused(WireResponse::new("200 OK", &[], "").cut(at)).await;
        assert!(matches!(port(cut), PortError::Transient { .. }), "cut at {at}");
    }
}

#[tokio::test]
async fn neither_texts_nor_keys_reach_errors_and_logs() {
    let logs = Logs::capture();
    let mut printed = Vec::new();
    let refusal = refusal(&json!("canary-text with spaces"), "canary-text 2");
    for response in [
        WireResponse::json("400 Bad Request", &refusal),
        WireResponse::json("429 Too Many Requests", &refusal),
        WireResponse::json("500 Internal Server Error", &refusal),
        WireResponse::new("200 OK", &[("content-type", "application/json")], "canary-text"),
        WireResponse::events(b"data: canary-text\n\n"),
        WireResponse::events(b"data: {\"type\":\"error\",\"message\":\"canary-text\"}\n\n"),
    ] {
        let server = WireServer::always(response).await;
        let openai = openai(server.url());
        match openai.start(prompt("canary-text")).await {
            Ok(reply) => printed.push(format!("{:?}", super::Read::all(reply).await.error)),
            Err(error) => printed.push(format!("{error:?} {error}")),
        }
        if let Err(error) = openai.create_store("a store").await {
            printed.push(format!("{error:?} {error}"));
        }
    }
    let printed = printed.join("\n");
    let logged = logs.text();
    assert!(logged.contains("out.openai.start"), "the capture works");
    for canary in ["canary-text", "573001234567", "sk-canary-key"] {
        assert!(!printed.contains(canary), "{canary} in {printed}");
        assert!(!logged.contains(canary), "{canary} in {logged}");
    }
}
