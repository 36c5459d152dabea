//! What the staff may do, and what it leaves behind.

mod audit_events;
mod erasures;
mod last_admin;
mod login_failures;
mod phone_numbers;
mod step_up;
mod user_content;
mod users;

use crate::client::Answer;
use crate::users::User;

/// Where somebody's account is.
fn account(person: &User) -> String {
    format!("/v1/admin/users/{}", person.id)
}

/// Changes an account as one who has just read it.
async fn change(admin: &User, target: &str, change: &serde_json::Value) -> Answer {
    let tag = admin.get(target).send().await.header("etag").to_owned();
    admin.patch(target).header("if-match", tag).json(change).send().await
}
