//! Responses without a stream.

use std::time::Duration;

use ignacio_devstack::openai::{Effect, Fault, Script};
use serde_json::{Value, json};

use super::{Bench, message};

#[tokio::test]
async fn a_response_says_what_it_was_asked_and_what_it_cost() {
    let bench = Bench::start();
    bench.openai.script(Script::text("Hola, soy Ignacio."));
    let response = bench.ask(json!({
        "instructions": "Sé breve.", "metadata": { "turn": "1" }, "safety_identifier": "abc",
        "max_output_tokens": 100, "prompt_cache_key": "ana", "reasoning": { "effort": "low" },
        "text": { "verbosity": "low" }, "temperature": 0.3,
    }));
    let response = response.await.ok();
    assert_eq!(message(&response).0, "Hola, soy Ignacio.");
    let expected = [
        ("object", json!("response")),
        ("status", json!("completed")),
        ("model", json!("gpt-5-mini")),
        ("instructions", json!("Sé breve.")),
        ("metadata", json!({ "turn": "1" })),
        ("safety_identifier", json!("abc")),
        ("store", json!(true)),
        ("background", json!(false)),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
    ];
    for (field, value) in expected {
        assert_eq!(response[field], value, "{field}");
    }
    let usage = &response["usage"];
    let number = |it: &Value| it.as_u64().expect("a number");
    assert_eq!(number(&usage["output_tokens"]), 5);
    assert_eq!(
        number(&usage["total_tokens"]),
        number(&usage["input_tokens"]) + number(&usage["output_tokens"])
    );
    assert_eq!(usage["output_tokens_details"]["reasoning_tokens"], 0);

    let id = response["id"].as_str().expect("an id");
    assert!(id.starts_with("resp_"));
    assert_eq!(bench.get(&format!("/responses/{id}")).await.ok(), response);
    assert_eq!(bench.openai.counters().input_tokens, number(&usage["input_tokens"]));
}

#[tokio::test]
async fn a_conversation_goes_on_from_the_response_before() {
    let bench = Bench::start();
    let first = bench.ask(json!({ "input": "Me llamo Ana." })).await.ok();
    let second = json!({ "input": "¿Cómo me llamo?", "previous_response_id": first["id"] });
    let second = bench.ask(second).await.ok();
    assert_eq!(second["previous_response_id"], first["id"]);
    let tokens = |it: &Value| it["usage"]["input_tokens"].as_u64().expect("a number");
    assert!(tokens(&second) > tokens(&first));

    let unknown = bench.ask(json!({ "previous_response_id": "resp_0" })).await;
    let expected = (400, json!("previous_response_not_found"), json!("previous_response_id"));
    assert_eq!(unknown.error(), expected);
    let id = first["id"].as_str().expect("an id");
    assert!(bench.openai.lose_response(id));
    assert_eq!(bench.ask(json!({ "previous_response_id": id })).await.error(), expected);
}

#[tokio::test]
async fn what_is_not_stored_cannot_be_fetched_or_continued() {
    let bench = Bench::start();
    let response = bench.ask(json!({ "store": false })).await.ok();
    let id = response["id"].as_str().expect("an id");
    assert_eq!(bench.get(&format!("/responses/{id}")).await.error().0, 404);
    assert_eq!(bench.ask(json!({ "previous_response_id": id })).await.error().0, 400);
}

#[tokio::test]
async fn a_response_can_be_deleted() {
    let bench = Bench::start();
    let response = bench.ask(json!({})).await.ok();
    let path = format!("/responses/{}", response["id"].as_str().expect("an id"));
    assert_eq!(bench.delete(&path).await.ok()["deleted"], true);
    assert_eq!(bench.get(&path).await.error().0, 404);
    assert_eq!(bench.delete(&path).await.error().0, 404);
}

#[tokio::test]
async fn the_input_can_be_listed_and_counted() {
    let bench = Bench::start();
    let input = json!([
        { "role": "user", "content": "Hola" },
        { "role": "assistant", "content": [{ "type": "output_text", "text": "Buenas", "annotations": [] }] },
        { "role": "user", "content": [
            { "type": "input_text", "text": "¿Qué ves?" },
            { "type": "input_image", "image_url": "data:image/png;base64,AA==" },
        ] },
    ]);
    let response = bench.ask(json!({ "input": input })).await.ok();
    assert!(message(&response).0.contains("Recibí una imagen, pero no la puedo ver."));
    let [call] = <[_; 1]>::try_from(bench.openai.calls_to("POST", "/v1/responses")).expect("one");
    assert_eq!((call.images[0].media_type.as_str(), call.images[0].bytes), ("image/png", 1));
    let path =
        format!("/responses/{}/input_items?order=asc", response["id"].as_str().expect("an id"));
    let items = bench.get(&path).await.ok();
    let roles: Vec<&Value> =
        items["data"].as_array().expect("data").iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let mut all = items["data"].as_array().expect("data").iter();
    assert!(all.all(|it| it["id"].is_string() && it["status"] == "completed"));
    assert_eq!(items["data"][0]["content"], json!([{ "type": "input_text", "text": "Hola" }]));

    let count =
        bench.post("/responses/input_tokens", &json!({ "model": "m", "input": input })).await.ok();
    assert_eq!(count["object"], "response.input_tokens");
    assert_eq!(count["input_tokens"], response["usage"]["input_tokens"]);
    let wrong = json!({ "input": [{ "role": "assistant", "content": [{ "type": "input_text", "text": "x" }] }] });
    assert_eq!(bench.ask(wrong).await.error().0, 400);
}

