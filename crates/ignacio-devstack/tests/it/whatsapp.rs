//! The stand-in takes what Meta takes, refuses what Meta refuses, and signs what it posts.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ignacio_devstack::{DevstackError, WhatsAppOptions, WhatsAppStandIn, whatsapp::WebhookStatus};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    http::{self, Answer, Arrived, Callback},
    patience::until_async,
};

const TOKEN: &str = "EAAtoken";
const ANA: &str = "+573001112233";

#[tokio::test]
async fn a_code_can_be_read_from_the_outbox() {
    let meta = started();

    let answer = send_code(&meta, ANA, "123456").await.unwrap();
    send_code(&meta, "573009998877", "654321").await.unwrap();

    assert_eq!(answer.status, 200);
    let accepted = answer.json();
    assert_eq!(accepted["contacts"], json!([{ "input": ANA, "wa_id": "573001112233" }]));
    assert_eq!(accepted["messages"][0]["message_status"], "accepted");
    assert_eq!(meta.code_for(ANA).as_deref(), Some("123456"));
    assert_eq!(meta.code_for("+573009998877").as_deref(), Some("654321"));

    let outbox = http::get(&format!("{}/outbox?to=%2B573001112233", meta.base_url()), None).await;
    let sent = &outbox.json()[0];
    assert_eq!(sent["wamid"], accepted["messages"][0]["id"]);
    assert_eq!(sent["to"], ANA);
    assert_eq!(sent["code"], "123456");
    assert_eq!(sent["template"], "login_code");
    assert_eq!(sent["language"], "es");
    assert!(sent["at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_notice_shows_its_template_and_has_no_code() {
    let meta = started();
    send_code(&meta, ANA, "123456").await.unwrap();
    let notice = json!({ "messaging_product": "whatsapp", "to": ANA, "type": "template",
        "template": { "name": "phone_changed", "language": { "code": "en" } } });
    assert_eq!(post(&meta, TOKEN, &notice).await.unwrap().status, 200);

    let outbox = http::get(&format!("{}/outbox?to=%2B573001112233", meta.base_url()), None).await;
    let sent = &outbox.json()[0];
    assert_eq!((&sent["template"], &sent["language"]), (&json!("phone_changed"), &json!("en")));
    assert_eq!((&sent["code"], &sent["text"]), (&Value::Null, &Value::Null));
    assert_eq!(meta.code_for(ANA).as_deref(), Some("123456"), "a notice hides no code");
}

#[tokio::test]
async fn the_newest_message_comes_first_and_a_text_has_no_code() {
    let meta = started();
    send_code(&meta, ANA, "111111").await.unwrap();
    send_code(&meta, ANA, "222222").await.unwrap();
    let text = json!({ "messaging_product": "whatsapp", "to": ANA, "type": "text",
        "text": { "body": "¡Hola, Ana!" } });
    post(&meta, TOKEN, &text).await.unwrap();

    let codes: Vec<_> = meta.outbox(ANA).into_iter().map(|sent| sent.code).collect();

    assert_eq!(codes, [None, Some("222222".to_owned()), Some("111111".to_owned())]);
    assert_eq!(meta.sent()[0].text.as_deref(), Some("¡Hola, Ana!"));
    assert_eq!(meta.code_for(ANA).as_deref(), Some("222222"));
}

#[tokio::test]
async fn refusals_look_like_metas() {
    let meta = started();

    let refused = post(&meta, TOKEN, &json!({ "to": ANA })).await.unwrap();
    assert_eq!(refused.status, 400);
    let error = &refused.json()["error"];
    assert_eq!(error["code"], 100);
    assert_eq!(error["type"], "OAuthException");
    assert_eq!(error["message"], "(#100) The parameter messaging_product is required.");
    assert!(error["fbtrace_id"].is_string());

    let refused = post(&meta, "another-token", &code_message(ANA, "1")).await.unwrap();
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (401, &json!(190)));

    let url = format!("{}/v23.0/1/phone_numbers", meta.base_url());
    let refused = http::send("POST", &url, Some(TOKEN), &json!({})).await.unwrap();
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(2500)));

    let statuses: Vec<_> = meta.calls().into_iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(400), Some(401)]);
    assert_eq!(meta.sent(), []);
}

/// The code with which a changed message is refused.
async fn refusal(pointer: &str, value: Value) -> Value {
    let mut body = code_message(ANA, "123456");
    *body.pointer_mut(pointer).expect("a place") = value;
    let refused = post(&started(), TOKEN, &body).await.unwrap();
    assert_eq!(refused.status, 400);
    refused.json()["error"]["code"].clone()
}

