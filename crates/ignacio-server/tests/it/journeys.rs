//! Whole journeys: the real program and the stand-ins, with only HTTP between them.

use std::collections::BTreeSet;

use ignacio_devstack::{
    openai::{Call, Fault, Script},
    whatsapp::WebhookStatus,
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::stack::{SERVE_WITH_WORKER, Stack, events, text, until};

const GUIDE: &str = "Guía del programa.\n\n\
    El piloto dura seis semanas y debe tener al menos doce usuarios reales.\n\n\
    Las mentorías se atienden los jueves por la tarde.\n";
const QUOTE: &str = "El piloto dura seis semanas y debe tener al menos doce usuarios reales.";

fn body_of(call: &Call) -> &serde_json::Value {
    call.body.as_ref().unwrap()
}

#[tokio::test]
async fn a_document_is_cited_and_then_deleted_everywhere() {
    for stack in [Stack::start().await, Stack::start_with_separate_worker().await] {
        let ana = stack.participant("+573001110002").await;
        assert_eq!(ana.get("/v1/me").await["name"], "Ana Participante");
        let file = ana.document("guía año \"1\".txt", GUIDE).await;
        let conversation = ana.conversation().await;

        let question = json!({ "content": "¿Cuánto dura el piloto?", "file_ids": [file] });
        let events = ana.post_message(&conversation, &question).await;
        let numbers: Vec<_> = events.iter().map(|it| it.id).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert_eq!(events.first().unwrap().kind, "response.created");
        assert_eq!(events.last().unwrap().kind, "response.completed");
        let citation = events.iter().find(|it| it.kind == "citation");
        let citation = citation.unwrap_or_else(|| panic!("nothing is cited: {}", text(&events)));
        assert_eq!(citation.data["file_id"], json!(file));
        assert_eq!(citation.data["name"], "guía año \"1\".txt");
        assert_eq!(citation.data["quote"], QUOTE);

        let messages = ana.messages(&conversation).await;
        assert_eq!(messages[0]["content"], json!(text(&events)));
        assert_eq!(messages[0]["citations"][0]["quote"], QUOTE);
        assert_eq!(messages[1]["attachments"][0]["id"], json!(file));

        let delete = format!("/v1/conversations/{conversation}");
        assert_eq!(ana.status(Method::DELETE, &delete).await, StatusCode::NO_CONTENT);
        assert_eq!(ana.status(Method::DELETE, &delete).await, StatusCode::NOT_FOUND);
        assert_eq!(
            ana.status(Method::GET, &format!("/v1/files/{file}")).await,
            StatusCode::NOT_FOUND
        );
        until("the clean-up", async || {
            let left = stack.openai.inventory();
            left.files + left.store_files == 0 && stack.s3.object_count("user-files") == 0
        })
        .await;
        for table in ["conversations", "messages", "responses", "response_events", "citations"] {
            let left = format!("select count(*) from {table}");
            assert_eq!(stack.database.query_i64(&left).await, 0, "{table}");
        }
        let row = "select count(*) from user_files";
        until("the row's end", async || stack.database.query_i64(row).await == 0).await;
    }
}

#[tokio::test]
async fn a_code_is_one_template_call_with_a_button_to_copy_it() {
    let stack = Stack::start().await;
    stack.participant("+573001110002").await;
    let calls = stack.whatsapp.calls();
    assert_eq!(calls.len(), 1);
    let template = &calls[0].body["template"];
    let code = stack.whatsapp.code_for("+573001110002").unwrap();
    assert_eq!(template["language"]["code"], "es");
    let parts: Vec<_> = template["components"].as_array().unwrap().iter().collect();
    assert_eq!(parts[0]["type"], "body");
    assert_eq!(parts[0]["parameters"][0]["text"], json!(code));
    assert_eq!((&parts[1]["type"], &parts[1]["sub_type"]), (&json!("button"), &json!("url")));
    assert_eq!(parts[1]["parameters"][0]["text"], json!(code));
}

#[tokio::test]
async fn spellings_of_a_number_are_one_user_and_no_token_or_code_is_stored() {
    let stack = Stack::start().await;
    let ana = stack.participant("+573001110002").await;
    stack.request_code("+57 300 111 0002").await;
    stack.request_code("573001110002").await;
    let users = "select count(distinct user_id) from otp_codes where user_id is not null";
    assert_eq!(stack.database.query_i64(users).await, 1);
    let challenges = "select count(*) from otp_codes";
    assert_eq!(stack.database.query_i64(challenges).await, 3);

    until("three codes", async || stack.whatsapp.outbox("+573001110002").len() == 3).await;
    let code = stack.whatsapp.code_for("+573001110002").unwrap();
    let tables = "select tablename from pg_tables where schemaname = 'public'";
    for table in stack.database.query_column(tables).await.into_iter().flatten() {
        let row = format!(
            "select count(*) from {table} t where t::text like '%{token}%'
                or t::text like '%' || encode('{token}'::bytea, 'hex') || '%'",
            token = ana.token
        );
        assert_eq!(stack.database.query_i64(&row).await, 0, "the token is in {table}");
    }
    let digests = "select count(*) from otp_codes where length(code_hash) = 32";
    assert_eq!(stack.database.query_i64(digests).await, 3);
    for table in ["otp_codes", "outbox"] {
        let clear = format!("select count(*) from {table} t where t::text ~ '\\m{code}\\M'");
        assert_eq!(stack.database.query_i64(&clear).await, 0, "a code is in {table}");
    }
}

#[tokio::test]
async fn the_temporary_user_and_unknown_numbers_are_sent_nothing() {
    let stack = Stack::start().await;
    let temporary = stack.request_code("+0000000000").await;
    let stranger = stack.request_code("+573009999999").await;
    let keys = |it: &serde_json::Value| it.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&temporary), keys(&stranger));
    // A later request gets a code; one for these numbers would have been sent by then.
    stack.participant("+573001110002").await;
    assert_eq!(stack.whatsapp.calls().len(), 1);
    let queued = "select count(*) from outbox where state = 'queued'";
    assert_eq!(stack.database.query_i64(queued).await, 0);
}

