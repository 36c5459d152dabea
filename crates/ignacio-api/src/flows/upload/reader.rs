//! Reads the bytes of one file: counts, hashes and checks them, and passes them on in chunks.

use actix_multipart::Field;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Fuse, StreamExt as _, TryStreamExt as _};
use ignacio_domain::file::{FileName, MediaType, NewFile, StoredContent};
use ignacio_domain::ids::{ConversationId, FileId};
use ignacio_persistence::StoredResponse;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::form::{broken, name_of};
use super::key::{EarlierUpload, UploadKey, upload_digest};
use super::task::{UploadChunk, UploadEnd, UploadTask};
use crate::auth::Caller;
use crate::flows::idempotency::IdempotentResponse;
use crate::problem::{ApiError, Unsupported, ValidationCode};
use crate::sniff::{self, Utf8Checker};
use crate::state::AppState;

/// How many chunks (at most 64 KiB each) are buffered between client and store.
const CHUNKS: usize = 8;

/// A file that is being read. Dropping it before [`UploadReader::finish`] undoes everything.
pub(super) struct UploadReader {
    name: FileName,
    conversation: Option<ConversationId>,
    size_and_hash: SizeAndHash,
    destination: Destination,
}

/// Where the bytes are sent.
enum Destination {
    /// To the object store, through a task.
    Store { chunks: mpsc::Sender<UploadChunk>, task: JoinHandle<Result<StoredResponse, ApiError>> },
    /// Nowhere: the key has a response already, and only the digest matters.
    Compare(Box<EarlierUpload>),
}

/// The size and hash of the bytes so far.
struct SizeAndHash {
    limit: u64,
    size: u64,
    hash: Sha256,
    /// For text files only.
    watch: Option<Utf8Checker>,
}

impl UploadReader {
    /// Reads the whole `file` field. Once the first bytes are checked it reserves a row and starts
    /// the task that stores the content, unless the key has been used before.
    pub(super) async fn read(
        state: &AppState,
        caller: &Caller,
        conversation: Option<ConversationId>,
        field: &mut Field,
        key: UploadKey,
        earlier: Option<EarlierUpload>,
    ) -> Result<Self, ApiError> {
        let name = name_of(field)?;
        let mut field = field.fuse();
        let mut size_and_hash = SizeAndHash::new(state.settings.upload_max_bytes);
        let head = read_head(&mut field, size_and_hash.limit).await?;
        let media_type = check_type(&head, &name)?;
        if sniff::is_text(media_type) {
            size_and_hash.watch = Some(Utf8Checker::default());
        }

        let destination = if let Some(earlier) = earlier {
            Destination::Compare(Box::new(earlier))
        } else {
            let file = NewFile { id: FileId::new(), name: name.clone(), media_type };
            let task = UploadTask::reserve(state, caller, conversation, &file, key).await?;
            let (chunks, waiting) = mpsc::channel(CHUNKS);
            Destination::Store { chunks, task: state.spawn(task.run(waiting)) }
        };
        let mut reader = Self { name, conversation, size_and_hash, destination };

        reader.pass_on(head).await?;
        while let Some(chunk) = field.try_next().await.map_err(|error| broken(&error))? {
            reader.pass_on(chunk).await?;
        }
        Ok(reader)
    }

    async fn pass_on(&mut self, chunk: Bytes) -> Result<(), ApiError> {
        self.size_and_hash.count(&chunk)?;
        match &mut self.destination {
            Destination::Compare(_) => Ok(()),
            Destination::Store { chunks, task } => {
                match chunks.send(UploadChunk::Bytes(chunk)).await {
                    Ok(()) => Ok(()),
                    // The store failed: the task has the error.
                    Err(_) => Err(failure(task).await),
                }
            }
        }
    }

    /// Announces the end of the file, and waits until it is stored and visible.
    pub(super) async fn finish(mut self) -> Result<IdempotentResponse, ApiError> {
        let content = self.size_and_hash.content()?;
        let digest = upload_digest(self.conversation, &self.name, &content);
        match self.destination {
            Destination::Compare(earlier) => earlier.replay(&digest),
            Destination::Store { chunks, mut task } => {
                if chunks.send(UploadChunk::End(UploadEnd { content, digest })).await.is_err() {
                    return Err(failure(&mut task).await);
                }
                let stored = task.await.map_err(ApiError::internal)?;
                stored.map(IdempotentResponse::First)
            }
        }
    }
}

async fn failure(task: &mut JoinHandle<Result<StoredResponse, ApiError>>) -> ApiError {
    match task.await {
        Ok(Err(error)) => error,
        Ok(Ok(_)) => ApiError::internal("the store finished before the upload"),
        Err(error) => ApiError::internal(error),
    }
}

impl SizeAndHash {
    fn new(limit: u64) -> Self {
        Self { limit, size: 0, hash: Sha256::new(), watch: None }
    }

    fn count(&mut self, chunk: &[u8]) -> Result<(), ApiError> {
        self.size = self.size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if self.size > self.limit {
            return Err(ApiError::TooLarge { limit: self.limit });
        }
        if self.watch.as_mut().is_some_and(|watch| !watch.takes(chunk)) {
            return Err(ApiError::Unsupported(Unsupported::File));
        }
        self.hash.update(chunk);
        Ok(())
    }

    fn content(&mut self) -> Result<StoredContent, ApiError> {
        if self.watch.as_ref().is_some_and(|watch| !watch.is_whole()) {
            return Err(ApiError::Unsupported(Unsupported::File));
        }
        Ok(StoredContent { size: self.size, sha256: self.hash.finalize_reset().into() })
    }
}

/// Reads until the type can be detected, or the file ends.
async fn read_head(field: &mut Fuse<&mut Field>, limit: u64) -> Result<Bytes, ApiError> {
    let mut head = BytesMut::new();
    while head.len() < sniff::HEAD_BYTES {
        let Some(chunk) = field.try_next().await.map_err(|error| broken(&error))? else { break };
        head.extend_from_slice(&chunk);
        if u64::try_from(head.len()).is_ok_and(|length| length > limit) {
            return Err(ApiError::TooLarge { limit });
        }
    }
    Ok(head.freeze())
}

fn check_type(head: &Bytes, name: &FileName) -> Result<MediaType, ApiError> {
    if head.is_empty() {
        return Err(ApiError::invalid("/file", ValidationCode::FileEmpty));
    }
    let deciding = head.get(..sniff::HEAD_BYTES).unwrap_or(head);
    sniff::media_type(deciding, name).ok_or(ApiError::Unsupported(Unsupported::File))
}
