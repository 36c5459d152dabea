//! The status of every operation of the document for each caller, on Ana's resources. The reviewed
//! matrix is `http_matrix.txt` beside this file: a new operation, or another status, fails here.

use crate::client::ApiResponse;
use crate::matrix::compare;
use crate::operation::{Operation, Resources};
use crate::stack::Stack;
use crate::users::User;

/// Who calls. Each finds the same resources of Ana's, unless an earlier caller changed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Anonymous,
    /// Ben, a participant.
    Stranger,
    /// Ana.
    Owner,
    /// Ana, who is deactivated while her session has not ended.
    Inactive,
    /// Eva, an admin without a grant.
    Admin,
}

/// In the order of the file.
const COLUMNS: [Caller; 5] =
    [Caller::Anonymous, Caller::Stranger, Caller::Owner, Caller::Inactive, Caller::Admin];
/// The caller with the fewest rights goes first.
const ORDER: [Caller; 5] =
    [Caller::Anonymous, Caller::Inactive, Caller::Stranger, Caller::Admin, Caller::Owner];
const ADMIN_ORDER: [Caller; 5] =
    [Caller::Anonymous, Caller::Inactive, Caller::Stranger, Caller::Owner, Caller::Admin];

/// Three users, new for each operation, because some operations end sessions.
struct Users {
    ana: User,
    ben: User,
    eva: User,
    resources: Resources,
}

async fn users(stack: &Stack, number: usize) -> Users {
    let phone = |digit: usize| format!("+57301{digit}{number:06}");
    for (digit, name) in [(1, "Ana"), (2, "Ben")] {
        stack.add_participant(name, &phone(digit)).await;
    }
    stack.add_admin("Eva", &phone(3)).await;
    let ana = stack.log_in(&phone(1)).await;
    let mut resources = stack.create_resources(&ana).await;
    resources.free_phone = phone(4);
    Users { ben: stack.log_in(&phone(2)).await, eva: stack.log_in(&phone(3)).await, ana, resources }
}

#[tokio::test]
async fn every_role_gets_the_reviewed_status() {
    let stack = Stack::start().await;
    let mut lines = Vec::new();
    let mut n_cells = 0;
    for (number, operation) in Operation::all().iter().enumerate() {
        let users = users(&stack, number).await;
        let mut cells = COLUMNS.map(|_| String::new());
        for caller in if operation.is_for_admins() { ADMIN_ORDER } else { ORDER } {
            let column = COLUMNS.iter().position(|it| *it == caller).unwrap();
            let response = ask(&stack, operation, &users, caller).await;
            if caller != Caller::Owner
                && !operation.is_for_admins()
                && operation.id != "open_session"
            {
                refuse_trace(operation, &users.resources, &response);
            }
            cells[column] = cell(&response);
            n_cells += 1;
        }
        let [anonymous, stranger, owner, inactive, admin] = cells;
        let name = operation.name();
        let line =
            format!("{name:<44}{anonymous:<9}{stranger:<21}{owner:<21}{inactive:<18}{admin}");
        lines.push(line.trim_end().to_owned());
        stack.complete_all_replies("listo").await;
    }
    println!("{n_cells} cells");
    compare("http_matrix.txt", &lines);
}

async fn ask(stack: &Stack, operation: &Operation, users: &Users, caller: Caller) -> ApiResponse {
    let mut resources = users.resources.clone();
    match operation.id.as_str() {
        "open_session" | "show_code" => {
            resources.challenge = stack.challenge(&users.ana.phone).await;
        }
        "step_up_session" => resources.challenge = stack.step_up_challenge(&users.ana).await,
        // As if nobody had requested a code lately.
        _ => assert!(stack.database.execute("delete from rate_buckets").await < 10),
    }
    let call = stack.client.call(&operation.method, operation.target_of(&resources));
    let call = operation.complete(call, &resources);
    match caller {
        Caller::Anonymous => call.send().await,
        Caller::Stranger => call.bearer(&users.ben.token).send().await,
        Caller::Owner => call.bearer(&users.ana.token).send().await,
        Caller::Admin => call.bearer(&users.eva.token).send().await,
        Caller::Inactive => {
            stack.set_active(&users.ana, false).await;
            let response = call.bearer(&users.ana.token).send().await;
            stack.set_active(&users.ana, true).await;
            response
        }
    }
}

/// Where another caller is allowed, the response shows nothing of Ana's. (With her code, a caller gets
/// her session: that is what a code is for.)
fn refuse_trace(operation: &Operation, resources: &Resources, response: &ApiResponse) {
    if !response.status.is_success() {
        return;
    }
    let text = String::from_utf8_lossy(&response.body);
    let ids =
        [&resources.conversation, &resources.message, &resources.question, &resources.response];
    let others = [&resources.file, &resources.session, &resources.user, &resources.phone];
    for trace in ids.into_iter().chain(others) {
        assert!(!text.contains(trace.as_str()), "{} shows {trace}: {text}", operation.name());
    }
}

/// The status, and the code where it is not the usual one of that status.
fn cell(response: &ApiResponse) -> String {
    let status = response.status.as_u16();
    let plain = match status {
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not-found",
        _ => "",
    };
    if status < 400 {
        return status.to_string();
    }
    let problem = response.json();
    let code = problem["code"].as_str().unwrap();
    if code == plain { status.to_string() } else { format!("{status}/{code}") }
}