#[tokio::test]
async fn mistakes_are_named_as_the_api_names_them() {
    let bench = Bench::start();
    let none = bench.post("/responses", &json!({ "model": "m" })).await;
    assert_eq!(none.error(), (400, json!("missing_required_parameter"), json!("input")));
    let typo = bench.ask(json!({ "instruction": "x" })).await;
    assert_eq!(typo.error(), (400, json!("unknown_parameter"), json!("instruction")));
    let few = bench.ask(json!({ "max_output_tokens": 3 })).await;
    assert_eq!(few.error(), (400, json!("integer_below_min_value"), json!("max_output_tokens")));
    let store =
        bench.ask(json!({ "tools": [{ "type": "file_search", "vector_store_ids": ["vs_0"] }] }));
    assert_eq!(store.await.error().0, 404);
    assert_eq!(bench.openai.counters().responses, 0);
}

#[tokio::test]
async fn defaults_are_those_of_the_api() {
    let bench = Bench::start();
    let response = bench.ask(json!({ "input": "Hola" })).await.ok();
    assert_eq!((&response["store"], &response["background"]), (&json!(true), &json!(false)));
    let path = format!("/responses/{}/input_items", response["id"].as_str().expect("an id"));
    assert_eq!(bench.get(&path).await.ok()["data"][0]["content"][0]["text"], "Hola");
    let known = json!({ "metadata": { "a": "b" }, "tools": [{ "type": "web_search" }] });
    assert_eq!(bench.ask(known).await.status, 200);
}

