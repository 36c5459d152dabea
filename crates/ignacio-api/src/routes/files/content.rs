//! A file's bytes, whole or in part, in a form that no browser runs.

use actix_web::body::SizedStream;
use actix_web::http::header::{self, ContentRange, ContentRangeSpec, EntityTag};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, web};
use ignacio_domain::file::{ObjectKey, StoredFile};
use ignacio_domain::ids::FileId;
use ignacio_domain::ports::{ByteRange, ObjectContent};

use crate::auth::Caller;
use crate::disposition;
use crate::etag;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::range::RangeOutcome;
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
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
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
    let (file, key) = find(&state, &caller, *id).await?;
    // A row's bytes never change, so its id can stand for a hash that was never taken.
    let tag = match &file.sha256 {
        Some(sha256) => etag::of_content(sha256)?,
        None => etag::of_content(&file.id.to_string())?,
    };
    if is_unchanged(&request, &tag) {
        return Ok(unchanged(&tag));
    }

    // Without a hash, the row's size was imported and never checked either.
    let size = match &file.sha256 {
        Some(_) => u64::try_from(file.size).map_err(ApiError::internal)?,
        None => state.store.get(&key, None).await?.size,
    };
    let mut response = match outcome(&request, &tag, size) {
        RangeOutcome::Unsatisfiable => return Err(ApiError::RangeNotSatisfiable { size }),
        RangeOutcome::Whole => whole(&file, open(&state, &key, size, None).await?),
        RangeOutcome::Part(range) => {
            partial(&file, range, open(&state, &key, size, Some(range)).await?)
        }
    };
    tag_with(response.headers_mut(), &tag);
    Ok(response)
}

async fn find(
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

fn outcome(request: &HttpRequest, tag: &EntityTag, size: u64) -> RangeOutcome {
    if etag::permits_range(request, tag) {
        RangeOutcome::of(request, size)
    } else {
        RangeOutcome::Whole
    }
}

async fn open(
    state: &AppState,
    key: &ObjectKey,
    size: u64,
    range: Option<ByteRange>,
) -> Result<ObjectContent, ApiError> {
    let content = state.store.get(key, range).await?;
    if content.size == size {
        Ok(content)
    } else {
        let stored = content.size;
        Err(ApiError::internal(format!("the row says {size} bytes, the store {stored}")))
    }
}

fn whole(file: &StoredFile, content: ObjectContent) -> HttpResponse {
    described(HttpResponse::Ok(), file).body(SizedStream::new(content.size, content.bytes))
}

fn partial(file: &StoredFile, range: ByteRange, content: ObjectContent) -> HttpResponse {
    let described_range = ContentRange(ContentRangeSpec::Bytes {
        range: Some((range.first, range.last)),
        instance_length: Some(content.size),
    });
    described(HttpResponse::PartialContent(), file)
        .insert_header(described_range)
        .body(SizedStream::new(range.length(), content.bytes))
}

fn described(mut response: HttpResponseBuilder, file: &StoredFile) -> HttpResponseBuilder {
    response
        .content_type(file.media_type.as_str())
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header(disposition::attachment(&file.name))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    response
}
