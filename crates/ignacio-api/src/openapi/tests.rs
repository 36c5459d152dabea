//! The document is OpenAPI 3.1, complete, and the same each time.

use std::collections::HashSet;

use serde_json::Value;

use super::*;

fn read() -> Value {
    serde_json::from_str(&document_json()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((format!("{method} {path}"), operation));
        }
    }
    all
}

#[test]
fn the_document_is_stable_and_of_version_3_1() {
    assert_eq!(document_json(), document_json());
    assert_eq!(read()["openapi"], "3.1.0");
    assert!(document_json().ends_with("}\n"));
}

#[test]
fn every_operation_has_an_id_a_tag_and_a_summary_of_its_own() {
    let document = read();
    let mut ids = HashSet::new();
    for (name, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()) && id.contains('_'), "{name}: {id}");
        assert!(operation["summary"].as_str().is_some_and(|it| !it.is_empty()), "{name}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name}");
        assert_eq!(operation["responses"]["default"]["$ref"], "#/components/responses/Problem");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let is_described = response["$ref"].is_string() || response["description"].is_string();
            assert!(is_described, "{name} {status}");
        }
    }
    assert_eq!(ids.len(), 58);
}

#[test]
fn only_these_operations_are_public() {
    let document = read();
    let mut public: Vec<_> = operations(&document)
        .into_iter()
        .filter(|(_, operation)| !operation["security"].is_null())
        .map(|(name, _)| name)
        .collect();
    public.sort();
    assert_eq!(
        public,
        [
            "get /healthz",
            "get /readyz",
            "get /v1/auth/otp/{id}",
            "get /v1/openapi.json",
            "get /v1/webhooks/whatsapp",
            "post /v1/auth/otp",
            "post /v1/auth/sessions",
            "post /v1/webhooks/whatsapp",
        ]
    );
    assert_eq!(document["security"], serde_json::json!([{ "bearer": [] }, { "cookie": [] }]));
}

#[test]
fn every_reference_resolves() {
    let document = read();
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn pages_refer_to_their_items() {
    let document = read();
    for item in ["Conversation", "File", "Message", "Session"] {
        let page = &document["components"]["schemas"][format!("Page_{item}")];
        let reference = format!("#/components/schemas/{item}");
        assert_eq!(page["properties"]["data"]["items"]["$ref"], reference, "{item}");
        assert_eq!(page["required"], serde_json::json!(["data", "next_cursor"]), "{item}");
    }
    let counted = &document["components"]["schemas"]["CountedPage_ManagedUser"]["properties"];
    assert_eq!(counted["data"]["items"]["$ref"], "#/components/schemas/ManagedUser");
}

#[test]
fn problems_are_described_with_their_codes() {
    let document = read();
    let codes = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    assert_eq!(codes.len(), ProblemCode::ALL.len());
    let problem = &document["components"]["responses"]["Problem"]["content"];
    assert!(!problem["application/problem+json"]["schema"].is_null(), "{problem}");
}
