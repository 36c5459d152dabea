//! Takes in a multipart upload, piece by piece, with bounded memory.

use std::io;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{HttpRequest, http::header, web};
use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use crate::openai::{calls::Upload, ids, refusal::Refusal, world::World};

/// What a file may be for.
const PURPOSES: &[&str] = &["assistants", "batch", "evals", "fine-tune", "user_data", "vision"];

/// A plain field holds at most this many bytes.
const FIELD: usize = 4096;

/// An upload that was read whole.
pub(crate) struct Received {
    /// What it carried.
    pub(crate) summary: Upload,
    /// The bytes.
    pub(crate) draft: NamedTempFile,
    /// How many seconds the file is to be kept.
    pub(crate) lives: Option<i64>,
}

/// The parts that were seen so far.
#[derive(Default)]
struct Parts {
    purpose: Option<String>,
    anchor: Option<String>,
    seconds: Option<String>,
    file: Option<(Upload, NamedTempFile)>,
}

/// Reads an upload.
pub(crate) async fn receive(
    world: &World,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Received, Refusal> {
    let mut multipart = Multipart::new(request.headers(), payload);
    let mut parts = Parts::default();
    while let Some(field) = multipart.try_next().await.map_err(|it| malformed(&it))? {
        match field.name().unwrap_or_default() {
            "purpose" => parts.purpose = Some(text(field).await?),
            "expires_after[anchor]" => parts.anchor = Some(text(field).await?),
            "expires_after[seconds]" => parts.seconds = Some(text(field).await?),
            "file" => parts.take_file(world, request, field).await?,
            _ => drop(text(field).await?),
        }
    }
    parts.finish()
}

impl Parts {
    async fn take_file(
        &mut self,
        world: &World,
        request: &HttpRequest,
        mut field: Field,
    ) -> Result<(), Refusal> {
        let most = world.options.max_file_bytes;
        let doing = |error: io::Error| Refusal::own_fault("write the upload", &error);
        // In the folder of the blobs, so that it can be moved to its place.
        let folder = world.disk.blob("");
        let draft = NamedTempFile::new_in(folder).map_err(doing)?;
        let mut file = tokio::fs::File::from_std(draft.reopen().map_err(doing)?);
        let mut digest = Sha256::new();
        let mut bytes = 0_u64;
        while let Some(piece) = field.try_next().await.map_err(|it| malformed(&it))? {
            bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            if bytes > most {
                return Err(Refusal::too_large(most));
            }
            digest.update(&piece);
            file.write_all(&piece).await.map_err(doing)?;
        }
        file.flush().await.map_err(doing)?;
        let summary = Upload {
            filename: filename(&field),
            purpose: String::new(),
            content_type: field.content_type().map(ToString::to_string),
            bytes,
            sha256: ids::hex(&digest.finalize()),
            has_content_length: request.headers().contains_key(header::CONTENT_LENGTH),
            has_purpose_first: self.purpose.is_some(),
        };
        self.file = Some((summary, draft));
        Ok(())
    }

    fn finish(self) -> Result<Received, Refusal> {
        let Some((mut summary, draft)) = self.file else {
            return Err(Refusal::bad("'file' is a required property"));
        };
        let purpose =
            self.purpose.ok_or_else(|| Refusal::bad("'purpose' is a required property"))?;
        if !PURPOSES.contains(&purpose.as_str()) {
            let message = format!("'{purpose}' is not one of {PURPOSES:?} - 'purpose'");
            return Err(Refusal::bad(message));
        }
        if summary.bytes == 0 {
            return Err(Refusal::bad("File is empty."));
        }
        summary.purpose = purpose;
        let lives = lifetime(self.anchor.as_deref(), self.seconds.as_deref())?;
        Ok(Received { summary, draft, lives })
    }
}

fn lifetime(anchor: Option<&str>, seconds: Option<&str>) -> Result<Option<i64>, Refusal> {
    let Some(seconds) = seconds else { return Ok(None) };
    if anchor != Some("created_at") {
        let anchor = anchor.unwrap_or_default();
        return Err(Refusal::wrong_value("expires_after.anchor", anchor, &["created_at"]));
    }
    let param = "expires_after.seconds";
    let wrong = |_error| Refusal::wrong_type(param, "an integer");
    let seconds: u32 = seconds.parse().map_err(wrong)?;
    if !(3_600..=2_592_000).contains(&seconds) {
        return Err(Refusal::out_of_bounds(param, u64::from(seconds), 3_600, 2_592_000));
    }
    Ok(Some(i64::from(seconds)))
}

/// The name of the file, in whichever way the client wrote it.
fn filename(field: &Field) -> String {
    let disposition = field.content_disposition();
    let extended = disposition.and_then(|it| it.get_filename_ext());
    let extended = extended.map(|it| String::from_utf8_lossy(&it.value).into_owned());
    let plain = disposition.and_then(|it| it.get_filename()).map(str::to_owned);
    extended.or(plain).unwrap_or_else(|| "upload".to_owned())
}

async fn text(mut field: Field) -> Result<String, Refusal> {
    let name = field.name().unwrap_or_default().to_owned();
    let bytes = field.bytes(FIELD).await;
    let bytes = bytes.map_err(|_error| Refusal::bad(format!("The field '{name}' is too long.")))?;
    let bytes = bytes.map_err(|error| malformed(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn malformed(error: &MultipartError) -> Refusal {
    Refusal::bad(format!("The multipart body could not be parsed: {error}."))
}
