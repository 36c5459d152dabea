//! Checks every response of the suite against the OpenAPI document, and for the headers that every
//! response must have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use actix_web::dev::ResourceDef;
use hyper::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::client::ApiResponse;

/// The document, and its paths as patterns.
pub(crate) struct Contract {
    pub(crate) document: Value,
    paths: Vec<(ResourceDef, Value)>,
}

/// The document of the code under test.
pub(crate) fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let document: Value = serde_json::from_str(&ignacio_api::openapi_json()).unwrap();
        let mut paths: Vec<_> = document["paths"].as_object().unwrap().iter().collect();
        // A path without parameters goes before the one that would cover it.
        paths.sort_by_key(|(path, _)| path.contains('{'));
        let paths = paths
            .into_iter()
            .map(|(path, item)| (ResourceDef::new(path.as_str()), item.clone()))
            .collect();
        Contract { document, paths }
    })
}

/// Every operation: method, path and its description.
pub(crate) fn operations() -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in contract().document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    all
}

/// Checks the headers that every response has.
pub(crate) fn check_headers(method: &Method, target: &str, response: &ApiResponse) {
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ];
    for (name, value) in expected {
        assert_eq!(response.header(name), value, "{method} {target}: {response:?}");
    }
    for name in ["x-request-id", "cache-control", "content-security-policy"] {
        assert!(!response.header(name).is_empty(), "{method} {target} has no {name}");
    }
    let status = response.status;
    if (status.is_client_error() || status.is_server_error()) && method != Method::HEAD {
        let seen = response.header("content-type");
        assert_eq!(seen, "application/problem+json", "{method} {target} {status}");
        assert!(!response.header("content-language").is_empty());
        let problem = response.json();
        assert_eq!(problem["request_id"], response.header("x-request-id"));
        assert_eq!(problem["status"], status.as_u16());
        check_schema("#/components/schemas/Problem", &problem);
    }
}

/// Checks that the document describes the response.
pub(crate) fn check(method: &Method, target: &str, response: &ApiResponse) {
    let path = target.split('?').next().unwrap();
    let name = format!("{method} {path} {}", response.status);
    let operation =
        operation(method, path).unwrap_or_else(|| panic!("{name} is not in the document"));
    let responses = &operation["responses"];
    let status = response.status.as_u16().to_string();
    let is_refusal = response.status.is_client_error() || response.status.is_server_error();
    let described = match &responses[&status] {
        Value::Null if is_refusal => &responses["default"],
        Value::Null => panic!("{name} is not documented"),
        response => response,
    };
    let described = resolve(described);
    let declared = response.header("content-type").split(';').next().unwrap();
    match &described["content"] {
        Value::Null => assert!(response.body.is_empty(), "{name} documents no body"),
        content if content["*/*"].is_object() => {}
        content => {
            let schema = &content[declared]["schema"];
            assert!(!schema.is_null(), "{name} does not document {declared}");
            if declared.ends_with("json") {
                check_value(&name, schema, &response.json());
            }
        }
    }
    for (header, description) in described["headers"].as_object().into_iter().flatten() {
        let is_optional = description["schema"].to_string().contains("null");
        assert!(is_optional || !response.header(header).is_empty(), "{name} has no {header}");
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let method = method.as_str().to_lowercase();
    let mut found = contract().paths.iter().filter(|(route, _)| route.is_match(path));
    found.find_map(|(_, item)| item.get(&method))
}

fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => contract().document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn check_schema(reference: &str, value: &Value) {
    check_value(reference, &json!({ "$ref": reference }), value);
}

fn check_value(name: &str, schema: &Value, value: &Value) {
    let validator = validator(schema);
    let errors: Vec<_> = validator.iter_errors(value).map(|it| it.to_string()).collect();
    assert!(errors.is_empty(), "{name} does not match its schema: {errors:?}\n{value:#}");
}

/// Each schema is compiled once, because the suite checks thousands of responses.
fn validator(schema: &Value) -> Arc<Validator> {
    static COMPILED: Mutex<Option<HashMap<String, Arc<Validator>>>> = Mutex::new(None);
    let mut compiled = COMPILED.lock().unwrap();
    let entry = compiled.get_or_insert_default().entry(schema.to_string());
    let validator = entry.or_insert_with(|| {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": contract().document["components"],
            "allOf": [schema],
        });
        let options = jsonschema::options().should_validate_formats(true);
        Arc::new(options.build(&schema).unwrap())
    });
    Arc::clone(validator)
}