#[tokio::test]
async fn what_is_missing_is_refused() {
    assert_eq!(refusal("", json!({})).await, 100);
    assert_eq!(refusal("/messaging_product", json!("sms")).await, 100);
    assert_eq!(refusal("/to", Value::Null).await, 100);
    assert_eq!(refusal("/template", Value::Null).await, 131_008);
    assert_eq!(refusal("/template/name", Value::Null).await, 131_008);
    assert_eq!(refusal("/template/language", json!({})).await, 131_008);
    let text = "/template/components/0/parameters/0/text";
    assert_eq!(refusal(text, Value::Null).await, 100);
    assert_eq!(refusal(text, json!("")).await, 131_008);
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    assert_eq!(refusal("/to", json!("Ana")).await, 131_009);
    assert_eq!(refusal("/type", json!("sticker")).await, 131_051);
    assert_eq!(refusal("/template/name", json!("Login code")).await, 100);
    assert_eq!(refusal("/template/components", json!("none")).await, 100);
    let button = "/template/components/1";
    assert_eq!(refusal(&format!("{button}/sub_type"), json!("call")).await, 100);
    assert_eq!(refusal(&format!("{button}/index"), json!("ten")).await, 131_009);
    assert_eq!(refusal(&format!("{button}/parameters"), json!([])).await, 132_000);
}

#[tokio::test]
async fn a_text_is_accepted_and_an_endless_one_is_not() {
    let meta = started();
    for (text, status) in [("ñ".repeat(4096), 200), ("ñ".repeat(4097), 400), (String::new(), 400)]
    {
        let body = json!({ "messaging_product": "whatsapp", "to": ANA, "type": "text",
            "text": { "body": text } });
        let answer = post(&meta, TOKEN, &body).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(status == 200 || answer.json()["error"]["code"] == 100, "{answer:?}");
    }
}

#[tokio::test]
async fn the_next_requests_are_refused_and_then_no_more() {
    let meta = started();
    meta.fail_next(1, 400, 131_056);
    meta.fail_next(1, 500, 131_000);

    let pair_limit = send_code(&meta, ANA, "1").await.unwrap();
    assert_eq!((pair_limit.status, &pair_limit.json()["error"]["code"]), (400, &json!(131_056)));
    let broken = send_code(&meta, ANA, "1").await.unwrap();
    assert_eq!((broken.status, &broken.json()["error"]["code"]), (500, &json!(131_000)));
    assert_eq!(send_code(&meta, ANA, "1").await.unwrap().status, 200);
    assert_eq!(meta.sent().len(), 1);
}

#[tokio::test]
async fn a_service_that_is_down_breaks_connections_until_it_is_back() {
    let meta = started();
    meta.take_down();
    let broken = send_code(&meta, ANA, "1").await.unwrap_err();
    assert_eq!(broken, "no answer", "not even a status");
    assert_eq!(meta.sent(), []);

    meta.clear_faults();
    assert_eq!(send_code(&meta, ANA, "1").await.unwrap().status, 200);
}

#[tokio::test]
async fn an_answer_can_get_lost_after_the_message_was_sent() {
    let meta = started();
    meta.lose_next_answers(1);
    assert_eq!(send_code(&meta, ANA, "123456").await.unwrap_err(), "no answer");
    assert_eq!(meta.code_for(ANA).as_deref(), Some("123456"));
    assert_eq!(meta.calls()[0].status, None);
}

#[tokio::test]
async fn a_request_can_hang_while_others_are_answered() {
    let meta = started();
    meta.hang_next(1);
    let hanging = async { send_code(&meta, ANA, "1").await.is_err() };
    let meanwhile = async {
        until_async("the request hangs", async || meta.calls().len() == 1).await;
        assert_eq!(send_code(&meta, ANA, "2").await.unwrap().status, 200);
        meta.clear_faults();
    };
    let (broke, ()) = tokio::join!(hanging, meanwhile);
    assert!(broke, "it was never answered");
    assert_eq!(meta.sent().len(), 1);
}

#[tokio::test]
async fn statuses_are_posted_signed_and_in_metas_shape() {
    let (meta, callback) = with_callback().await;
    send_code(&meta, ANA, "123456").await.unwrap();
    let wamid = meta.sent()[0].wamid.clone();

    let failed = WebhookStatus::Failed { code: 131_026 };
    for status in [WebhookStatus::Sent, WebhookStatus::Delivered, WebhookStatus::Read, failed] {
        assert_eq!(meta.report_status(&wamid, status).await.unwrap(), 200);
    }

    let arrived = callback.take();
    let statuses: Vec<Value> = arrived
        .iter()
        .inspect(|arrived| assert_signed(arrived))
        .map(|arrived| value_of(arrived)["statuses"][0].clone())
        .collect();
    let names: Vec<_> = statuses.iter().map(|status| status["status"].as_str().unwrap()).collect();
    assert_eq!(names, ["sent", "delivered", "read", "failed"]);
    for status in &statuses {
        assert_eq!(status["id"], wamid.as_str());
        assert_eq!(status["recipient_id"], "573001112233");
        assert!(status["timestamp"].as_str().unwrap().parse::<i64>().is_ok());
    }
    assert_eq!(statuses[0]["pricing"]["category"], "authentication");
    assert_eq!(statuses[3]["errors"][0]["code"], 131_026);
    assert_eq!(value_of(&arrived[0])["metadata"]["phone_number_id"], "1");
}

