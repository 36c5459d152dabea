//! A turn of a chat: the person's message goes in, and a reply is asked for.

use ignacio_domain::ids::{ConversationId, FileId};
use ignacio_domain::message::{MAX_ATTACHMENTS, MessageBody, NewMessage};
use ignacio_domain::prompt::MAX_OUTPUT_TOKENS;
use ignacio_domain::usage::{Reservation, Usage};
use ignacio_domain::user::Role;
use ignacio_persistence::{NewReply, PostedMessage, StoreError, UserScope};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::Caller;
use crate::problem::{ApiError, FieldError, Rule, Thing};
use crate::state::AppState;

/// The schema's rule that a conversation has one running reply at most.
const ONE_REPLY_AT_A_TIME: &str = "responses_running_key";

/// A message to send.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostMessage {
    /// What it says: not blank, at most 32 KiB.
    #[schema(min_length = 1, max_length = 32768)]
    content: String,
    /// Stored files to hang on it.
    #[serde(default)]
    #[validate(length(max = 20, code = "too-many-files"))]
    #[schema(max_items = 20)]
    file_ids: Vec<Uuid>,
    /// The model that is to answer, one of those that `GET /v1/me/usage` names; the usual one
    /// unless said otherwise.
    #[schema(max_length = 100)]
    model: Option<String>,
}

impl PostMessage {
    /// The model that is asked for.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The domain's message. `above` is where this object stands in the body.
    pub(crate) fn parse(self, above: &str) -> Result<NewMessage, ApiError> {
        let body = MessageBody::parse(self.content)
            .map_err(|error| ApiError::invalid(format!("{above}/content"), error.into()))?;
        let mut files = Vec::with_capacity(self.file_ids.len().min(MAX_ATTACHMENTS));
        for id in self.file_ids.into_iter().map(FileId::from_uuid) {
            if !files.contains(&id) {
                files.push(id);
            }
        }
        Ok(NewMessage { body, files })
    }
}

/// About what the instructions take, for what is reserved.
const INSTRUCTION_TOKENS: i64 = 1_000;
/// A token is about four bytes of text.
const BYTES_PER_TOKEN: usize = 4;

/// The reply that the caller asks for: by the model that they name, when they may have it.
/// `above` is where the object with the model stands in the body.
pub(crate) fn wanted(
    state: &AppState,
    role: Role,
    model: Option<&str>,
    above: &str,
) -> Result<NewReply, ApiError> {
    match state.settings.models.select(role, model) {
        Some(model) => Ok(NewReply::by(model)),
        None => Err(ApiError::invalid(format!("{above}/model"), Rule::ModelNotAllowed)),
    }
}

/// Stores a message in a conversation of the caller's and asks for the reply.
pub(crate) async fn post(
    state: &AppState,
    caller: &Caller,
    scope: UserScope,
    conversation: ConversationId,
    message: &NewMessage,
    wanted: &NewReply,
) -> Result<(UserScope, PostedMessage), ApiError> {
    check_files(&scope, message, "").await?;
    let posted = match scope.messages().post(conversation, message, wanted).await {
        Ok(Some(posted)) => posted,
        Ok(None) => return Err(ApiError::NotFound(Thing::Conversation)),
        Err(StoreError::Conflict(rule)) if rule == ONE_REPLY_AT_A_TIME => {
            // Its connection must go back first: whoever holds one and waits for another may wait
            // for ever.
            drop(scope);
            return Err(running(state, caller, conversation).await?);
        }
        Err(error) => return Err(error.into()),
    };
    reserve(state, &scope, wanted, message.body.as_str().len()).await?;
    Ok((scope, posted))
}

/// Reserves what a reply may cost, so that nothing is asked of the provider beyond the limits of
/// the caller's role. The history is not reckoned with: how much of it is told is known later, and
/// no more than a few replies of one person run at once.
pub(crate) async fn reserve(
    state: &AppState,
    scope: &UserScope,
    wanted: &NewReply,
    n_bytes: usize,
) -> Result<(), ApiError> {
    let models = &state.settings.models;
    let said = i64::try_from(n_bytes / BYTES_PER_TOKEN).unwrap_or(i64::MAX / 2);
    let usage = Usage {
        input: said + INSTRUCTION_TOKENS,
        output: MAX_OUTPUT_TOKENS.into(),
        ..Usage::default()
    };
    let reservation = Reservation {
        response: wanted.response,
        model: wanted.model.clone(),
        tokens: usage.input + usage.output,
        cost_micro_usd: models.cost(&wanted.model, usage),
    };
    match scope.usage().reserve(&reservation, &models.policy(scope.identity().role).limits).await? {
        None => Ok(()),
        Some(spent_up) => Err(ApiError::QuotaExceeded(spent_up)),
    }
}

/// Refuses files that the caller does not have, and those that nothing can be read in, each by its
/// place.
pub(crate) async fn check_files(
    scope: &UserScope,
    message: &NewMessage,
    above: &str,
) -> Result<(), ApiError> {
    let missing = scope.files().missing(&message.files).await?;
    if !missing.is_empty() {
        let errors = named(message, &missing, above, Rule::FileGone);
        return Err(ApiError::FilesNotFound(errors));
    }
    let failed = scope.files().failed(&message.files).await?;
    if !failed.is_empty() {
        return Err(ApiError::Invalid(named(message, &failed, above, Rule::FileFailed)));
    }
    Ok(())
}

fn named(message: &NewMessage, files: &[FileId], above: &str, rule: Rule) -> Vec<FieldError> {
    let places = message.files.iter().enumerate().filter(|(_, id)| files.contains(id));
    places.map(|(index, _)| FieldError::new(format!("{above}/file_ids/{index}"), rule)).collect()
}

/// The conflict, with the id of the reply that is in the way. The failed statement has ended the
/// first scope, so this takes another.
async fn running(
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
    //! Messages are parsed once, with the place of what is wrong.

    use super::*;

    #[test]
    fn a_file_named_twice_hangs_once() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let post = PostMessage {
            content: " hola ".to_owned(),
            file_ids: vec![one, other, one],
            model: None,
        };
        let message = post.parse("").unwrap();
        assert_eq!(message.body.as_str(), " hola ");
        assert_eq!(message.files, [FileId::from_uuid(one), FileId::from_uuid(other)]);
    }

    #[test]
    fn a_blank_message_is_refused_where_it_stands() {
        let post = PostMessage { content: "\n".to_owned(), file_ids: vec![], model: None };
        let error = post.parse("/message").unwrap_err();
        let ApiError::Invalid(errors) = error else { panic!("{error:?}") };
        assert_eq!(errors, [FieldError::new("/message/content", Rule::MessageBlank)]);
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
