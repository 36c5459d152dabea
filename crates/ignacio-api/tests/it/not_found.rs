//! Other people's things look like nothing, byte for byte: promise C9.

use ignacio_domain::ids::MessageId;

use crate::client::{Answer, Call};
use crate::operation::{NOBODYS, Operation, Things};
use crate::stack::Stack;
use crate::users::User;

/// How often each operation is asked, each time a little differently.
const N_ROUNDS: usize = 28;

/// What depends on the clock, and on how much of an unread body was there when it was answered.
const NOT_OURS: [&str; 2] = ["date", "connection"];

/// An answer as bytes, in which the id that was asked for has no name. The request's id is the same
/// for both of a pair, because the caller chooses it.
fn shape(answer: &Answer, id: &str) -> String {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !NOT_OURS.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = std::str::from_utf8(&answer.body).unwrap();
    format!("{}\n{}\n\n{body}", answer.status, headers.join("\n")).replace(id, "{id}")
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

async fn ask(person: &User, operation: &Operation, things: &Things, id: &str, n: usize) -> Answer {
    let call = person.call(&operation.method, operation.target(id));
    vary(operation.complete(call, things), n).send().await
}

/// Asks for what is Ana's and for what is nobody's; gives the number of pairs.
async fn compare(person: &User, operation: &Operation, things: &Things, status: u16) -> usize {
    for round in 0..N_ROUNDS {
        let foreign = operation.thing(things);
        let nobodys = if round == 0 { NOBODYS.to_owned() } else { MessageId::new().to_string() };
        let theirs = ask(person, operation, things, foreign, round).await;
        let none = ask(person, operation, things, &nobodys, round).await;
        assert_eq!(theirs.status.as_u16(), status, "{}: {theirs:?}", operation.name());
        let (theirs, none) = (shape(&theirs, foreign), shape(&none, &nobodys));
        assert_eq!(theirs, none, "{}, round {round}", operation.name());
    }
    N_ROUNDS
}

#[tokio::test]
async fn somebody_elses_things_look_like_nothing() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let eva = stack.admin("Eva").await;
    let things = stack.things_of(&ana).await;
    let before = stack.everything().await;
    let mut n_pairs = 0;
    for operation in Operation::with_id() {
        let status = if operation.is_for_staff() { 403 } else { 404 };
        n_pairs += compare(&ben, &operation, &things, status).await;
        if !operation.is_for_staff() {
            n_pairs += compare(&eva, &operation, &things, 404).await;
        } else if operation.id == "list_messages_of_conversation" {
            n_pairs += compare(&eva, &operation, &things, 403).await;
        }
    }
    assert!(n_pairs >= 1_000, "{n_pairs}");
    println!("{n_pairs} pairs");
    assert_eq!(stack.everything().await, before, "all of it is still there");
}