#[tokio::test]
async fn a_text_is_signed_as_escaped() {
    let (meta, callback) = with_callback().await;
    let sent = json!({ "text": "¿Qué tal? 🌱 a/b" });

    assert_eq!(meta.post_webhook(&sent).await.unwrap(), 200);

    let [arrived] = callback.take().try_into().unwrap();
    assert_signed(&arrived);
    assert!(arrived.body.is_ascii(), "Meta escapes what is not ASCII");
    assert_eq!(serde_json::from_slice::<Value>(&arrived.body).unwrap(), sent);
}

#[tokio::test]
async fn messages_are_reported_as_sent_and_delivered_if_that_is_enabled() {
    let callback = Callback::start().await;
    let options = WhatsAppOptions {
        app_secret: "app-secret".to_owned(),
        callback: Some(callback.url.clone()),
        reports_by_itself: true,
        ..WhatsAppOptions::default()
    };
    let meta = WhatsAppStandIn::start(options).unwrap();
    send_code(&meta, ANA, "123456").await.unwrap();
    assert_eq!(send_code(&meta, "no number", "123456").await.unwrap().status, 400);

    let mut reports = Vec::new();
    until_async("two reports", async || {
        reports.extend(callback.take().iter().map(|it| value_of(it)["statuses"][0].clone()));
        reports.len() >= 2
    })
    .await;

    assert_eq!(
        (&reports[0]["status"], &reports[1]["status"]),
        (&json!("sent"), &json!("delivered"))
    );
    let wamid = &meta.sent()[0].wamid;
    assert!(reports.iter().all(|it| it["id"] == *wamid), "{reports:?}");
}

#[tokio::test]
async fn a_webhook_without_an_address_or_a_message_says_so() {
    let meta = started();
    let refused = meta.post_webhook(&json!({})).await.unwrap_err();
    assert!(matches!(refused, DevstackError::NoCallback), "{refused}");
    let refused = meta.report_status("wamid.unknown", WebhookStatus::Read).await.unwrap_err();
    assert!(matches!(refused, DevstackError::UnknownMessage { .. }), "{refused}");

    let callback = Callback::start().await;
    meta.set_callback(&callback.url);
    assert_eq!(meta.post_webhook(&json!({ "object": "page" })).await.unwrap(), 200);
    assert_eq!(callback.take().len(), 1);
}

fn started() -> WhatsAppStandIn {
    let options = WhatsAppOptions {
        token: Some(TOKEN.to_owned()),
        app_secret: "app-secret".to_owned(),
        ..WhatsAppOptions::default()
    };
    WhatsAppStandIn::start(options).unwrap()
}

async fn with_callback() -> (WhatsAppStandIn, Callback) {
    let (meta, callback) = (started(), Callback::start().await);
    meta.set_callback(&callback.url);
    (meta, callback)
}

fn code_message(to: &str, code: &str) -> Value {
    let parameters = json!([{ "type": "text", "text": code }]);
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": to,
        "type": "template",
        "template": { "name": "login_code", "language": { "code": "es" }, "components": [
            { "type": "body", "parameters": parameters },
            { "type": "button", "sub_type": "url", "index": "0", "parameters": parameters },
        ] },
    })
}

async fn send_code(meta: &WhatsAppStandIn, to: &str, code: &str) -> Result<Answer, String> {
    post(meta, TOKEN, &code_message(to, code)).await
}

async fn post(meta: &WhatsAppStandIn, token: &str, body: &Value) -> Result<Answer, String> {
    http::send("POST", &format!("{}/v23.0/1/messages", meta.base_url()), Some(token), body).await
}

fn value_of(arrived: &Arrived) -> Value {
    let body: Value = serde_json::from_slice(&arrived.body).unwrap();
    assert_eq!(body["object"], "whatsapp_business_account");
    assert_eq!(body["entry"][0]["changes"][0]["field"], "messages");
    body["entry"][0]["changes"][0]["value"].clone()
}

fn assert_signed(arrived: &Arrived) {
    let given = arrived.headers["x-hub-signature-256"].to_str().unwrap();
    let hex = given.strip_prefix("sha256=").unwrap();
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let given: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"app-secret").unwrap();
    mac.update(&arrived.body);
    mac.verify_slice(&given).unwrap();
}
