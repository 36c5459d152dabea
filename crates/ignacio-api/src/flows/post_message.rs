//! Posts a user's message and requests the reply.

use ignacio_domain::ids::{ConversationId, FileId};
use ignacio_domain::message::{MAX_ATTACHMENTS, MessageBody, NewMessage};
use ignacio_domain::prompt::MAX_OUTPUT_TOKENS;
use ignacio_domain::usage::{Reservation, Usage};
use ignacio_persistence::{NewReply, PostedMessage, StoreError, UserScope};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::Caller;
use crate::problem::{ApiError, FieldError, ResourceKind, ValidationCode};
use crate::state::AppState;

/// The constraint that a conversation has at most one running response.
const ONE_RUNNING_RESPONSE: &str = "responses_running_key";

/// A message to post.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostMessage {
    /// The text: not blank, at most 32 KiB.
    #[schema(min_length = 1, max_length = 32768)]
    content: String,
    /// Stored files to attach.
    #[serde(default)]
    #[validate(length(max = 20, code = "too-many-files"))]
    #[schema(max_items = 20)]
    file_ids: Vec<Uuid>,
    /// The model that is to reply, one of those in `GET /v1/me/usage`; by default the first of them.
    #[schema(max_length = 100)]
    model: Option<String>,
}

impl PostMessage {
    /// The message and the requested model. `pointer_prefix` is the JSON pointer of this object in
    /// the body.
    pub(crate) fn parse(
        self,
        pointer_prefix: &str,
    ) -> Result<(NewMessage, Option<String>), ApiError> {
        let body = MessageBody::parse(self.content).map_err(|error| {
            ApiError::invalid(format!("{pointer_prefix}/content"), error.into())
        })?;
        let mut files = Vec::with_capacity(self.file_ids.len().min(MAX_ATTACHMENTS));
        for id in self.file_ids.into_iter().map(FileId::from_uuid) {
            if !files.contains(&id) {
                files.push(id);
            }
        }
        Ok((NewMessage { body, files }, self.model))
    }
}

/// Approximate size of the instructions, for reservations.
const INSTRUCTION_TOKENS: i64 = 1_000;
/// A token is about four bytes of text.
const BYTES_PER_TOKEN: usize = 4;

/// A new reply by the requested model, if the caller's role may use it. `pointer_prefix` is the JSON
/// pointer of the object that names the model.
pub(crate) fn select_model(
    state: &AppState,
    scope: &UserScope,
    model: Option<&str>,
    pointer_prefix: &str,
) -> Result<NewReply, ApiError> {
    match state.settings.models.select(scope.identity().role, model) {
        Some(model) => Ok(NewReply::by(model)),
        None => Err(ApiError::invalid(
            format!("{pointer_prefix}/model"),
            ValidationCode::ModelNotAllowed,
        )),
    }
}

/// Stores a message in one of the caller's conversations and requests the reply.
pub(crate) async fn post(
    state: &AppState,
    caller: &Caller,
    scope: UserScope,
    conversation: ConversationId,
    message: &NewMessage,
    model: Option<&str>,
) -> Result<(UserScope, PostedMessage), ApiError> {
    let new_reply = select_model(state, &scope, model, "")?;
    check_files(&scope, message, "").await?;
    let posted = match scope.messages().post(conversation, message, &new_reply).await {
        Ok(Some(posted)) => posted,
        Ok(None) => return Err(ApiError::NotFound(ResourceKind::Conversation)),
        Err(StoreError::Conflict(constraint)) if constraint == ONE_RUNNING_RESPONSE => {
            // Return the connection first: holding one while waiting for another can deadlock.
            drop(scope);
            return Err(running_error(state, caller, conversation).await?);
        }
        Err(error) => return Err(error.into()),
    };
    reserve(state, &scope, &new_reply, message.body.as_str().len()).await?;
    Ok((scope, posted))
}

