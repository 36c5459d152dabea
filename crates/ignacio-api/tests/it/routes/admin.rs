//! The routes of admins, and what they leave in the database.

mod audit_events;
mod erasures;
mod last_admin;
mod login_failures;
mod phone_numbers;
mod step_up;
mod user_content;
mod users;

use crate::client::ApiResponse;
use crate::users::User;

/// The path of a user.
fn user_path(user: &User) -> String {
    format!("/v1/admin/users/{}", user.id)
}

/// Updates a user with the current entity tag.
async fn update_user(admin: &User, target: &str, change: &serde_json::Value) -> ApiResponse {
    let tag = admin.get(target).send().await.header("etag").to_owned();
    admin.patch(target).header("if-match", tag).json(change).send().await
}
