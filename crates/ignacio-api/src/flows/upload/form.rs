//! Parses the fields of the form, and maps the parser's errors.

use actix_multipart::{Field, MultipartError};
use actix_web::http::header::{Charset, ContentDisposition};
use futures_util::TryStreamExt as _;
use ignacio_domain::file::FileName;
use ignacio_domain::ids::ConversationId;

use crate::problem::{ApiError, Malformed, Unsupported, ValidationCode};

/// The length of a UUID, with room for line breaks around it.
const MAX_ID_BYTES: usize = 40;
const MAX_POINTER_CHARS: usize = 64;

/// The error for a form that cannot be parsed.
pub(super) fn broken(error: &MultipartError) -> ApiError {
    match error {
        MultipartError::ContentTypeMissing | MultipartError::ContentTypeIncompatible => {
            ApiError::Unsupported(Unsupported::ContentType)
        }
        MultipartError::Payload(_) | MultipartError::Incomplete => {
            ApiError::Malformed(Malformed::Body)
        }
        _ => ApiError::Malformed(Malformed::Multipart),
    }
}

/// The pointer of a field, by its name as the client gave it.
pub(super) fn pointer_of(name: &str) -> String {
    let name: String = name.chars().take(MAX_POINTER_CHARS).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Reads `conversation_id`.
pub(super) async fn read_id(field: &mut Field) -> Result<ConversationId, ApiError> {
    let refused = || ApiError::invalid("/conversation_id", ValidationCode::Uuid);
    let mut bytes = Vec::with_capacity(MAX_ID_BYTES);
    while let Some(chunk) = field.try_next().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > MAX_ID_BYTES {
            return Err(refused());
        }
        bytes.extend_from_slice(&chunk);
    }
    let id = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
    id.ok_or_else(refused)
}

/// The file's name, as the client sent it.
pub(super) fn name_of(field: &Field) -> Result<FileName, ApiError> {
    let sent = field.content_disposition().and_then(sent_name).unwrap_or_default();
    FileName::parse(&sent).map_err(|error| ApiError::invalid("/file", error.into()))
}

/// `filename*` if it is present and UTF-8, else `filename`, in which browsers write a quotation
/// mark as `%22` (HTML, 4.10.22.8).
fn sent_name(disposition: &ContentDisposition) -> Option<String> {
    let extended = disposition
        .get_filename_ext()
        .filter(
            |it| matches!(&it.charset, Charset::Ext(name) if name.eq_ignore_ascii_case("utf-8")),
        )
        .and_then(|it| String::from_utf8(it.value.clone()).ok());
    extended.or_else(|| disposition.get_filename().map(|name| name.replace("%22", "\"")))
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Names are read as browsers and other clients write them.

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn name_in(value: &str) -> Option<String> {
        let header = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        sent_name(&ContentDisposition::from_raw(&header).unwrap())
    }

    #[test]
    fn names_are_read_however_they_are_written() {
        for (value, expected) in [
            (r#"form-data; name="file"; filename="año.pdf""#, "año.pdf"),
            (r#"form-data; name="file"; filename="a %22b%22.pdf""#, "a \"b\".pdf"),
            (r#"form-data; name="file"; filename="a \"b\".pdf""#, "a \"b\".pdf"),
            ("form-data; name=\"file\"; filename=\"x\"; filename*=UTF-8''a%C3%B1o.pdf", "año.pdf"),
        ] {
            assert_eq!(name_in(value).as_deref(), Some(expected), "{value}");
        }
        assert_eq!(name_in(r#"form-data; name="file""#), None);
    }

    #[test]
    fn pointers_are_short_and_escaped() {
        assert_eq!(pointer_of("a/b~c"), "/a~1b~0c");
        assert_eq!(pointer_of(&"x".repeat(100)).len(), 65);
    }
}
