//! Every rule of a message refuses what breaks it, with Meta's code.

use serde_json::json;

use super::*;

fn otp() -> Value {
    json!({
        "messaging_product": "whatsapp",
        "to": "+573001112233",
        "type": "template",
        "template": {
            "name": "login_code",
            "language": { "code": "es" },
            "components": [
                { "type": "body", "parameters": [{ "type": "text", "text": "123456" }] },
                { "type": "button", "sub_type": "url", "index": "0",
                  "parameters": [{ "type": "text", "text": "123456" }] },
            ],
        },
    })
}

/// The code with which a changed message is refused.
fn refusal(change: impl FnOnce(&mut Value)) -> u32 {
    let mut body = otp();
    change(&mut body);
    check(&body).unwrap_err().code
}

#[test]
fn a_code_in_a_template_is_accepted() {
    let content = Content::Template {
        name: "login_code".to_owned(),
        language: "es".to_owned(),
        code: Some("123456".to_owned()),
    };
    let wa_id = "573001112233".to_owned();
    let input = "+573001112233".to_owned();
    assert_eq!(check(&otp()), Ok(Accepted::Message { input, wa_id, content }));
}

#[test]
fn a_text_is_accepted_and_an_endless_one_is_not() {
    let text = |body: String| {
        check(&json!({ "messaging_product": "whatsapp", "to": "573001112233", "type": "text",
            "text": { "body": body } }))
    };
    assert!(text("ñ".repeat(4096)).is_ok());
    assert_eq!(text("ñ".repeat(4097)).unwrap_err().code, 100);
    assert_eq!(text(String::new()).unwrap_err().code, 100);
}

#[test]
fn what_is_missing_is_refused() {
    assert_eq!(refusal(|it| *it = json!({})), 100);
    assert_eq!(refusal(|it| it["messaging_product"] = json!("sms")), 100);
    assert_eq!(refusal(|it| it["to"] = Value::Null), 100);
    assert_eq!(refusal(|it| it["template"] = Value::Null), 131_008);
    assert_eq!(refusal(|it| it["template"]["name"] = Value::Null), 131_008);
    assert_eq!(refusal(|it| it["template"]["language"] = json!({})), 131_008);
    let text = |it: &mut Value, text: Value| {
        it["template"]["components"][0]["parameters"][0]["text"] = text;
    };
    assert_eq!(refusal(|it| text(it, Value::Null)), 100);
    assert_eq!(refusal(|it| text(it, json!(""))), 131_008);
}

#[test]
fn what_is_wrong_is_refused() {
    assert_eq!(refusal(|it| it["to"] = json!("Ana")), 131_009);
    assert_eq!(refusal(|it| it["type"] = json!("sticker")), 131_051);
    assert_eq!(refusal(|it| it["template"]["name"] = json!("Login code")), 100);
    assert_eq!(refusal(|it| it["template"]["components"] = json!("none")), 100);
    let button = |it: &mut Value, name: &str, value: Value| {
        it["template"]["components"][1][name] = value;
    };
    assert_eq!(refusal(|it| button(it, "sub_type", json!("call"))), 100);
    assert_eq!(refusal(|it| button(it, "index", json!("ten"))), 131_009);
    assert_eq!(refusal(|it| button(it, "parameters", json!([]))), 132_000);
}

#[test]
fn a_read_mark_names_a_message() {
    let mark = |id: &str| {
        check(&json!({ "messaging_product": "whatsapp", "status": "read", "message_id": id }))
    };
    assert_eq!(mark("wamid.abc"), Ok(Accepted::Read));
    assert_eq!(mark("").unwrap_err().code, 100);
}