#[tokio::test]
async fn a_message_is_kept_while_the_provider_is_down() {
    let stack = Stack::start().await;
    let ana = stack.participant("+573001110002").await;
    let conversation = ana.conversation().await;
    stack.openai.fault(Fault::down().on("POST", "/v1/responses"));
    let path = format!("/v1/conversations/{conversation}/messages");
    let body = json!({ "content": "¿Sigues ahí?" });
    let answer = ana.request(Method::POST, &path).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let posted: serde_json::Value = answer.json().await.unwrap();
    let response = format!("/v1/responses/{}", posted["response"]["id"].as_str().unwrap());
    until("the failure", async || ana.get(&response).await["state"] == "failed").await;

    let messages = ana.messages(&conversation).await;
    assert_eq!(messages[1]["id"], posted["message"]["id"]);
    assert_eq!(messages[1]["content"], "¿Sigues ahí?");
    assert_eq!(messages[0]["status"], "failed");

    stack.openai.lift_all();
    let events = ana.ask(&conversation, "¿Y ahora?").await;
    assert_eq!(events.last().unwrap().kind, "response.completed");
}

#[tokio::test]
async fn the_provider_gets_new_turns_or_all_if_it_lost_its_state() {
    let stack = Stack::start().await;
    let ana = stack.participant("+573001110002").await;
    let conversation = ana.conversation().await;
    for (question, response) in [("Me llamo Ana.", "Hola, Ana."), ("¿Qué sigue?", "El piloto.")] {
        stack.openai.script(Script::text(response));
        assert_eq!(text(&ana.ask(&conversation, question).await), response);
    }
    let calls = stack.openai.calls_to("POST", "/v1/responses");
    let first = stack
        .database
        .query_text("select provider_response_id from responses order by created_at limit 1");
    assert_eq!(body_of(&calls[1])["previous_response_id"], json!(first.await));
    let input = body_of(&calls[1])["input"].to_string();
    assert!(input.contains("¿Qué sigue?") && !input.contains("Me llamo Ana."), "{input}");

    let second = "select provider_response_id from responses order by created_at desc limit 1";
    assert!(stack.openai.lose_response(&stack.database.query_text(second).await));
    stack.openai.clear_calls();
    let events = ana.ask(&conversation, "¿Cómo me llamo?").await;
    assert_eq!(events.last().unwrap().kind, "response.completed");
    let calls = stack.openai.calls_to("POST", "/v1/responses");
    assert_eq!(calls.len(), 2);
    let input = body_of(&calls[1])["input"].to_string();
    assert!(body_of(&calls[1])["previous_response_id"].is_null());
    for contents in ["Me llamo Ana.", "Hola, Ana.", "El piloto.", "¿Cómo me llamo?"] {
        assert!(input.contains(contents), "{contents}: {input}");
    }
}

