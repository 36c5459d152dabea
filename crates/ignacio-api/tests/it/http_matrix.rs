//! Every operation of the document by who asks for it, about Ana's things. What was reviewed lies in
//! `http_matrix.txt` beside this file: a new operation, or another status, fails here.

use crate::client::Answer;
use crate::matrix::compare;
use crate::operation::{Operation, Things};
use crate::stack::Stack;
use crate::users::User;

/// Who asks. Each sees the same things of Ana's, unless one before was let in and changed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    /// Ben, a participant.
    Stranger,
    /// Ana.
    Owner,
    /// Ana, whose account is shut while her session is not ended.
    Inactive,
    /// Eva, of the staff, who has no grant.
    Admin,
}

/// In the order of the file.
const COLUMNS: [Who; 5] = [Who::Nobody, Who::Stranger, Who::Owner, Who::Inactive, Who::Admin];
/// Who may least goes first.
const ORDER: [Who; 5] = [Who::Nobody, Who::Inactive, Who::Stranger, Who::Admin, Who::Owner];
const ORDER_OF_STAFF: [Who; 5] =
    [Who::Nobody, Who::Inactive, Who::Stranger, Who::Owner, Who::Admin];

/// Three people who are made anew for each operation, because some of them end sessions.
struct Cast {
    ana: User,
    ben: User,
    eva: User,
    things: Things,
}

async fn cast(stack: &Stack, number: usize) -> Cast {
    let phone = |digit: usize| format!("+57301{digit}{number:06}");
    for (digit, name) in [(1, "Ana"), (2, "Ben")] {
        stack.account(name, &phone(digit)).await;
    }
    stack.staff_account("Eva", &phone(3)).await;
    let ana = stack.log_in(&phone(1)).await;
    let mut things = stack.things_of(&ana).await;
    things.free_phone = phone(4);
    Cast { ben: stack.log_in(&phone(2)).await, eva: stack.log_in(&phone(3)).await, ana, things }
}

#[tokio::test]
async fn everybody_gets_what_was_reviewed() {
    let stack = Stack::start().await;
    let mut lines = Vec::new();
    let mut n_cells = 0;
    for (number, operation) in Operation::all().iter().enumerate() {
        let cast = cast(&stack, number).await;
        let mut cells = COLUMNS.map(|_| String::new());
        for who in if operation.is_for_staff() { ORDER_OF_STAFF } else { ORDER } {
            let column = COLUMNS.iter().position(|it| *it == who).unwrap();
            let answer = ask(&stack, operation, &cast, who).await;
            if who != Who::Owner && !operation.is_for_staff() && operation.id != "open_session" {
                refuse_trace(operation, &cast.things, &answer);
            }
            cells[column] = cell(&answer);
            n_cells += 1;
        }
        let [nobody, stranger, owner, inactive, admin] = cells;
        let name = operation.name();
        let line = format!("{name:<44}{nobody:<9}{stranger:<21}{owner:<21}{inactive:<18}{admin}");
        lines.push(line.trim_end().to_owned());
        stack.answer_all("listo").await;
    }
    println!("{n_cells} cells");
    compare("http_matrix.txt", &lines);
}

async fn ask(stack: &Stack, operation: &Operation, cast: &Cast, who: Who) -> Answer {
    let mut things = cast.things.clone();
    match operation.id.as_str() {
        "open_session" | "show_code" => {
            things.challenge = stack.challenge(&cast.ana.phone).await;
        }
        "step_up_session" => things.challenge = stack.fresh_challenge(&cast.ana).await,
        // As if nobody had asked for a code lately.
        _ => assert!(stack.database.execute("delete from rate_buckets").await < 10),
    }
    let call = stack.client.call(&operation.method, operation.target_of(&things));
    let call = operation.complete(call, &things);
    match who {
        Who::Nobody => call.send().await,
        Who::Stranger => call.bearer(&cast.ben.token).send().await,
        Who::Owner => call.bearer(&cast.ana.token).send().await,
        Who::Admin => call.bearer(&cast.eva.token).send().await,
        Who::Inactive => {
            stack.set_active(&cast.ana, false).await;
            let answer = call.bearer(&cast.ana.token).send().await;
            stack.set_active(&cast.ana, true).await;
            answer
        }
    }
}

/// Also where somebody is let in, to what is theirs, nothing of Ana's shows. (Who knows her code gets
/// her session: that is what a code is for.)
fn refuse_trace(operation: &Operation, things: &Things, answer: &Answer) {
    if !answer.status.is_success() {
        return;
    }
    let text = String::from_utf8_lossy(&answer.body);
    let ids = [&things.conversation, &things.message, &things.question, &things.response];
    let others = [&things.file, &things.session, &things.person, &things.phone];
    for trace in ids.into_iter().chain(others) {
        assert!(!text.contains(trace.as_str()), "{} shows {trace}: {text}", operation.name());
    }
}

/// The status, and the code where it is not the one that goes without saying.
fn cell(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let plain = match status {
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not-found",
        _ => "",
    };
    if status < 400 {
        return status.to_string();
    }
    let problem = answer.json();
    let code = problem["code"].as_str().unwrap();
    if code == plain { status.to_string() } else { format!("{status}/{code}") }
}
