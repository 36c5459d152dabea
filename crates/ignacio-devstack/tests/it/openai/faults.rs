//! Errors of every kind, and the remote control.

use ignacio_devstack::openai::{Effect, Fault, Script};
use serde_json::{Value, json};

use super::{Bench, Event, form, message, names, written};

#[tokio::test]
async fn errors_come_in_the_order_in_which_they_were_armed() {
    let bench = Bench::start();
    bench.openai.fault(Fault::rate_limited(Some(7)).on("POST", "/v1/responses"));
    bench.openai.fault(Fault::out_of_quota().on("POST", "/v1/responses"));
    bench.openai.fault(Fault::server_error().on("POST", "/v1/responses"));
    bench.openai.fault(Fault::html(502).on("POST", "/v1/responses"));
    assert_eq!(bench.get("/files").await.status, 200);

    let limited = bench.ask(json!({})).await;
    assert_eq!(limited.error(), (429, json!("rate_limit_exceeded"), Value::Null));
    assert_eq!(limited.retry_after.as_deref(), Some("7"));
    let quota = bench.ask(json!({})).await;
    assert_eq!(quota.error(), (429, json!("insufficient_quota"), Value::Null));
    assert_eq!(quota.retry_after, None);
    assert_eq!(bench.ask(json!({})).await.error().0, 500);
    let page = bench.ask(json!({})).await;
    assert_eq!((page.status, page.content_type.as_str()), (502, "text/html"));
    assert_eq!(bench.ask(json!({})).await.status, 200);

    assert_eq!(bench.openai.counters().responses, 1);
    let calls = bench.openai.calls_to("POST", "/v1/responses");
    let statuses: Vec<Option<u16>> = calls.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(429), Some(429), Some(500), Some(502), Some(200)]);
    assert_eq!(calls[0].faults, ["status"]);
}

#[tokio::test]
async fn faults_that_change_the_answer_apply_together_and_to_matching_requests_only() {
    let bench = Bench::start();
    let title = json!({ "metadata": { "purpose": "title" } });
    bench.openai.fault(Fault::new(Effect::HoldIndexing));
    bench.openai.fault(Fault::new(Effect::Rechunk { bytes: 3 }).on("GET", "/v1/files"));
    bench.openai.fault(Fault::new(Effect::RepeatEvents { every: 9 }).containing("\"Hola\""));
    bench.openai.fault(Fault::new(Effect::Slow { millis: 1 }).until_lifted());
    bench.openai.fault(Fault::server_error());
    bench.ask(title.clone()).await.ok();
    assert_eq!(bench.ask(json!({ "input": "¿Qué?" })).await.status, 500);
    bench.ask(json!({ "input": "Hola" })).await.ok();
    bench.openai.fault(Fault::new(Effect::Rechunk { bytes: 3 }).containing("\"purpose\""));
    bench.ask(title).await.ok();

    let calls = bench.openai.calls_to("POST", "/v1/responses").into_iter();
    let faults: Vec<Vec<String>> = calls.map(|it| it.faults).collect();
    assert_eq!(faults, [vec!["slow", "status"], vec!["slow"]]);
    let jobs = bench.openai.follow_up_calls("title").into_iter();
    let faults: Vec<Vec<String>> = jobs.map(|it| it.faults).collect();
    assert_eq!(faults, [vec!["repeat_events", "slow"], vec!["slow", "rechunk"]]);
    assert_eq!(bench.openai.armed_faults(), 3);
}

#[tokio::test]
async fn a_pattern_covers_one_segment_or_a_whole_folder() {
    let bench = Bench::start();
    let file = bench.upload("a.txt", "x").await;
    let (one, content) = (format!("/files/{file}"), format!("/files/{file}/content"));
    for (pattern, expected) in [("/v1/files/*", [200, 500, 400]), ("/v1/files/**", [500, 500, 500])]
    {
        let fault = bench.openai.fault(Fault::server_error().on("GET", pattern).until_lifted());
        for (path, status) in ["/files", &one, &content].into_iter().zip(expected) {
            assert_eq!(bench.get(path).await.status, status, "{pattern} {path}");
        }
        bench.openai.lift(fault);
    }
}

#[test]
fn a_fault_reads_from_json() {
    let fault =
        json!({ "path": "/v1/files", "times": null, "effect": "cut_after_bytes", "bytes": 3 });
    let fault: Fault = serde_json::from_value(fault).expect("a fault");
    assert_eq!((fault.times, fault.effect), (None, Effect::CutAfterBytes { bytes: 3 }));
    let fault: Fault = serde_json::from_value(json!({ "effect": "close" })).expect("a fault");
    assert_eq!(fault, Fault::new(Effect::Close));
}

#[tokio::test]
async fn an_upload_can_be_refused_after_it_was_sent() {
    let bench = Bench::start();
    bench.openai.fault(Fault::rate_limited(None).on("POST", "/v1/files").times(2));
    for status in [429, 429, 200] {
        let upload = bench.send_form(form("user_data", "a.txt", vec![b'x'; 2_000_000])).await;
        assert_eq!(upload.status, status);
    }
    assert_eq!(bench.openai.counters().files, 1);
}

