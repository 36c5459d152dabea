//! Errors name the pointer and the rule, and never the value.

use ignacio_domain::locale::Locale;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::request_context::RequestContext;

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Outer {
    #[serde(default, deserialize_with = "not_null")]
    #[validate(length(max = 5, code = "device-name"))]
    title: Option<String>,
    #[serde(default, deserialize_with = "object")]
    #[validate(nested)]
    inner: Option<Inner>,
}

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Inner {
    #[validate(length(max = 2, code = "too-many-files"))]
    ids: Vec<Uuid>,
}

fn problem(body: &str) -> Value {
    let context = RequestContext { request_id: "r".into(), locale: Locale::En, path: "/".into() };
    let error = parse::<Outer>(body.as_bytes()).unwrap_err();
    serde_json::to_value(error.problem(&context)).unwrap()
}

fn place_and_code(body: &str) -> (String, String) {
    let problem = problem(body);
    assert_eq!(problem["code"], "invalid-request", "{body}: {problem}");
    assert!(!problem.to_string().contains("geheim"), "the value is repeated: {problem}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&problem["errors"][0]["pointer"]), text(&problem["errors"][0]["code"]))
}

#[test]
fn good_bodies_are_read() {
    assert_eq!(parse::<Outer>(b"{}").unwrap().title, None);
    assert_eq!(parse::<Outer>(br#"{"title":"a"}"#).unwrap().title.as_deref(), Some("a"));
    assert!(parse::<Outer>(br#"{"inner":null}"#).unwrap().inner.is_none());
    assert!(parse::<Outer>(br#"{"inner":{"ids":[]}}"#).unwrap().inner.unwrap().ids.is_empty());
}

#[test]
fn what_is_wrong_is_told_by_place_and_rule() {
    for (body, pointer, code) in [
        (r#"{"geheim~/x":1}"#, "/geheim~0~1x", "unknown-field"),
        (r#"{"title":null}"#, "/title", "wrong-type"),
        (r#"{"title":["geheim"]}"#, "/title", "wrong-type"),
        (r#"{"title":"geheim"}"#, "/title", "device-name"),
        (r#"{"title":"a","title":"b"}"#, "/title", "duplicate"),
        (r#"{"inner":{}}"#, "/inner/ids", "required"),
        (r#"{"inner":{"ids":["geheim"]}}"#, "/inner/ids/0", "uuid"),
        (r#"{"inner":{"ids":[1]}}"#, "/inner/ids/0", "wrong-type"),
        (r#"{"inner":[[]]}"#, "/inner", "wrong-type"),
        (r#"["geheim"]"#, "", "wrong-type"),
        (r#""geheim""#, "", "wrong-type"),
        ("null", "", "wrong-type"),
    ] {
        if pointer.contains("geheim") {
            let named = &problem(body)["errors"][0];
            assert_eq!((&named["pointer"], &named["code"]), (&json!(pointer), &json!(code)));
        } else {
            assert_eq!(place_and_code(body), (pointer.to_owned(), code.to_owned()), "{body}");
        }
    }
}

#[test]
fn rules_of_lists_name_the_list() {
    let id = Uuid::nil();
    let body = json!({ "inner": { "ids": [id, id, id] } }).to_string();
    assert_eq!(place_and_code(&body), ("/inner/ids".into(), "too-many-files".into()));
}

#[test]
fn broken_json_is_told_by_line_and_column() {
    for (body, detail) in [
        ("{\n \"title\": }", "The body is not JSON: line 2, column 11."),
        ("", "The body is not JSON: line 1, column 0."),
        ("{} {}", "The body is not JSON: line 1, column 4."),
    ] {
        let problem = problem(body);
        assert_eq!((&problem["code"], &problem["detail"]), (&json!("malformed"), &json!(detail)));
    }
    let not_text = parse::<Outer>(b"{\"title\":\"\xff\"}").unwrap_err();
    assert!(matches!(not_text, ApiError::Malformed(Malformed::Encoding)));
    let too_deep = "[".repeat(10_000);
    assert_eq!(problem(&too_deep)["code"], "invalid-request");
    let too_deep = format!("{{\"inner\":{}", "{\"x\":".repeat(10_000));
    assert_eq!(problem(&too_deep)["status"].as_u64().unwrap() / 100, 4);
}
