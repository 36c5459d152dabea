//! The bytes of one file on their way in: counted, hashed, judged, and handed on piece by piece.

use actix_multipart::Field;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Fuse, StreamExt as _, TryStreamExt as _};
use ignacio_domain::file::{FileName, MediaType, NewFile, StoredContent, StoredFile};
use ignacio_domain::ids::{ConversationId, FileId};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::form::{broken, name_of};
use super::keeping::{Keeping, Piece};
use crate::auth::Caller;
use crate::flows::once::Once;
use crate::problem::{ApiError, Rule, Unsupported};
use crate::sniff::{self, TextWatch};
use crate::state::AppState;

/// How many pieces (64 KiB at most, by the form's parser) wait between client and store.
const PIECES: usize = 8;

/// A file that is being taken in. Dropping it before [`Intake::finish`] undoes everything.
pub(super) struct Intake {
    pieces: mpsc::Sender<Piece>,
    keeping: JoinHandle<Result<StoredFile, ApiError>>,
    measure: Measure,
}

/// What is known of the bytes so far.
struct Measure {
    limit: u64,
    size: u64,
    hash: Sha256,
    /// Only for files that are text.
    watch: Option<TextWatch>,
}

impl Intake {
    /// Takes in the whole `file` field: reserves a row once the first bytes are judged, and starts
    /// the task that stores what follows.
    pub(super) async fn of(
        state: &AppState,
        caller: &Caller,
        conversation: Option<ConversationId>,
        field: &mut Field,
        once: Once,
    ) -> Result<Self, ApiError> {
        let name = name_of(field)?;
        let mut field = field.fuse();
        let mut measure = Measure::new(state.settings.upload_max_bytes);
        let head = read_head(&mut field, measure.limit).await?;
        let media_type = judge(&head, &name)?;
        if sniff::is_text(media_type) {
            measure.watch = Some(TextWatch::default());
        }

        let file = NewFile { id: FileId::new(), name, media_type };
        let keeping = Keeping::reserve(state, caller, conversation, &file, once).await?;
        let (pieces, waiting) = mpsc::channel(PIECES);
        let keeping = state.spawn(keeping.run(waiting));
        let mut intake = Self { pieces, keeping, measure };

        intake.take(head).await?;
        while let Some(chunk) = field.try_next().await.map_err(|error| broken(&error))? {
            intake.take(chunk).await?;
        }
        Ok(intake)
    }

    async fn take(&mut self, chunk: Bytes) -> Result<(), ApiError> {
        self.measure.count(&chunk)?;
        match self.pieces.send(Piece::Bytes(chunk)).await {
            Ok(()) => Ok(()),
            // The store gave up: the task knows why.
            Err(_) => Err(self.failure().await),
        }
    }

    /// Tells the task that this was all, and waits until the file is kept.
    pub(super) async fn finish(mut self) -> Result<StoredFile, ApiError> {
        let content = self.measure.content()?;
        if self.pieces.send(Piece::End(content)).await.is_err() {
            return Err(self.failure().await);
        }
        (&mut self.keeping).await.map_err(ApiError::internal)?
    }

    async fn failure(&mut self) -> ApiError {
        match (&mut self.keeping).await {
            Ok(Err(error)) => error,
            Ok(Ok(_)) => ApiError::internal("the store was done before the upload"),
            Err(error) => ApiError::internal(error),
        }
    }
}

impl Measure {
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

/// Reads until the type can be told, or the file ends.
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

fn judge(head: &Bytes, name: &FileName) -> Result<MediaType, ApiError> {
    if head.is_empty() {
        return Err(ApiError::invalid("/file", Rule::FileEmpty));
    }
    let deciding = head.get(..sniff::HEAD_BYTES).unwrap_or(head);
    sniff::media_type(deciding, name).ok_or(ApiError::Unsupported(Unsupported::File))
}