#[tokio::test]
async fn parameters_that_the_api_refuses_are_refused() {
    let bench = Bench::start();
    for wrong in [
        json!({ "inputs": "typo" }),
        json!({ "model": "" }),
        json!({ "stream": "yes" }),
        json!({ "background": true, "store": false }),
        json!({ "max_output_tokens": 5 }),
        json!({ "metadata": { "a": 1 } }),
        json!({ "safety_identifier": "x".repeat(65) }),
        json!({ "include": ["everything"] }),
        json!({ "tools": [{ "type": "file_search" }] }),
        json!({ "tools": [{ "type": "file_search", "vector_store_ids": ["v"], "max_num_results": 51 }] }),
        json!({ "input": 7 }),
        json!({ "input": ["Hola"] }),
    ] {
        assert_eq!(bench.ask(wrong.clone()).await.error().0, 400, "{wrong}");
    }
    let image = |url: &str| json!({ "type": "input_image", "image_url": url });
    for wrong in [
        json!({ "role": "robot", "content": "Hola" }),
        json!({ "role": "user" }),
        json!({ "role": "assistant", "content": [{ "type": "input_text", "text": "no" }] }),
        json!({ "role": "user", "content": [{ "type": "input_file" }] }),
        json!({ "role": "user", "content": [image("data:text/plain;base64,SG9sYQ==")] }),
        json!({ "role": "user", "content": [image("data:image/png;base64,?")] }),
    ] {
        assert_eq!(bench.ask(json!({ "input": [wrong.clone()] })).await.error().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn an_answer_stops_where_its_tokens_end() {
    let bench = Bench::start();
    bench.openai.script(Script::text(&"palabra ".repeat(40)));
    let response = bench.ask(json!({ "max_output_tokens": 16 })).await.ok();
    assert_eq!(response["status"], "incomplete");
    assert_eq!(response["incomplete_details"], json!({ "reason": "max_output_tokens" }));
    assert_eq!(message(&response).0, "palabra ".repeat(8));
    assert_eq!(response["usage"]["output_tokens"], 16);
}

#[tokio::test]
async fn a_title_is_made_of_the_words_of_the_question() {
    let bench = Bench::start();
    for (question, title) in [
        (
            "¿Cuánto es el presupuesto de publicidad para el segundo semestre?",
            "Presupuesto de publicidad para el segundo semestre",
        ),
        (
            "¿Cuánto es el presupuesto de publicidad para 2026?",
            "Presupuesto de publicidad para 2026",
        ),
        ("¿y?", "Conversación nueva"),
    ] {
        let fields = json!({ "input": question, "metadata": { "purpose": "title" } });
        assert_eq!(message(&bench.ask(fields).await.ok()).0, title);
    }
}

#[tokio::test]
async fn a_rolling_summary_keeps_what_was_said_first() {
    let bench = Bench::start();
    let mut before = "<conversacion>\nPersona: La clave es AZUL-1\nIgnacio: Sí\n".to_owned();
    for round in 0..3 {
        let fields = json!({ "input": before, "metadata": { "purpose": "summary" } });
        let (summary, _) = message(&bench.ask(fields).await.ok());
        assert!(summary.contains("\n- La clave es AZUL-1"), "{round}: {summary}");
        assert!(!summary.contains("Sí"), "{summary}");
        before = format!("<resumen>\n{summary}\n</resumen>\n<conversacion>\nPersona: {round}");
    }
}

#[tokio::test]
async fn without_documents_it_says_so_in_the_language_of_the_question() {
    let bench = Bench::start();
    for (question, sentence) in
        [("¿Qué es un CAC?", "sustituto sin conexión"), ("What is this about?", "offline stand-in")]
    {
        let (text, _) = message(&bench.ask(json!({ "input": question })).await.ok());
        assert!(text.contains(sentence), "{text}");
    }
}

#[tokio::test]
async fn a_script_waits_for_the_request_that_it_is_for() {
    let bench = Bench::start();
    bench.openai.script(Script::text("El título").containing("\"purpose\":\"title\""));
    bench.openai.script(Script::deltas(["Uno ", "dos"]).citing("file-1", "a.pdf"));
    let (text, annotations) = message(&bench.ask(json!({})).await.ok());
    assert_eq!((text.as_str(), &annotations[0]["file_id"]), ("Uno dos", &json!("file-1")));
    let title = json!({ "metadata": { "purpose": "title" } });
    assert_eq!(message(&bench.ask(title).await.ok()).0, "El título");
}

#[tokio::test]
async fn the_background_goes_on_without_a_client() {
    let bench = Bench::start();
    let begun = bench.ask(json!({ "background": true })).await.ok();
    assert!(
        begun["status"] == "queued"
            || begun["status"] == "in_progress"
            || begun["status"] == "completed"
    );
    let done = bench.over(begun["id"].as_str().expect("an id")).await;
    assert_eq!((&done["status"], &done["background"]), (&json!("completed"), &json!(true)));
    assert_eq!(bench.ask(json!({ "background": true, "store": false })).await.error().0, 400);
}

#[tokio::test]
async fn only_the_background_can_be_cancelled() {
    let bench = Bench::start();
    let plain = bench.ask(json!({})).await.ok();
    let cancel = |it: &Value| format!("/responses/{}/cancel", it["id"].as_str().expect("an id"));
    assert_eq!(bench.post(&cancel(&plain), &json!({})).await.error().0, 400);
    assert_eq!(bench.post("/responses/resp_0/cancel", &json!({})).await.error().0, 404);

    bench.openai.script(Script::text("Uno dos tres cuatro"));
    bench.openai.fault(Fault::new(Effect::Pause { after_deltas: 2 }));
    let begun = bench.ask(json!({ "background": true })).await.ok();
    let path = format!("/responses/{}", begun["id"].as_str().expect("an id"));
    let cancelled = bench.post(&cancel(&begun), &json!({})).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(bench.get(&path).await.ok(), cancelled);
    assert_eq!(bench.post(&cancel(&begun), &json!({})).await.ok(), cancelled);
    let counters = bench.openai.counters();
    assert_eq!((counters.cancelled, counters.responses), (1, 2));

    let done = bench.ask(json!({ "background": true })).await.ok();
    let done = bench.over(done["id"].as_str().expect("an id")).await;
    assert_eq!(bench.post(&cancel(&done), &json!({})).await.ok()["status"], "completed");
}

#[tokio::test]
async fn a_waiting_client_that_leaves_ends_its_response() {
    let bench = Bench::start();
    bench.openai.fault(Fault::new(Effect::Pause { after_deltas: 1 }));
    let request = bench.posting("/responses", &super::asking(json!({})));
    let waiting = tokio::time::timeout(Duration::from_secs(5), async {
        tokio::select! {
            _ = request.send() => panic!("no answer is to come"),
            () = bench.until("the response runs", |it| it.inventory().running == 1) => {}
        }
    });
    waiting.await.expect("in time");
    bench.until("the response ends", |it| it.counters().abandoned == 1).await;
    assert_eq!(bench.openai.inventory().running, 0);
}

#[tokio::test]
async fn follow_up_jobs_take_no_script_or_fault_that_is_not_meant_for_them() {
    let bench = Bench::start();
    bench.openai.script(Script::text("Para la respuesta."));
    bench.openai.fault(Fault::server_error());
    let input = "<conversacion>\nPersona: ¿Cuánto cuesta el piloto?\n</conversacion>";
    let job = json!({ "input": input, "metadata": { "purpose": "title" }, "store": false });
    assert_eq!(message(&bench.ask(job).await.ok()).0, "Cuesta el piloto");
    assert_eq!(bench.ask(json!({})).await.error().0, 500);
    assert_eq!(message(&bench.ask(json!({})).await.ok()).0, "Para la respuesta.");
    assert_eq!(bench.openai.calls_to("POST", "/v1/responses").len(), 2);
    assert_eq!(bench.openai.follow_up_calls("title").len(), 1);
    let counters = bench.openai.counters();
    assert_eq!((counters.responses, counters.follow_ups), (1, 1));
}
