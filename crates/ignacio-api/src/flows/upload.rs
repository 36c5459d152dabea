//! Uploads a file: reserves a row, checks the bytes while it streams them to the object store in
//! bounded memory, and makes the row visible. An upload that is cut off leaves nothing behind.

mod form;
mod key;
mod reader;
mod task;

use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::http::header::{self, HeaderMap};
use futures_util::TryStreamExt as _;
use ignacio_domain::ids::ConversationId;

use self::form::{broken, pointer_of, read_id};
pub(crate) use self::key::UploadKey;
use self::reader::UploadReader;
use crate::auth::Caller;
use crate::flows::idempotency::IdempotentResponse;
use crate::problem::{ApiError, Unsupported, ValidationCode};
use crate::state::AppState;

/// How long the whole form may take to arrive.
const DEADLINE: Duration = Duration::from_mins(2);
/// The maximum size of a form without the file's bytes.
const FORM_OVERHEAD: u64 = 64 * 1024;

/// Refuses a request whose headers declare another content type or too many bytes.
pub(crate) fn check_headers(headers: &HeaderMap, limit: u64) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let declared = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data")
        || text(header::CONTENT_ENCODING).is_some()
    {
        return Err(ApiError::Unsupported(Unsupported::ContentType));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    match length {
        Some(length) if length > limit.saturating_add(FORM_OVERHEAD) => {
            Err(ApiError::TooLarge { limit })
        }
        _ => Ok(()),
    }
}

/// Reads a form with one file and stores it, unless the same upload was sent before with its key.
pub(crate) async fn receive(
    state: &AppState,
    caller: &Caller,
    form: Multipart,
    key: UploadKey,
) -> Result<IdempotentResponse, ApiError> {
    let _permit = state.acquire_upload_permit()?;
    let reader = tokio::time::timeout(DEADLINE, read_form(state, caller, form, key)).await;
    reader.unwrap_or(Err(ApiError::RequestTimeout))?.finish().await
}

/// Reads the form to its end. An early return drops the reader, which undoes the upload.
async fn read_form(
    state: &AppState,
    caller: &Caller,
    mut form: Multipart,
    key: UploadKey,
) -> Result<UploadReader, ApiError> {
    let mut earlier = key.lookup(state, caller).await?;
    let mut conversation: Option<ConversationId> = None;
    let mut reader: Option<UploadReader> = None;
    while let Some(mut field) = form.try_next().await.map_err(|error| broken(&error))? {
        match (field.name().unwrap_or_default(), &reader, &conversation) {
            ("conversation_id", Some(_), _) => {
                return refuse("/conversation_id", ValidationCode::AfterFile);
            }
            ("conversation_id", None, Some(_)) => {
                return refuse("/conversation_id", ValidationCode::Duplicate);
            }
            ("conversation_id", None, None) => conversation = Some(read_id(&mut field).await?),
            ("file", Some(_), _) => return refuse("/file", ValidationCode::Duplicate),
            ("file", None, _) => {
                let (key, earlier) = (key.clone(), earlier.take());
                reader = Some(
                    UploadReader::read(state, caller, conversation, &mut field, key, earlier)
                        .await?,
                );
            }
            (other, ..) => return refuse(&pointer_of(other), ValidationCode::UnknownField),
        }
    }
    reader.ok_or_else(|| ApiError::invalid("/file", ValidationCode::Required))
}

fn refuse<T>(pointer: &str, rule: ValidationCode) -> Result<T, ApiError> {
    Err(ApiError::invalid(pointer, rule))
}

#[cfg(test)]
mod tests {
    //! Wrong headers are refused before the body is read.

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn checked(content_type: &'static str, length: &'static str) -> Result<(), ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(length));
        check_headers(&headers, 1000)
    }

    #[test]
    fn headers_are_checked() {
        assert!(checked("multipart/form-data; boundary=x", "66536").is_ok());
        assert!(matches!(
            checked("Multipart/Form-Data; boundary=x", "66537"),
            Err(ApiError::TooLarge { limit: 1000 })
        ));
        for other in ["application/json", "multipart/mixed; boundary=x", ""] {
            assert!(matches!(checked(other, "1"), Err(ApiError::Unsupported(_))), "{other}");
        }
    }
}
