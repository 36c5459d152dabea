//! A body may say what its schema says and nothing else: no flag, no id, no owner, no count. The
//! operations, and the fields that each may have, are the document's.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::Answer;
use crate::contract::contract;
use crate::operation::{Operation, Things};
use crate::stack::Stack;
use crate::users::User;

/// Fields that rows have, under the names of the API and of the columns.
const FIELDS: [&str; 30] = [
    "id",
    "user_id",
    "owner_id",
    "admin_id",
    "person_id",
    "conversation_id",
    "response_id",
    "session_id",
    "is_admin",
    "is_active",
    "active",
    "role",
    "phone",
    "phone_number",
    "locale",
    "created_at",
    "updated_at",
    "expires_at",
    "revoked_at",
    "deleted_at",
    "last_message_at",
    "message_count",
    "author",
    "status",
    "state",
    "token_hash",
    "sync",
    "openai_sync_status",
    "__proto__",
    "$set",
];

/// A value that the field would have.
fn value_of(field: &str, things: &Things) -> Value {
    match field {
        "is_admin" | "is_active" | "active" => json!(true),
        "role" => json!("admin"),
        "message_count" => json!(7),
        "phone" | "phone_number" => json!("+573001234567"),
        "locale" => json!("en"),
        _ if field.ends_with("_at") => json!("2099-01-01T00:00:00Z"),
        _ if field.ends_with("id") => json!(things.person),
        _ => json!("x"),
    }
}

fn resolve(schema: &Value) -> &Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let place = reference.trim_start_matches('#');
        return resolve(contract().document.pointer(place).unwrap());
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    choices.into_iter().find(|it| it["type"] != "null").map_or(schema, resolve)
}

/// Every object of a body, by its place, with the fields that its schema has.
fn objects(schema: &Value, body: &Value, place: &str) -> Vec<(String, BTreeSet<String>)> {
    let Some(fields) = body.as_object() else { return Vec::new() };
    // A schema without properties is that of an empty object.
    let properties = &resolve(schema)["properties"];
    let known = properties.as_object().into_iter().flat_map(|it| it.keys().cloned()).collect();
    let mut found = vec![(place.to_owned(), known)];
    for (name, value) in fields {
        found.extend(objects(&properties[name], value, &format!("{place}/{name}")));
    }
    found
}

async fn send(person: &User, operation: &Operation, things: &Things, body: &Value) -> Answer {
    let call = person.call(&operation.method, operation.target_of(things));
    operation.with_headers(call).json(body).send().await
}

#[tokio::test]
async fn a_body_with_a_field_too_many_is_refused_and_changes_nothing() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let mut things = stack.things_of(&ana).await;
    things.challenge = stack.challenge(&ana.phone).await;
    let taking: Vec<_> =
        Operation::all().into_iter().filter(|it| it.json_schema().is_some()).collect();
    let (mut n_bodies, mut n_objects) = (0, 0);
    for operation in &taking {
        let person = if operation.is_for_staff() { &eva } else { &ana };
        let good = operation.body(&things);
        let before = stack.everything().await;
        for (place, known) in objects(operation.json_schema().unwrap(), &good, "") {
            for field in FIELDS.into_iter().filter(|it| !known.contains(*it)) {
                let mut body = good.clone();
                body.pointer_mut(&place).unwrap()[field] = value_of(field, &things);
                let refused = send(person, operation, &things, &body).await;
                let expected = (format!("{place}/{field}"), "unknown-field".to_owned());
                assert_eq!(refused.invalid(), expected, "{} {body}", operation.name());
                n_bodies += 1;
            }
            n_objects += 1;
        }
        assert_eq!(stack.everything().await, before, "{} changed something", operation.name());
    }
    assert!(n_objects > taking.len() && n_bodies > 20 * n_objects, "{n_objects} {n_bodies}");
    println!("{} operations, {n_objects} objects, {n_bodies} bodies", taking.len());
    // It was the field: without it, each of the bodies does.
    for operation in &taking {
        let person = if operation.is_for_staff() { &eva } else { &ana };
        match operation.id.as_str() {
            "step_up_session" => things.challenge = stack.fresh_challenge(&ana).await,
            "open_session" => things.challenge = stack.challenge(&ana.phone).await,
            // What was posted before is the last turn now.
            "regenerate_reply" | "edit_message" => {
                let fresh = stack.things_of(&ana).await;
                things.message = fresh.message;
                things.question = fresh.question;
            }
            _ => {}
        }
        stack.database.execute("delete from rate_buckets").await;
        let done = send(person, operation, &things, &operation.body(&things)).await;
        assert!(done.status.is_success(), "{}: {done:?}", operation.name());
        stack.answer_all("listo").await;
    }
}
