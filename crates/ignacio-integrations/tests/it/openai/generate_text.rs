//! Short texts other than replies, the usage of a reply, and images in a request.

use ignacio_domain::{
    message::Author,
    ports::{Assistant as _, AssistantError, GeneratedText, PortError},
    prompt::{ImageInput, PromptTurn, Purpose, TextRequest},
    usage::Usage,
};
use serde_json::{Value, json};

use super::{Read, openai, port, prompt};
use crate::support::wire::{WireResponse, WireServer};

const USAGE: Usage = Usage { input: 30, cached: 10, output: 8, reasoning: 2 };

fn usage() -> Value {
    json!({ "input_tokens": 30, "input_tokens_details": { "cached_tokens": 10 },
            "output_tokens": 8, "output_tokens_details": { "reasoning_tokens": 2 } })
}

fn text_request() -> TextRequest {
    TextRequest {
        purpose: Purpose::Title,
        model: "gpt-5-mini".to_owned(),
        input: "<conversacion>\nPersona: Hola\n</conversacion>".to_owned(),
        max_output_tokens: 400,
        safety_identifier: "pseudonym".to_owned(),
    }
}

async fn generate(response: WireResponse) -> (Result<GeneratedText, AssistantError>, WireServer) {
    let server = WireServer::always(response).await;
    let generated = openai(server.url()).generate_text(text_request()).await;
    (generated, server)
}

#[tokio::test]
async fn a_text_takes_one_call_that_is_not_stored() {
    let response = json!({ "id": "resp_1", "status": "completed", "error": null, "usage": usage(),
        "output": [
            { "type": "reasoning", "id": "rs_1", "summary": [] },
            { "type": "hologram", "content": [{ "text": "no" }] },
            { "type": "message", "role": "assistant", "content": [
                { "type": "output_text", "text": "Saludo ", "annotations": [] },
                { "type": "output_text", "text": "inicial" }] },
        ] });
    let (generated, server) = generate(WireResponse::json("200 OK", &response)).await;
    let generated = generated.unwrap();
    assert_eq!((generated.text.as_str(), generated.usage), ("Saludo inicial", Some(USAGE)));
    let request = server.request();
    assert_eq!(request.line(), "POST /responses");
    let mut asked = request.json();
    assert_eq!(asked["instructions"].take(), json!(Purpose::Title.instructions()));
    assert_eq!(
        asked,
        json!({
            "model": "gpt-5-mini",
            "instructions": null,
            "input": "<conversacion>\nPersona: Hola\n</conversacion>",
            "max_output_tokens": 400,
            "safety_identifier": "pseudonym",
            "metadata": { "purpose": "title" },
            "store": false,
        })
    );
}

#[tokio::test]
async fn a_missing_text_is_an_error_by_what_the_caller_can_do() {
    let response_with = |text: &str| {
        json!({ "status": "incomplete", "output": [{ "type": "message", "content": [
            { "type": "output_text", "text": text }] }] })
    };
    // A text that was cut short counts as a text.
    let (short, _server) = generate(WireResponse::json("200 OK", &response_with("Medio"))).await;
    assert!(short.is_ok_and(|it| it.text == "Medio" && it.usage.is_none()));

    let (empty, _server) = generate(WireResponse::json("200 OK", &response_with(" \n"))).await;
    assert!(matches!(port(empty.unwrap_err()), PortError::Rejected { .. }));
    let failed = json!({ "status": "failed", "output": [],
                         "error": { "code": "server_error", "message": "canary-text" } });
    let (failed, _server) = generate(WireResponse::json("200 OK", &failed)).await;
    assert!(matches!(port(failed.unwrap_err()), PortError::Transient { .. }));
    let busy = json!({ "error": { "type": "requests", "code": "rate_limit_exceeded" } });
    let (busy, server) = generate(WireResponse::json("429 Too Many Requests", &busy)).await;
    assert!(matches!(port(busy.unwrap_err()), PortError::Transient { .. }));
    assert_eq!(server.requests().len(), 1, "it is asked once");
}

#[tokio::test]
async fn usage_is_read_from_the_final_object() {
    for (status, response, expected) in [
        ("200 OK", json!({ "id": "resp_1", "status": "cancelled", "usage": usage() }), Some(USAGE)),
        ("200 OK", json!({ "id": "resp_1", "status": "cancelled", "usage": null }), None),
        ("404 Not Found", json!({ "error": { "message": "no", "code": null } }), None),
    ] {
        let server = WireServer::always(WireResponse::json(status, &response)).await;
        assert_eq!(openai(server.url()).fetch_usage("resp_1").await.unwrap(), expected);
        assert_eq!(server.request().line(), "GET /responses/resp_1");
    }
    let server = WireServer::always(WireResponse::json("503 Busy", &json!({}))).await;
    let unknown = openai(server.url()).fetch_usage("resp_1").await;
    assert!(matches!(unknown, Err(PortError::Transient { .. })));
}

#[tokio::test]
async fn an_image_is_sent_inside_the_request() {
    let server = WireServer::always(WireResponse::events(b"")).await;
    let mut prompt = prompt("¿Qué se ve?");
    let picture =
        ImageInput { media_type: "image/png".to_owned(), content: (&b"\x89PNG"[..]).into() };
    let shown = PromptTurn {
        author: Author::User,
        text: "[imagen adjunta: foto.png]".to_owned(),
        images: vec![picture],
    };
    prompt.turns.insert(0, shown);
    Read::all(openai(server.url()).start(prompt).await.unwrap()).await;
    assert_eq!(
        server.request().json()["input"],
        json!([
            { "type": "message", "role": "user", "content": [
                { "type": "input_image", "image_url": "data:image/png;base64,iVBORw==",
                  "detail": "auto" },
                { "type": "input_text", "text": "[imagen adjunta: foto.png]" }] },
            { "type": "message", "role": "user", "content": "¿Qué se ve?" },
        ])
    );
}
