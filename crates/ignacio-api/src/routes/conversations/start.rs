//! Starts a conversation, with or without its first message.

use actix_web::{HttpRequest, post, web};
use ignacio_domain::conversation::ConversationTitle;
use ignacio_domain::ids::ConversationId;
use ignacio_domain::message::NewMessage;
use ignacio_persistence::UserScope;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::Caller;
use crate::extract::{ValidJson, object};
use crate::flows::idempotency::{Creation, IdempotencyKey, IdempotentResponse};
use crate::flows::post_message::{self, PostMessage};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::Created;
use crate::state::AppState;
use crate::views::conversation::{StartedView, StartedWithMessageView};

/// A conversation to start.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartConversation {
    /// 1 to 200 characters; without one, a title is generated.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// The first message.
    #[serde(default, deserialize_with = "object")]
    #[validate(nested)]
    message: Option<PostMessage>,
}

/// Starts a conversation.
///
/// With a message, the same call posts it and requests a reply.
#[utoipa::path(
    tag = "conversations",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = StartConversation,
    responses(
        (status = CREATED, body = StartedView, headers(
            ("Location" = String, description = "The conversation"),
        )),
        (status = NOT_FOUND, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/conversations")]
#[tracing::instrument(skip_all)]
pub(crate) async fn start_conversation(
    caller: Caller,
    ValidJson(body): ValidJson<StartConversation>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<IdempotentResponse, ApiError> {
    let key = IdempotencyKey::of(&request)?;
    let title = body.title.as_deref().map(ConversationTitle::parse).transpose();
    let title = title.map_err(|error| ApiError::invalid("/title", error.into()))?;
    let message = body.message.map(|message| message.parse("/message")).transpose()?;
    let id = ConversationId::new();

    let scope = state.db.begin(caller.session()).await?;
    let work = async |scope: UserScope| {
        let conversation = scope.conversations().insert(id, title.as_ref()).await?;
        let view = match &message {
            Some((message, model)) => {
                with_message(&state, &scope, id, message, model.as_deref()).await?
            }
            None => StartedView::Alone(conversation.into()),
        };
        let created = Created { location: format!("/v1/conversations/{id}"), view };
        Ok(Creation { scope, created, conversation: Some(id) })
    };
    let response = key.run(scope, work).await?;
    if let Some(reply) = response.reply()
        && response.is_first()
    {
        state.enqueue_local(reply);
    }

    Ok(response)
}

/// Posts the first message and requests the reply.
async fn with_message(
    state: &AppState,
    scope: &UserScope,
    id: ConversationId,
    message: &NewMessage,
    model: Option<&str>,
) -> Result<StartedView, ApiError> {
    let new_reply = post_message::select_model(state, scope, model, "/message")?;
    post_message::check_files(scope, message, "/message").await?;
    let posted = scope.messages().post(id, message, &new_reply).await?;
    post_message::reserve(state, scope, &new_reply, message.body.as_str().len()).await?;
    // The message has changed the counts.
    let conversation = scope.conversations().find(id).await?;
    let (Some(posted), Some(conversation)) = (posted, conversation) else {
        return Err(ApiError::NotFound(ResourceKind::Conversation));
    };
    let started =
        StartedWithMessageView { conversation: conversation.into(), posted: posted.into() };
    Ok(StartedView::WithMessage(Box::new(started)))
}