#[tokio::test]
async fn concurrent_users_search_only_their_own_stores() {
    const PEOPLE: usize = 100;
    let stack =
        Stack::start_replicas(&[SERVE_WITH_WORKER], &[("IGNACIO_CODES_PER_ADDRESS", "1000")]).await;
    let journeys = (0..PEOPLE).map(|n| {
        let stack = &stack;
        async move {
            let user = stack.participant(&format!("+573002220{n:03}")).await;
            let own = format!("El presupuesto secreto del equipo es de {n}00 pesos exactos.");
            user.document("plan.txt", &own).await;
            let conversation = user.conversation().await;
            let events =
                user.ask(&conversation, "¿De cuánto es el presupuesto secreto del equipo?").await;
            let citation = events.iter().find(|it| it.kind == "citation").unwrap();
            assert_eq!(citation.data["quote"], json!(own));
        }
    });
    futures_util::future::join_all(journeys).await;

    let searched = stack.openai.searched_stores();
    assert_eq!(searched.len(), PEOPLE);
    assert!(searched.iter().all(|stores| stores.len() == 1), "{searched:?}");
    let distinct: BTreeSet<_> = searched.iter().flatten().collect();
    assert_eq!(distinct.len(), PEOPLE);
    for call in stack.openai.calls_to("POST", "/v1/responses") {
        let store = &body_of(&call)["tools"][0]["vector_store_ids"][0];
        let owner = format!(
            "select user_id from user_vector_stores where openai_vector_store_id = {}",
            store.to_string().replace('"', "'")
        );
        let owner = stack.database.query_text(&owner).await;
        assert_eq!(body_of(&call)["tools"][0]["filters"]["value"], json!(owner));
    }
}

#[tokio::test]
async fn a_cut_stream_continues_where_it_stopped() {
    let stack = Stack::start().await;
    let ana = stack.participant("+573001110002").await;
    let conversation = ana.conversation().await;
    let words: Vec<_> = (0..40).map(|n| format!("palabra{n} ")).collect();
    stack.openai.script(Script::deltas(words.clone()));
    let whole = ana.ask(&conversation, "Cuenta.").await;
    let id = whole[0].data["response_id"].as_str().unwrap();
    for after in [0, 1, 7, 20, 41] {
        let response = ana
            .request(Method::GET, &format!("/v1/responses/{id}/events"))
            .header("Last-Event-ID", after.to_string())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let rest = events(&response);
        assert!(rest.iter().all(|it| it.id > after));
        // Event 1 is the beginning, 2 the first word.
        let seen = usize::try_from(after - 1).unwrap_or(0);
        assert_eq!(text(&rest), words[seen..].concat());
        assert_eq!(rest.last().unwrap().kind, "response.completed");
    }
}

#[tokio::test]
async fn resources_of_others_look_absent() {
    let stack = Stack::start().await;
    let ana = stack.participant("+573001110002").await;
    let ben = stack.participant("+573001110003").await;
    let conversation = ana.conversation().await;
    let file = ana.document("plan.txt", GUIDE).await;
    let absent = "01900000-0000-7000-8000-000000000000";
    for (method, path, real) in [
        (Method::GET, "/v1/conversations/{id}", &conversation),
        (Method::DELETE, "/v1/conversations/{id}", &conversation),
        (Method::GET, "/v1/conversations/{id}/messages", &conversation),
        (Method::GET, "/v1/files/{id}", &file),
        (Method::GET, "/v1/files/{id}/content", &file),
        (Method::DELETE, "/v1/files/{id}", &file),
    ] {
        let mut bodies = Vec::new();
        for id in [real.as_str(), absent] {
            let response =
                ben.request(method.clone(), &path.replace("{id}", id)).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            let mut body: serde_json::Value = response.json().await.unwrap();
            body["request_id"] = json!("[request]");
            bodies.push(body.to_string().replace(id, "[id]"));
        }
        assert_eq!(bodies[0], bodies[1], "{method} {path}");
    }
}

#[tokio::test]
async fn delivery_reports_of_whatsapp_are_recorded() {
    for stack in [Stack::start().await, Stack::start_with_separate_worker().await] {
        stack.whatsapp.set_callback(&format!("{}/v1/webhooks/whatsapp", stack.api()));
        stack.participant("+573001110002").await;
        let wamid = stack.whatsapp.sent()[0].wamid.clone();
        let row = "select concat_ws(' ', case when delivered_at is not null then 'delivered' end,
                          case when failed_at is not null then 'failed' end, error) from outbox";

        let failed = WebhookStatus::Failed { code: 131_026 };
        assert_eq!(stack.whatsapp.report_status(&wamid, failed).await.unwrap(), 200);
        until("the reason", async || stack.database.query_text(row).await == "failed 131026").await;

        let delivered = WebhookStatus::Delivered;
        assert_eq!(stack.whatsapp.report_status(&wamid, delivered).await.unwrap(), 200);
        until("the delivery", async || stack.database.query_text(row).await == "delivered failed")
            .await;
        let left = "select count(*) from webhook_inbox where body is not null";
        assert_eq!(stack.database.query_i64(left).await, 0);
    }
}
