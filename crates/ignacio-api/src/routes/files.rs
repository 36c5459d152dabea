//! Files: handing them over, listing, reading, deleting.

mod content;
mod list;

use actix_multipart::Multipart;
use actix_web::{HttpRequest, delete, get, post, web};
use ignacio_domain::ids::FileId;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use self::content::download_file;
pub(crate) use self::list::list_files;
use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::PathId;
use crate::flows::idempotency::IdempotentResponse;
use crate::flows::upload::{self as flow, UploadKey};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::{NoContent, WithEtag};
use crate::state::AppState;
use crate::views::file::FileView;

/// The form of an upload. `conversation_id` must come before `file`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the form")]
pub(crate) struct UploadForm {
    /// The conversation to use the file in first.
    conversation_id: Option<Uuid>,
    /// The file, with its name. Its type is detected from its content.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Uploads a file.
///
/// Documents are then copied into the library that replies can quote from; `sync` shows the state
/// of that.
#[utoipa::path(
    tag = "files",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = CREATED, body = FileView, headers(
            ("Location" = String, description = "The file"),
        )),
        (status = BAD_REQUEST, response = Problem),
        (status = NOT_FOUND, response = Problem),
        (status = PAYLOAD_TOO_LARGE, response = Problem),
        (status = UNSUPPORTED_MEDIA_TYPE, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[post("/files")]
#[tracing::instrument(skip_all)]
pub(crate) async fn upload_file(
    caller: Caller,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<AppState>,
) -> Result<IdempotentResponse, ApiError> {
    flow::check_headers(request.headers(), state.settings.upload_max_bytes)?;
    let key = UploadKey::of(&request)?;

    let form = Multipart::new(request.headers(), payload);
    let response = flow::receive(&state, &caller, form, key).await?;
    if response.is_first() {
        state.wake_worker();
    }

    Ok(response)
}

/// Shows a file without its content.
#[utoipa::path(
    tag = "files",
    params(("id" = Uuid, Path, description = "The file")),
    responses(
        (status = OK, body = FileView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/files/{id}")]
#[tracing::instrument(skip_all, fields(file.id = %*id))]
pub(crate) async fn show_file(
    caller: Caller,
    id: PathId<FileId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<FileView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(file) = scope.files().find(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::File));
    };
    scope.commit().await?;

    Ok(WithEtag(file.into()))
}

/// Deletes a file.
///
/// The owner no longer sees it once this responds; a worker then deletes the stored object and the
/// provider's copies.
#[utoipa::path(
    tag = "files",
    params(
        ("id" = Uuid, Path, description = "The file"),
        ("If-Match" = Option<String>, Header, description = "Deletes only what you have read"),
    ),
    responses(
        (status = NO_CONTENT, description = "The file is deleted"),
        (status = NOT_FOUND, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
    ),
)]
#[delete("/files/{id}")]
#[tracing::instrument(skip_all, fields(file.id = %*id))]
pub(crate) async fn delete_file(
    caller: Caller,
    id: PathId<FileId>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    if let Some(expected) = IfMatch::find(&request) {
        let current =
            scope.files().find(*id).await?.ok_or(ApiError::NotFound(ResourceKind::File))?;
        expected.check(&FileView::from(current))?;
    }
    if !scope.files().delete(*id).await? {
        return Err(ApiError::NotFound(ResourceKind::File));
    }
    scope.commit().await?;
    state.wake_worker();

    Ok(NoContent)
}