#[tokio::test]
async fn everything_can_be_down() {
    let bench = Bench::start();
    let down = bench.openai.fault(Fault::down());
    assert_eq!(bench.get("/files").await.error().0, 503);
    assert_eq!(bench.ask(json!({})).await.error().0, 503);
    bench.openai.lift(down);
    assert_eq!(bench.ask(json!({})).await.status, 200);
}

impl Bench {
    /// The events of a response of four words with a fault.
    async fn disturbed(&self, effect: Effect) -> Vec<Event> {
        self.openai.script(Script::text("Uno dos tres cuatro"));
        self.openai.fault(Fault::new(effect));
        let events = self.stream(json!({})).await;
        assert_eq!(self.openai.armed_faults(), 0);
        events
    }
}

#[tokio::test]
async fn unknown_events_come_in_between() {
    let bench = Bench::start();
    let events = bench.disturbed(Effect::UnknownEvents { every: 2 }).await;
    let unknown = events.iter().filter(|it| it.name == "response.stand_in.unknown").count();
    assert_eq!((unknown, written(&events).as_str()), (2, "Uno dos tres cuatro"));
}

#[tokio::test]
async fn a_stream_can_end_in_a_nested_error() {
    let bench = Bench::start();
    let (code, message) = ("server_error".to_owned(), "Something went wrong.".to_owned());
    let events = bench.disturbed(Effect::ErrorEvent { after_deltas: 1, code, message }).await;
    let last = events.last().expect("events");
    assert_eq!((last.name.as_str(), &last.data["type"]), ("error", &json!("error")));
    assert_eq!(last.data["error"]["code"], "server_error");
    assert_eq!(written(&events), "Uno ");
    let id = events[0].data["response"]["id"].as_str().expect("an id");
    let response = bench.get(&format!("/responses/{id}")).await.ok();
    assert_eq!((&response["status"], &response["usage"]), (&json!("failed"), &Value::Null));
}

#[tokio::test]
async fn a_response_can_fail() {
    let bench = Bench::start();
    let (code, text) = ("vector_store_timeout".to_owned(), "Too slow.".to_owned());
    let effect = Effect::Failed { after_deltas: 0, code, message: text };
    let events = bench.disturbed(effect.clone()).await;
    let expected = ["response.created", "response.in_progress", "response.failed"];
    assert_eq!(names(&events), expected);
    let error = json!({ "code": "vector_store_timeout", "message": "Too slow." });
    assert_eq!(events[2].data["response"]["error"], error);

    bench.openai.fault(Fault::new(effect));
    let plain = bench.ask(json!({})).await.ok();
    assert_eq!((&plain["status"], &plain["error"]), (&json!("failed"), &error));
}

#[tokio::test]
async fn a_response_can_be_incomplete() {
    let bench = Bench::start();
    let reason = "content_filter".to_owned();
    let events = bench.disturbed(Effect::Incomplete { after_deltas: 99, reason }).await;
    let last = events.last().expect("events");
    assert_eq!(last.name, "response.incomplete");
    let response = &last.data["response"];
    assert_eq!(response["incomplete_details"], json!({ "reason": "content_filter" }));
    assert_eq!(message(response).0, "Uno dos tres cuatro");
    assert_eq!(response["output"][0]["status"], "incomplete");
    assert!(names(&events).contains(&"response.output_text.done"));
}

#[tokio::test]
async fn a_fault_can_be_meant_for_one_kind_of_request() {
    let bench = Bench::start();
    let slow =
        Fault::new(Effect::DeltaDelay { millis: 60_000 }).containing("\"purpose\":\"title\"");
    bench.openai.fault(slow);
    assert_eq!(bench.ask(json!({})).await.ok()["status"], "completed");
    assert_eq!(bench.openai.armed_faults(), 1);
    let title = json!({ "metadata": { "purpose": "title" }, "background": true });
    let title = bench.ask(title).await.ok();
    assert_eq!(bench.openai.inventory().running, 1);
    let id = title["id"].as_str().expect("an id");
    bench.post(&format!("/responses/{id}/cancel"), &json!({})).await.ok();
    assert_eq!(bench.openai.inventory().running, 0);
}

#[tokio::test]
async fn faults_and_scripts_can_be_set_from_another_process() {
    let bench = Bench::start();
    let url = |path: &str| format!("{}{path}", bench.openai.control_url());
    let post = |path: &str, body: Value| bench.http.post(url(path)).json(&body).send();

    let fault = json!({ "path": "/v1/files", "effect": "status", "status": 418, "body": "té", "times": null });
    let armed = post("/faults", fault).await.expect("an answer");
    let id: Value = armed.json().await.expect("JSON");
    assert_eq!(bench.get("/files").await.status, 418);
    let fault = url(&format!("/faults/{}", id["id"]));
    assert_eq!(bench.http.delete(fault).send().await.expect("an answer").status(), 204);
    assert_eq!(bench.get("/files").await.status, 200);

    let script = post("/scripts", json!({ "deltas": ["Hola"] })).await.expect("an answer");
    assert_eq!(script.status(), 204);
    assert_eq!(message(&bench.ask(json!({})).await.ok()).0, "Hola");
    let statuses: Vec<Option<u16>> = bench.openai.calls().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(418), Some(200), Some(200)], "the control itself is not logged");
}
