//! Codes and notices over `WhatsApp`.

use std::time::Duration;

use ignacio_devstack::{WhatsAppOptions, WhatsAppStandIn};
use ignacio_domain::{
    locale::Locale,
    otp::{CODE_LIFETIME, OtpCode},
    phone::PhoneNumber,
    ports::{Messenger as _, NoticeKind, SendError},
};
use ignacio_integrations::{WhatsApp, WhatsAppSettings};
use serde_json::{Value, json};

use crate::support::{
    logs::Logs,
    until,
    wire::{WireResponse, WireServer},
};

const CODE: &str = "482915";
const PHONE: &str = "+573001234567";

fn settings(base_url: String) -> WhatsAppSettings {
    WhatsAppSettings {
        base_url,
        phone_number_id: "1550".to_owned(),
        access_token: "canary-token".into(),
        otp_template: "codigo".to_owned(),
        phone_changed_template: "otro_numero".to_owned(),
        new_device_template: "otro_aparato".to_owned(),
    }
}

fn whatsapp(base_url: String) -> WhatsApp {
    WhatsApp::new(settings(base_url)).unwrap()
}

async fn send(base_url: String, locale: Locale) -> Result<String, SendError> {
    let phone = PhoneNumber::parse(PHONE).unwrap();
    let code = OtpCode::parse(CODE).unwrap();
    whatsapp(base_url).send_code(&phone, &code, locale).await
}

async fn notify(base_url: String, notice: NoticeKind, locale: Locale) -> Result<String, SendError> {
    let phone = PhoneNumber::parse(PHONE).unwrap();
    whatsapp(base_url).send_notice(&phone, notice, locale).await
}

fn refusal(code: i64) -> Value {
    json!({ "error": {
        "message": format!("(#{code}) {PHONE} did not get {CODE}"), "type": "OAuthException",
        "code": code, "error_data": { "details": format!("{PHONE} {CODE}") },
        "fbtrace_id": "A1b2" } })
}

