//! Another user's resources look like missing ones, byte for byte.

use ignacio_domain::ids::MessageId;

use crate::client::{ApiResponse, Call};
use crate::operation::{MISSING_ID, Operation, Resources};
use crate::stack::Stack;
use crate::users::User;

/// How often each operation is called, each time a little differently.
const N_ROUNDS: usize = 28;

/// Headers that depend on the clock, and on how much of an unread body had arrived.
const NOT_OURS: [&str; 2] = ["date", "connection"];

/// A response as text, without the requested id. The request id is the same for both of a pair,
/// because the caller chooses it.
fn shape(response: &ApiResponse, id: &str) -> String {
    let mut headers: Vec<_> = response
        .headers
        .iter()
        .filter(|(name, _)| !NOT_OURS.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = std::str::from_utf8(&response.body).unwrap();
    format!("{}\n{}\n\n{body}", response.status, headers.join("\n")).replace(id, "{id}")
}

fn vary(call: Call, round: usize) -> Call {
    let call = call.header("x-request-id", format!("round-{round}"));
    let call = if round.is_multiple_of(2) { call.header("accept-language", "en") } else { call };
    match round % 5 {
        1 => call.header("if-none-match", "*"),
        2 => call.header("if-match", "\"x\""),
        3 => call.header("accept", "text/event-stream"),
        _ => call,
    }
}

async fn ask(
    user: &User,
    operation: &Operation,
    resources: &Resources,
    id: &str,
    n: usize,
) -> ApiResponse {
    let call = user.call(&operation.method, operation.target(id));
    vary(operation.complete(call, resources), n).send().await
}

/// Requests a resource of Ana's and a missing one; returns the number of pairs.
async fn compare(user: &User, operation: &Operation, resources: &Resources, status: u16) -> usize {
    for round in 0..N_ROUNDS {
        let foreign = operation.path_id(resources);
        let missing = if round == 0 { MISSING_ID.to_owned() } else { MessageId::new().to_string() };
        let theirs = ask(user, operation, resources, foreign, round).await;
        let none = ask(user, operation, resources, &missing, round).await;
        assert_eq!(theirs.status.as_u16(), status, "{}: {theirs:?}", operation.name());
        let (theirs, none) = (shape(&theirs, foreign), shape(&none, &missing));
        assert_eq!(theirs, none, "{}, round {round}", operation.name());
    }
    N_ROUNDS
}

#[tokio::test]
async fn another_users_resources_look_like_missing_ones() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let eva = stack.admin("Eva").await;
    let resources = stack.create_resources(&ana).await;
    let before = stack.table_digests().await;
    let mut n_pairs = 0;
    for operation in Operation::with_id() {
        let status = if operation.is_for_admins() { 403 } else { 404 };
        n_pairs += compare(&ben, &operation, &resources, status).await;
        if !operation.is_for_admins() {
            n_pairs += compare(&eva, &operation, &resources, 404).await;
        } else if operation.id == "list_messages_of_conversation" {
            n_pairs += compare(&eva, &operation, &resources, 403).await;
        }
    }
    assert!(n_pairs >= 1_000, "{n_pairs}");
    println!("{n_pairs} pairs");
    assert_eq!(stack.table_digests().await, before, "nothing was changed");
}