/// Reserves the usage that a reply may cost, so that no request to the provider exceeds the quotas of
/// the caller's role. The history is left out: its size in the prompt is only known later, and a user
/// can only run a few replies at once.
pub(crate) async fn reserve(
    state: &AppState,
    scope: &UserScope,
    new_reply: &NewReply,
    n_bytes: usize,
) -> Result<(), ApiError> {
    let models = &state.settings.models;
    let message_tokens = i64::try_from(n_bytes / BYTES_PER_TOKEN).unwrap_or(i64::MAX / 2);
    let usage = Usage {
        input: message_tokens + INSTRUCTION_TOKENS,
        output: MAX_OUTPUT_TOKENS.into(),
        ..Usage::default()
    };
    let reservation = Reservation {
        response: new_reply.response,
        model: new_reply.model.clone(),
        tokens: usage.input + usage.output,
        cost_micro_usd: models.cost(&new_reply.model, usage),
    };
    match scope.usage().reserve(&reservation, &models.policy(scope.identity().role).limits).await? {
        None => Ok(()),
        Some(exceeded) => Err(ApiError::QuotaExceeded(exceeded)),
    }
}

/// Refuses files that the caller does not own and files that failed to be indexed, each with a
/// pointer to it.
pub(crate) async fn check_files(
    scope: &UserScope,
    message: &NewMessage,
    pointer_prefix: &str,
) -> Result<(), ApiError> {
    let missing = scope.files().missing(&message.files).await?;
    if !missing.is_empty() {
        let errors = field_errors(message, &missing, pointer_prefix, ValidationCode::FileNotFound);
        return Err(ApiError::FilesNotFound(errors));
    }
    let failed = scope.files().failed(&message.files).await?;
    if !failed.is_empty() {
        return Err(ApiError::Invalid(field_errors(
            message,
            &failed,
            pointer_prefix,
            ValidationCode::FileFailed,
        )));
    }
    Ok(())
}

fn field_errors(
    message: &NewMessage,
    files: &[FileId],
    pointer_prefix: &str,
    rule: ValidationCode,
) -> Vec<FieldError> {
    let places = message.files.iter().enumerate().filter(|(_, id)| files.contains(id));
    places
        .map(|(index, _)| FieldError::new(format!("{pointer_prefix}/file_ids/{index}"), rule))
        .collect()
}

/// The conflict, with the id of the running response. The failed statement has aborted the first
/// scope, so this opens another.
async fn running_error(
    state: &AppState,
    caller: &Caller,
    conversation: ConversationId,
) -> Result<ApiError, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let running = scope.responses().running(conversation).await?;
    scope.commit().await?;
    Ok(ApiError::ResponseRunning { response: running.map(|it| it.id) })
}

#[cfg(test)]
mod tests {
    //! Messages are parsed with a pointer to what is wrong.

    use super::*;

    #[test]
    fn a_file_named_twice_is_attached_once() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let post = PostMessage {
            content: " hola ".to_owned(),
            file_ids: vec![one, other, one],
            model: None,
        };
        let (message, _) = post.parse("").unwrap();
        assert_eq!(message.body.as_str(), " hola ");
        assert_eq!(message.files, [FileId::from_uuid(one), FileId::from_uuid(other)]);
    }

    #[test]
    fn a_blank_message_is_refused_with_its_pointer() {
        let post = PostMessage { content: "\n".to_owned(), file_ids: vec![], model: None };
        let error = post.parse("/message").unwrap_err();
        let ApiError::Invalid(errors) = error else { panic!("{error:?}") };
        assert_eq!(errors, [FieldError::new("/message/content", ValidationCode::MessageBlank)]);
    }

    #[test]
    fn the_validator_agrees_with_the_domain() {
        let post = |n_files| PostMessage {
            content: "x".to_owned(),
            file_ids: vec![Uuid::nil(); n_files],
            model: None,
        };
        assert!(post(MAX_ATTACHMENTS).validate().is_ok());
        assert!(post(MAX_ATTACHMENTS + 1).validate().is_err());
    }
}
