//! Receives a multipart upload in pieces, with bounded memory.

use std::{collections::HashMap, io};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    HttpRequest,
    http::{StatusCode, header},
    web,
};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use crate::openai::{
    api_error::{ApiError, parse},
    limits::Int,
    request_log::Upload,
    state::State,
};

/// What a file may be for.
const PURPOSES: [&str; 6] = ["assistants", "batch", "evals", "fine-tune", "user_data", "vision"];

/// A plain field holds at most this many bytes.
const MAX_FIELD: usize = 4096;

/// An upload that was read whole.
pub(crate) struct Received {
    pub(crate) summary: Upload,
    /// The bytes.
    pub(crate) draft: NamedTempFile,
    /// Seconds until the file expires.
    pub(crate) lifetime: Option<i64>,
}

/// Reads an upload.
pub(crate) async fn receive(
    state: &State,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Received, ApiError> {
    let mut multipart = Multipart::new(request.headers(), payload);
    let mut fields: HashMap<String, String> = HashMap::new();
    let mut file = None;
    while let Some(field) = multipart.try_next().await.map_err(|it| malformed(&it))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let (mut summary, draft) = take_file(state, field).await?;
            summary.has_content_length = request.headers().contains_key(header::CONTENT_LENGTH);
            summary.has_purpose_first = fields.contains_key("purpose");
            file = Some((summary, draft));
        } else {
            let value = text(&name, field).await?;
            fields.insert(name, value);
        }
    }
    let required = |name: &str| ApiError::bad_request(format!("'{name}' is a required property"));
    let (mut summary, draft) = file.ok_or_else(|| required("file"))?;
    summary.purpose = fields.get("purpose").cloned().ok_or_else(|| required("purpose"))?;
    if !PURPOSES.contains(&summary.purpose.as_str()) {
        let message = format!("'{}' is not one of {PURPOSES:?} - 'purpose'", summary.purpose);
        return Err(ApiError::bad_request(message));
    }
    if summary.bytes == 0 {
        return Err(ApiError::bad_request("File is empty."));
    }
    Ok(Received { summary, draft, lifetime: lifetime(&fields)? })
}

async fn take_file(state: &State, mut field: Field) -> Result<(Upload, NamedTempFile), ApiError> {
    let max = state.options.max_file_bytes;
    let failed = |error: io::Error| ApiError::internal("write the upload", &error);
    // In the folder of the blobs, so that it can be moved to its place.
    let draft = NamedTempFile::new_in(state.folder.blob("")).map_err(failed)?;
    let mut file = tokio::fs::File::from_std(draft.reopen().map_err(failed)?);
    let mut digest = Sha256::new();
    let mut bytes = 0_u64;
    while let Some(piece) = field.try_next().await.map_err(|it| malformed(&it))? {
        bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if bytes > max {
            let message = format!("File is too large. The maximum size is {max} bytes.");
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        digest.update(&piece);
        file.write_all(&piece).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    let summary = Upload {
        filename: filename(&field),
        purpose: String::new(),
        bytes,
        sha256: hex::encode(digest.finalize()),
        has_content_length: false,
        has_purpose_first: false,
    };
    Ok((summary, draft))
}

fn lifetime(fields: &HashMap<String, String>) -> Result<Option<i64>, ApiError> {
    let Some(seconds) = fields.get("expires_after[seconds]") else { return Ok(None) };
    let param = "expires_after.anchor";
    if fields.get("expires_after[anchor]").is_none_or(|it| it != "created_at") {
        return Err(ApiError::invalid_value(param, "Supported values are: 'created_at'."));
    }
    let seconds: Value = seconds.parse().unwrap_or_else(|_| json!(seconds));
    let Int(seconds) = parse::<Int<3_600, 2_592_000>>(seconds)?;
    Ok(i64::try_from(seconds).ok())
}

/// The name of the file, in whichever way the client wrote it.
fn filename(field: &Field) -> String {
    let disposition = field.content_disposition();
    let extended = disposition.and_then(|it| it.get_filename_ext());
    let extended = extended.map(|it| String::from_utf8_lossy(&it.value).into_owned());
    let plain = disposition.and_then(|it| it.get_filename()).map(str::to_owned);
    extended.or(plain).unwrap_or_else(|| "upload".to_owned())
}

async fn text(name: &str, mut field: Field) -> Result<String, ApiError> {
    let bytes = field.bytes(MAX_FIELD).await;
    let bytes = bytes
        .map_err(|_error| ApiError::bad_request(format!("The field '{name}' is too long.")))?
        .map_err(|error| malformed(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn malformed(error: &MultipartError) -> ApiError {
    ApiError::bad_request(format!("The multipart body could not be parsed: {error}."))
}
