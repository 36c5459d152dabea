//! One process that logs everything it can, and a user to whom everything happens: nothing that
//! they write and no way to reach them is logged.

use ignacio_devstack::openai::Fault;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    process::SECRET,
    stack::{Stack, User, text, until},
};

/// As it is written, and as a provider or an escape sequence would write it.
const NUMBERS: [&str; 3] = ["3009876501", "9876501", "573009876501"];
const PHONE: &str = "+573009876501";
/// A number of no user.
const UNKNOWN_PHONE: &str = "+573009876502";
const DEVICE: &str = "Aparato Canario";
const FILE: &str = "archivo canario.txt";
const DOCUMENT: &str = "El saldo canario es de cuatrolunas exactas.";
const QUESTION: &str = "¿Cuál es el saldo canario?";
const TITLE: &str = "Título canario";
const UPSTREAM: &str = "invalid input: ¿Cuál es el saldo canario? from +573009876501";

/// Bodies of refusals, each with what its request contained.
#[derive(Default)]
struct RefusalLog(Vec<(String, Vec<String>)>);

impl RefusalLog {
    async fn take(&mut self, response: Response, status: StatusCode, contents: &[&str]) {
        assert_eq!(response.status(), status);
        let contents = contents.iter().map(|it| (*it).to_owned()).collect();
        self.0.push((response.text().await.unwrap(), contents));
    }
}

async fn post(stack: &Stack, path: &str, body: &Value) -> Response {
    stack.request(Method::POST, path).json(body).send().await.unwrap()
}

#[tokio::test]
async fn no_content_or_phone_number_is_logged_at_any_level() {
    let mut stack = Stack::start().await;
    stack.stop();
    stack.start_again(&[("IGNACIO_LOG", "trace")]);
    let mut refusals = RefusalLog::default();

    let ana = stack.participant(PHONE).await;
    let token = ana.token.clone();
    let code = stack.whatsapp.code_for(PHONE).unwrap();
    let wamid = stack.whatsapp.outbox(PHONE)[0].wamid.clone();
    successes(&stack, &ana, &mut refusals).await;
    mistakes(&stack, &ana, &code, &mut refusals).await;

    let log = stack.stop();
    assert!(log.lines().count() > 30 && log.contains(r#""level":"DEBUG""#), "{log}");
    let wamid = wamid.strip_prefix("wamid.").unwrap();
    let token = token.strip_prefix("ign_").unwrap();
    let secrets = [SECRET, "sk-nobody", "a token", "ign_", "igd_", token, wamid];
    let words = ["canari", "Canari", "cuatrolunas", "Participante", "Ana P"];
    for line in log.lines() {
        for word in NUMBERS.iter().chain(&secrets).chain(&words) {
            assert!(!line.contains(word), "`{word}` is in the log: {line}");
        }
        // Ids and times are full of digits, and a code has only six of them.
        let has_code = line.split(|it: char| !it.is_alphanumeric()).any(|it| it == code);
        assert!(!has_code, "the code is in the log: {line}");
    }
    assert!(refusals.0.len() > 5);
    for (body, contents) in refusals.0 {
        for word in NUMBERS.iter().chain(&secrets).chain(&words) {
            let is_own = contents.iter().any(|own| own.contains(word));
            assert!(is_own || !body.contains(word), "`{word}` is in a refusal: {body}");
        }
    }
}

/// What succeeds, and what the providers break.
async fn successes(stack: &Stack, ana: &User<'_>, refusals: &mut RefusalLog) {
    ana.document(FILE, DOCUMENT).await;
    let conversation_id = ana.conversation().await;
    let conversation = format!("/v1/conversations/{conversation_id}");
    let rename = ana.request(Method::PATCH, &conversation).json(&json!({ "title": TITLE }));
    assert_eq!(rename.send().await.unwrap().status(), StatusCode::OK);
    let reply = text(&ana.ask(&conversation_id, QUESTION).await);
    assert!(reply.contains("cuatrolunas"), "{reply}");
    ana.get("/v1/files").await;
    ana.get("/v1/sessions").await;

    // The provider quotes the request, in a refusal and in the middle of a reply.
    let quoted = Fault::status(400, "invalid_request_error", Some("invalid_prompt"), UPSTREAM);
    stack.openai.fault(quoted.on("POST", "/v1/responses"));
    let kind = ana.ask(&conversation_id, QUESTION).await.pop().unwrap().kind;
    assert_eq!(kind, "response.failed");
    let quoted = Fault::new(ignacio_devstack::openai::Effect::ErrorEvent {
        after_deltas: 1,
        code: "server_error".to_owned(),
        message: UPSTREAM.to_owned(),
    });
    stack.openai.fault(quoted);
    ana.ask(&conversation_id, QUESTION).await;

    // So does the messenger.
    let n_calls = stack.whatsapp.calls().len();
    stack.whatsapp.fail_next(1, 400, 131_026);
    stack.database.execute("delete from rate_buckets").await;
    let asked = post(stack, "/v1/auth/otp", &json!({ "phone": PHONE })).await;
    refusals.take(asked, StatusCode::ACCEPTED, &[]).await;
    until("a refused code", async || stack.whatsapp.calls().len() > n_calls).await;
}

/// What the user and strangers get wrong.
async fn mistakes(stack: &Stack, ana: &User<'_>, code: &str, refusals: &mut RefusalLog) {
    let otp = "01900000-0000-7000-8000-000000000000";
    let login = json!({ "otp_id": otp, "code": code, "device_name": DEVICE });
    let response = post(stack, "/v1/auth/sessions", &login).await;
    refusals.take(response, StatusCode::UNAUTHORIZED, &[code, DEVICE]).await;
    let response = post(stack, "/v1/auth/otp", &json!({ "phone": UNKNOWN_PHONE })).await;
    refusals.take(response, StatusCode::ACCEPTED, &[UNKNOWN_PHONE]).await;
    let response = post(stack, "/v1/auth/otp", &json!({ "phone": "300 9876501 canario" })).await;
    refusals.take(response, StatusCode::UNPROCESSABLE_ENTITY, &[]).await;
    let response = post(stack, "/v1/auth/otp", &json!({ "telefono canario": PHONE })).await;
    refusals.take(response, StatusCode::UNPROCESSABLE_ENTITY, &["telefono canario"]).await;

    let cut = format!("{{ \"content\": \"{QUESTION}");
    for body in [cut.as_str(), r#"{ "title": 9876501 }"#] {
        let call = ana.request(Method::POST, "/v1/conversations");
        let call = call.header("content-type", "application/json").body(body.to_owned());
        refusals.take(call.send().await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY, &[]).await;
    }
    let path = format!("/v1/conversations/{otp}?q={PHONE}");
    let response = ana.request(Method::GET, &path).send().await.unwrap();
    refusals.take(response, StatusCode::NOT_FOUND, &[]).await;
    let response = ana.request(Method::GET, "/v1/archivo canario").send().await.unwrap();
    refusals.take(response, StatusCode::NOT_FOUND, &["archivo canario"]).await;
    let mistyped = format!("{}x", ana.token);
    let response = stack.request(Method::GET, "/v1/me").bearer_auth(mistyped).send().await.unwrap();
    refusals.take(response, StatusCode::UNAUTHORIZED, &[]).await;
}
