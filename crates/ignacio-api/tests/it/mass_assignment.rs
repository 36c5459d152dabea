//! A body may have the fields of its schema and no others: no flag, id, owner or count. The operations
//! and their fields are read from the OpenAPI document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::ApiResponse;
use crate::contract::contract;
use crate::operation::{Operation, Resources};
use crate::stack::Stack;
use crate::users::User;

/// Fields of rows, under the names of the API and of the columns.
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

/// A plausible value of the field.
fn value_of(field: &str, resources: &Resources) -> Value {
    match field {
        "is_admin" | "is_active" | "active" => json!(true),
        "role" => json!("admin"),
        "message_count" => json!(7),
        "phone" | "phone_number" => json!("+573001234567"),
        "locale" => json!("en"),
        _ if field.ends_with("_at") => json!("2099-01-01T00:00:00Z"),
        _ if field.ends_with("id") => json!(resources.user),
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

/// Every object of a body by its pointer, with the fields of its schema.
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

async fn send(
    user: &User,
    operation: &Operation,
    resources: &Resources,
    body: &Value,
) -> ApiResponse {
    let call = user.call(&operation.method, operation.target_of(resources));
    operation.with_headers(call).json(body).send().await
}

#[tokio::test]
async fn a_body_with_an_unknown_field_is_refused_and_changes_nothing() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let mut resources = stack.create_resources(&ana).await;
    resources.challenge = stack.challenge(&ana.phone).await;
    let taking: Vec<_> =
        Operation::all().into_iter().filter(|it| it.json_schema().is_some()).collect();
    let (mut n_bodies, mut n_objects) = (0, 0);
    for operation in &taking {
        let user = if operation.is_for_admins() { &eva } else { &ana };
        let good = operation.body(&resources);
        let before = stack.table_digests().await;
        for (place, known) in objects(operation.json_schema().unwrap(), &good, "") {
            for field in FIELDS.into_iter().filter(|it| !known.contains(*it)) {
                let mut body = good.clone();
                body.pointer_mut(&place).unwrap()[field] = value_of(field, &resources);
                let refused = send(user, operation, &resources, &body).await;
                let expected = (format!("{place}/{field}"), "unknown-field".to_owned());
                assert_eq!(refused.invalid(), expected, "{} {body}", operation.name());
                n_bodies += 1;
            }
            n_objects += 1;
        }
        assert_eq!(stack.table_digests().await, before, "{} changed something", operation.name());
    }
    assert!(n_objects > taking.len() && n_bodies > 20 * n_objects, "{n_objects} {n_bodies}");
    println!("{} operations, {n_objects} objects, {n_bodies} bodies", taking.len());
    // It was the field: without it, each of the bodies is accepted.
    for operation in &taking {
        let user = if operation.is_for_admins() { &eva } else { &ana };
        match operation.id.as_str() {
            "step_up_session" => resources.challenge = stack.step_up_challenge(&ana).await,
            "open_session" => resources.challenge = stack.challenge(&ana.phone).await,
            // What was posted before is the last turn now.
            "regenerate_reply" | "edit_message" => {
                let fresh = stack.create_resources(&ana).await;
                resources.message = fresh.message;
                resources.question = fresh.question;
            }
            _ => {}
        }
        stack.database.execute("delete from rate_buckets").await;
        let done = send(user, operation, &resources, &operation.body(&resources)).await;
        assert!(done.status.is_success(), "{}: {done:?}", operation.name());
        stack.complete_all_replies("listo").await;
    }
}
