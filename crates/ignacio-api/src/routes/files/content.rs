//! A file's bytes, whole or in part, in a form that no browser runs.

use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, web};
use futures_util::StreamExt as _;
use ignacio_domain::file::{ObjectKey, StoredFile};
use ignacio_domain::ids::FileId;
use ignacio_domain::ports::ByteStream;

use crate::auth::Caller;
use crate::disposition;
use crate::etag::Etag;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::range::{self, ByteRange, Wanted};
use crate::responders::{is_unchanged, tag_with, unchanged};
use crate::state::AppState;

/// Even if a browser were made to show the file, it could do nothing.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// Gives a file's bytes, whole or one range of them.
#[utoipa::path(
    tag = "files",
    params(
        ("id" = Uuid, Path, description = "The file"),
        ("Range" = Option<String>, Header, description = "One range of bytes"),
    ),
    responses(
        (status = OK, description = "All of it", content_type = "*/*",
            body = Vec<u8>, headers(("ETag" = String), ("Content-Disposition" = String))),
        (status = PARTIAL_CONTENT, description = "The range", content_type = "*/*",
            body = Vec<u8>, headers(("ETag" = String), ("Content-Range" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = NOT_FOUND, response = Problem),
        (status = RANGE_NOT_SATISFIABLE, response = Problem),
    ),
)]
#[get("/files/{id}/content")]
#[tracing::instrument(skip_all, fields(file.id = %*id))]
pub(crate) async fn download_file(
    caller: Caller,
    id: PathId<FileId>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let (file, key) = look_up(&state, &caller, *id).await?;
    // A row's bytes never change, so that its id can stand for a sum that nobody took.
    let tag = match &file.sha256 {
        Some(sha256) => Etag::of_content(sha256),
        None => Etag::of_content(&file.id.to_string()),
    };
    if is_unchanged(&request, &tag) {
        return Ok(unchanged(&tag));
    }

    // Where no sum was taken, the size is hearsay, too.
    let size = match &file.sha256 {
        Some(_) => u64::try_from(file.size).map_err(ApiError::internal)?,
        None => state.store.get(&key).await?.0,
    };
    let mut answer = match part_of(request.headers(), &tag, size) {
        Wanted::Nothing => return Err(ApiError::RangeNotSatisfiable { size }),
        Wanted::Whole => whole(&file, size, open(&state, &key, size).await?),
        Wanted::Part(part) => partial(&file, size, part, open(&state, &key, size).await?),
    };
    tag_with(answer.headers_mut(), &tag);
    Ok(answer)
}

async fn look_up(
    state: &AppState,
    caller: &Caller,
    id: FileId,
) -> Result<(StoredFile, ObjectKey), ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let file = scope.files().find(id).await?;
    let key = scope.files().key(id).await?;
    scope.commit().await?;
    file.zip(key).ok_or(ApiError::NotFound(ResourceKind::File))
}

fn part_of(headers: &HeaderMap, tag: &Etag, size: u64) -> Wanted {
    if tag.permits_range(headers) { range::wanted(headers, size) } else { Wanted::Whole }
}

async fn open(state: &AppState, key: &ObjectKey, size: u64) -> Result<ByteStream, ApiError> {
    let (stored, content) = state.store.get(key).await?;
    if stored == size {
        Ok(content)
    } else {
        Err(ApiError::internal(format!("the row says {size} bytes, the store {stored}")))
    }
}

fn whole(file: &StoredFile, size: u64, content: ByteStream) -> HttpResponse {
    described(HttpResponse::Ok(), file).body(SizedStream::new(size, content))
}

fn partial(file: &StoredFile, size: u64, part: ByteRange, content: ByteStream) -> HttpResponse {
    let cut = range::cut(content, part).boxed_local();
    described(HttpResponse::PartialContent(), file)
        .insert_header((header::CONTENT_RANGE, part.of(size)))
        .body(SizedStream::new(part.length(), cut))
}

fn described(mut answer: HttpResponseBuilder, file: &StoredFile) -> HttpResponseBuilder {
    answer
        .content_type(file.media_type.as_str())
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_DISPOSITION, disposition::attachment(&file.name)))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    answer
}