#[tokio::test]
async fn a_code_is_sent_in_one_template_message() {
    let accepted = json!({ "messaging_product": "whatsapp",
                        "contacts": [{ "input": PHONE, "wa_id": "573001234567" }],
                        "messages": [{ "id": "wamid.1", "message_status": "accepted" }] });
    let server = WireServer::always(WireResponse::json("200 OK", &accepted)).await;
    assert_eq!(send(server.url(), Locale::En).await.unwrap(), "wamid.1");
    let request = server.request();
    assert_eq!(request.line(), "POST /1550/messages");
    assert_eq!(request.header("authorization"), Some("Bearer canary-token"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.json()["template"]["language"], json!({ "code": "en" }));
    assert_eq!(request.json()["to"], json!(PHONE));
}

#[tokio::test]
async fn each_refusal_is_requested_once_and_mapped() {
    let cases = [
        ("400 Bad Request", 131_026, "unreachable"),
        ("400 Bad Request", 131_056, "throttled"),
        ("429 Too Many Requests", 130_429, "throttled"),
        ("500 Internal Server Error", 131_000, "passing"),
        ("503 Service Unavailable", 131_016, "passing"),
        ("401 Unauthorized", 190, "critical"),
        ("403 Forbidden", 10, "critical"),
        ("404 Not Found", 132_001, "ours"),
        ("400 Bad Request", 100, "ours"),
        ("400 Bad Request", 131_008, "ours"),
    ];
    for (status, code, expected) in cases {
        let server = WireServer::always(WireResponse::json(status, &refusal(code))).await;
        let error = send(server.url(), Locale::Es).await.unwrap_err();
        server.request();
        let got = match &error {
            SendError::Transient { .. } => "passing",
            SendError::Throttled { .. } => "throttled",
            SendError::Unreachable { code: reported } => {
                assert_eq!(*reported, code.to_string());
                "unreachable"
            }
            SendError::Misconfigured { is_critical: true, .. } => "critical",
            SendError::Misconfigured { is_critical: false, .. } => "ours",
        };
        assert_eq!(got, expected, "{code}");
    }
}

#[tokio::test]
async fn web_pages_and_silence_are_transient() {
    let wait = [("retry-after", "11")];
    let page = WireResponse::new("502 Bad Gateway", &wait, "<html>");
    let server = WireServer::always(page).await;
    let error = send(server.url(), Locale::Es).await.unwrap_err();
    assert!(matches!(error, SendError::Throttled { retry_after: pause, .. }
        if pause == Duration::from_secs(11)));

    for body in ["{}", "<html>", "{\"messages\":[]}"] {
        let server = WireServer::always(WireResponse::new("200 OK", &[], body)).await;
        let error = send(server.url(), Locale::Es).await.unwrap_err();
        assert!(matches!(error, SendError::Transient { .. }), "{body}");
    }
}

#[tokio::test]
async fn an_unresponsive_server_times_out() {
    let server = WireServer::always(WireResponse::new("200 OK", &[], "").cut(0).hanging()).await;
    let silent = async {
        until(|| !server.requests().is_empty()).await;
        // Only time can pass now, which tokio then does immediately.
        tokio::time::pause();
        tokio::time::Instant::now()
    };
    let (sent, begun) = tokio::join!(send(server.url(), Locale::Es), silent);
    assert!(matches!(sent, Err(SendError::Transient { .. })));
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_code_arrives_in_the_users_language() {
    let options =
        WhatsAppOptions { token: Some("canary-token".to_owned()), ..WhatsAppOptions::default() };
    let meta = WhatsAppStandIn::start(options).unwrap();
    let base_url = format!("{}/v23.0", meta.base_url());
    for locale in [Locale::Es, Locale::En] {
        let wamid = send(base_url.clone(), locale).await.unwrap();
        let outbox = meta.outbox(PHONE);
        let sent = outbox.first().unwrap();
        assert_eq!(sent.wamid, wamid);
        assert_eq!(sent.code.as_deref(), Some(CODE));
        assert_eq!(sent.template.as_deref(), Some("codigo"));
        assert_eq!(sent.language.as_deref(), Some(locale.as_str()));
    }
    let call = meta.calls().pop().unwrap();
    assert_eq!((call.version.as_str(), call.phone_number_id.as_str()), ("v23.0", "1550"));
}

#[tokio::test]
async fn each_notice_has_its_template_and_no_code() {
    let meta = WhatsAppStandIn::start(WhatsAppOptions::default()).unwrap();
    let base_url = format!("{}/v23.0", meta.base_url());
    for (notice, template) in
        [(NoticeKind::PhoneChanged, "otro_numero"), (NoticeKind::NewDevice, "otro_aparato")]
    {
        for locale in [Locale::Es, Locale::En] {
            let wamid = notify(base_url.clone(), notice, locale).await.unwrap();
            let outbox = meta.outbox(PHONE);
            let sent = outbox.first().unwrap();
            assert_eq!(sent.wamid, wamid);
            assert_eq!((sent.code.as_deref(), sent.text.as_deref()), (None, None));
            assert_eq!(sent.template.as_deref(), Some(template));
            assert_eq!(sent.language.as_deref(), Some(locale.as_str()));
        }
    }
}

#[test]
fn a_code_that_arrives_late_is_not_delivered() {
    let advice = include_str!("../../../../docs/operations.md");
    let lives: Vec<i64> = advice
        .split("\"message_send_ttl_seconds\": ")
        .skip(1)
        .map(|rest| rest.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(
        lives,
        [CODE_LIFETIME.whole_seconds()],
        "WhatsApp keeps a code no longer than it is good"
    );
}

#[tokio::test]
async fn the_faults_of_the_stand_in_are_mapped() {
    let meta = WhatsAppStandIn::start(WhatsAppOptions::default()).unwrap();
    let base_url = format!("{}/v23.0", meta.base_url());
    meta.fail_next(1, 400, 131_026);
    let error = send(base_url.clone(), Locale::Es).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { code } if code == "131026"));

    meta.fail_next(1, 429, 130_429);
    let error = send(base_url.clone(), Locale::Es).await.unwrap_err();
    assert!(matches!(error, SendError::Throttled { .. }));

    meta.lose_next_answers(1);
    let error = send(base_url.clone(), Locale::Es).await.unwrap_err();
    assert!(matches!(error, SendError::Transient { .. }));
    assert_eq!(meta.sent().len(), 1, "it was sent once and not repeated");

    meta.take_down();
    let error = send(base_url.clone(), Locale::Es).await.unwrap_err();
    assert!(matches!(error, SendError::Transient { .. }));
    meta.clear_faults();
    send(base_url, Locale::Es).await.unwrap();
    assert_eq!(meta.sent().len(), 2);
}

#[tokio::test]
async fn a_wrong_token_is_misconfigured() {
    let options =
        WhatsAppOptions { token: Some("another".to_owned()), ..WhatsAppOptions::default() };
    let meta = WhatsAppStandIn::start(options).unwrap();
    let sent = send(format!("{}/v23.0", meta.base_url()), Locale::Es).await;
    assert!(matches!(sent, Err(SendError::Misconfigured { code, is_critical: true, .. })
        if code == "190"));
}

#[test]
fn wrong_settings_are_named() {
    let with = |change: fn(&mut WhatsAppSettings)| {
        let mut settings = settings("https://graph.example/v23.0/".to_owned());
        change(&mut settings);
        WhatsApp::new(settings).err().map(|error| error.to_string())
    };
    assert_eq!(with(|_| ()), None);
    assert_eq!(with(|it| it.otp_template.clear()).unwrap(), "whatsapp.otp_template is empty");
    assert_eq!(
        with(|it| it.phone_changed_template.clear()).unwrap(),
        "whatsapp.phone_changed_template is empty"
    );
    assert_eq!(
        with(|it| it.new_device_template.clear()).unwrap(),
        "whatsapp.new_device_template is empty"
    );
    assert_eq!(with(|it| it.phone_number_id.clear()).unwrap(), "whatsapp.phone_number_id is empty");
    assert_eq!(with(|it| it.access_token = "".into()).unwrap(), "whatsapp.access_token is empty");
}

#[tokio::test]
async fn neither_number_nor_code_nor_token_is_shown() {
    let logs = Logs::capture();
    let mut printed = vec![format!("{:?}", whatsapp("https://graph.example/v23.0".to_owned()))];
    for answer in [
        WireResponse::json("400 Bad Request", &refusal(131_026)),
        WireResponse::json("500 Internal Server Error", &refusal(131_000)),
        WireResponse::json("401 Unauthorized", &refusal(190)),
        WireResponse::new("200 OK", &[], &format!("{PHONE} {CODE}")),
        WireResponse::new("200 OK", &[], "").cut(10),
        WireResponse::json("200 OK", &json!({ "messages": [{ "id": "wamid.1" }] })),
    ] {
        let server = WireServer::always(answer).await;
        let sent = send(server.url(), Locale::Es).await;
        printed.push(format!("{sent:?}"));
        let sent = notify(server.url(), NoticeKind::NewDevice, Locale::Es).await;
        printed.push(format!("{sent:?}"));
    }
    let printed = printed.join("\n");
    let logged = logs.text();
    assert!(logged.contains("out.whatsapp.send_code"), "the capture works");
    for canary in [CODE, "573001234567", "3001234567", "canary-token"] {
        assert!(!printed.contains(canary), "{canary} in {printed}");
        assert!(!logged.contains(canary), "{canary} in {logged}");
    }
}
