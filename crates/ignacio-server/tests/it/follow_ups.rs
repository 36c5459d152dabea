//! What happens besides replies, in the whole program: memory, titles, images, citations.

use ignacio_devstack::{
    log_leak_scan,
    openai::{Call, Effect, Fault},
    scale,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Stack, text, until};

const PHONE: &str = "+573001110002";

fn body_of(call: &Call) -> &Value {
    call.body.as_ref().unwrap()
}

#[tokio::test]
async fn the_first_message_is_known_much_later_and_after_a_restart() {
    let n_turns = scale(16, 60);
    // Twice what fits into a request (24,000 tokens of four bytes), however many turns it takes.
    let filler = "y algo más, ".repeat(2 * 96_000 / 12 / n_turns);
    let mut stack = Stack::start().await;
    let ana = stack.participant(PHONE).await;
    let token = ana.token.clone();
    let conversation = ana.conversation().await;
    ana.ask(&conversation, "Mi clave es AZUL-CANARIO-17.").await;
    for n in 2..=n_turns {
        let events = ana.ask(&conversation, &format!("Punto {n}: {filler}")).await;
        assert_eq!(events.last().unwrap().kind, "response.completed");
    }
    let calls = stack.openai.calls_to("POST", "/v1/responses");
    assert_eq!(calls.len(), n_turns);
    let gone_on = |it: &&Call| body_of(it)["previous_response_id"].is_string();
    assert!(calls.iter().filter(gone_on).count() >= n_turns / 4, "short ones go on");
    let knows = |call: &Call| {
        let context = body_of(call);
        let context = format!("{}{}", context["instructions"], context["input"]);
        context.contains("AZUL-CANARIO-17") && context.len() < 110_000
    };
    assert!(knows(calls.last().unwrap()), "{:?}", body_of(calls.last().unwrap())["instructions"]);
    assert!(!stack.openai.follow_up_calls("summary").is_empty());

    stack.stop();
    stack.start_again(&[]);
    stack.user(&token).ask(&conversation, "¿Cuál era mi clave?").await;
    let call = stack.openai.calls_to("POST", "/v1/responses").pop().unwrap();
    assert!(knows(&call), "{:?}", body_of(&call)["instructions"]);
    assert!(body_of(&call)["previous_response_id"].is_null());
    assert!(body_of(&call)["instructions"].as_str().unwrap().contains("<resumen>"));
}

#[tokio::test]
async fn a_late_title_delays_nothing() {
    for stack in [Stack::start().await, Stack::start_with_separate_worker().await] {
        let ana = stack.participant(PHONE).await;
        let conversation = ana.conversation().await;
        let stall = Fault::new(Effect::StallHeaders).until_lifted();
        let stall = stack.openai.fault(stall.containing("\"purpose\":\"title\""));
        let events = ana.ask(&conversation, "¿Cuánto presupuesto necesita mi piloto?").await;
        assert_eq!(events.last().unwrap().kind, "response.completed");
        assert!(!text(&events).is_empty());
        let path = format!("/v1/conversations/{conversation}");
        assert_eq!(ana.get(&path).await["title"], Value::Null);
        stack.openai.lift(stall);
        until("the title", async || ana.get(&path).await["title"].is_string()).await;
        assert_eq!(ana.get(&path).await["title"], "Presupuesto necesita mi piloto");
        let job = stack.openai.follow_up_calls("title").pop().unwrap();
        assert_eq!(body_of(&job)["store"], false);
        assert!(body_of(&job)["stream"].is_null() && body_of(&job)["tools"].is_null());
    }
}

#[tokio::test]
async fn an_image_reaches_the_model() {
    let stack = Stack::start().await;
    let ana = stack.participant(PHONE).await;
    let conversation = ana.conversation().await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec();
    let n_bytes = png.len();
    log_leak_scan::note("Foto de Ana.png");
    let part = reqwest::multipart::Part::bytes(png).file_name("Foto de Ana.png");
    let form = reqwest::multipart::Form::new().part("file", part);
    let response = ana.request(Method::POST, "/v1/files").multipart(form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let file: Value = response.json().await.unwrap();
    let question = json!({ "content": "¿Qué ves?", "file_ids": [file["id"]] });
    let events = ana.post_message(&conversation, &question).await;
    assert!(text(&events).contains("Recibí una imagen"), "{}", text(&events));
    let call = stack.openai.calls_to("POST", "/v1/responses").pop().unwrap();
    let images: Vec<_> = call.images.iter().map(|it| (&*it.media_type, it.bytes)).collect();
    assert_eq!(images, [("image/png", n_bytes)]);
}

#[tokio::test]
async fn a_citation_is_verified_and_a_response_reports_its_tools_and_times() {
    let stack = Stack::start().await;
    let ana = stack.participant(PHONE).await;
    let file = ana.document("guía.txt", "El piloto dura seis semanas exactas.").await;
    let conversation = ana.conversation().await;
    let question = json!({ "content": "¿Cuánto dura el piloto?", "file_ids": [file] });
    let events = ana.post_message(&conversation, &question).await;
    let id = events[0].data["response_id"].as_str().unwrap();
    let response = ana.get(&format!("/v1/responses/{id}")).await;
    assert_eq!(response["tools"], json!(["file_search"]));
    for field in ["instructions_version", "started_at", "first_text_at", "finished_at"] {
        assert!(response[field].is_string(), "{field}: {response}");
    }
    let verified = "select count(*) from citations where verified";
    until("the verification", async || stack.database.query_i64(verified).await == 1).await;
}
