//! One real response for each view that a route returns, compared with a snapshot.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::operation::Operation;
use crate::stack::Stack;
use crate::users::User;

impl Operation {
    /// The view that a response of this status shows; `None` when it shows none.
    fn view(&self, status: &str) -> Option<&str> {
        let schema =
            &self.description["responses"][status]["content"]["application/json"]["schema"];
        schema["$ref"].as_str()?.rsplit('/').next()
    }

    /// The views of all its successful responses.
    fn views(&self) -> Vec<&str> {
        ["200", "201", "202"].iter().filter_map(|status| self.view(status)).collect()
    }
}

/// The response of one operation on new resources of Ana's.
async fn response(stack: &Stack, operation: &Operation, ana: &User, eva: &User) -> (String, Value) {
    let mut resources = stack.create_resources(ana).await;
    // As if nobody had requested a code lately.
    stack.database.execute("delete from rate_buckets").await;
    resources.challenge = match operation.id.as_str() {
        "open_session" | "show_code" => stack.challenge(&ana.phone).await,
        "step_up_session" => stack.step_up_challenge(ana).await,
        _ => resources.challenge,
    };
    let user = if operation.is_for_admins() { eva } else { ana };
    let call = user.call(&operation.method, operation.target_of(&resources));
    let response = operation.complete(call, &resources).send().await;
    assert!(response.status.is_success(), "{}: {response:?}", operation.name());
    (response.status.as_u16().to_string(), response.json())
}

/// Replaces what differs from run to run by a word.
fn redact(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(redact),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &value) {
                    ("token" | "device_token" | "next_cursor" | "hash", Value::String(_)) => {
                        *value = format!("[{name}]").into();
                    }
                    _ => redact(value),
                }
            }
        }
        Value::String(text) => {
            if Uuid::parse_str(text).is_ok() {
                *text = "[id]".to_owned();
            } else if OffsetDateTime::parse(text, &Rfc3339).is_ok() {
                *text = "[time]".to_owned();
            } else if Date::parse(text, &Iso8601::DATE).is_ok() {
                *text = "[date]".to_owned();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn every_view_matches_its_snapshot() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    // Eva may read what Ana wrote, for the length of this test.
    let grant = serde_json::json!({ "user_id": ana.id, "reason": "Pidió ayuda con su plan" });
    eva.post("/v1/admin/access-grants").json(&grant).send().await.ok(201);

    let operations = Operation::all();
    let (reading, changing): (Vec<_>, Vec<_>) =
        operations.iter().partition(|it| it.method == "GET");
    let mut seen = BTreeSet::new();
    for operation in reading.into_iter().chain(changing) {
        if operation.views().iter().all(|view| seen.contains(*view)) {
            continue;
        }
        let (status, mut value) = response(&stack, operation, &ana, &eva).await;
        let view = operation.view(&status).unwrap();
        redact(&mut value);
        insta::with_settings!(
            { description => operation.name(), omit_expression => true, sort_maps => true },
            { insta::assert_json_snapshot!(view, value) }
        );
        seen.insert(view.to_owned());
    }

    let promised: BTreeSet<_> =
        operations.iter().flat_map(Operation::views).map(str::to_owned).collect();
    assert_eq!(seen, promised, "a view without a response");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    let files: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| {
            Some(name.strip_prefix("it__views__")?.strip_suffix(".snap")?.to_owned())
        })
        .collect();
    assert_eq!(files, promised, "a snapshot without a view");
}
