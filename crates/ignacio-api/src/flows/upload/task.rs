//! The task that stores a file. It does not depend on the client: if the bytes stop before the end,
//! it undoes what it has done.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use ignacio_domain::file::{MediaType, NewFile, ObjectKey, StoredContent, StoredFile};
use ignacio_domain::ids::{ConversationId, FileId};
use ignacio_domain::ports::{ByteStream, ObjectStore};
use ignacio_domain::session::SessionDigest;
use ignacio_persistence::{ApiDb, StoredResponse};
use tokio::sync::mpsc;

use super::key::UploadKey;
use crate::auth::Caller;
use crate::problem::{ApiError, ResourceKind};
use crate::responders::Created;
use crate::state::AppState;
use crate::views::file::FileView;

/// What the request sends to the task.
pub(super) enum UploadChunk {
    /// A part of the content.
    Bytes(Bytes),
    /// The end. A channel that closes without it means that the upload was cut off.
    End(UploadEnd),
}

/// The summary of a complete upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UploadEnd {
    /// Size and hash of the bytes.
    pub(super) content: StoredContent,
    /// The digest of the whole upload.
    pub(super) digest: [u8; 32],
}

/// A reserved row and the means to fill it.
pub(super) struct UploadTask {
    db: ApiDb,
    store: Arc<dyn ObjectStore>,
    session: SessionDigest,
    file: FileId,
    object: ObjectKey,
    media_type: MediaType,
    key: UploadKey,
}

impl UploadTask {
    /// Reserves the row. It stays hidden until the bytes are stored.
    pub(super) async fn reserve(
        state: &AppState,
        caller: &Caller,
        conversation: Option<ConversationId>,
        file: &NewFile,
        key: UploadKey,
    ) -> Result<Self, ApiError> {
        let scope = state.db.begin(caller.session()).await?;
        key.reserve(scope.idempotency_keys()).await?;
        if let Some(id) = conversation
            && scope.conversations().find(id).await?.is_none()
        {
            return Err(ApiError::NotFound(ResourceKind::Conversation));
        }
        let object = scope.files().reserve(file, conversation).await?;
        scope.commit().await?;
        Ok(Self {
            db: state.db.clone(),
            store: Arc::clone(&state.store),
            session: *caller.session(),
            file: file.id,
            object,
            media_type: file.media_type,
            key,
        })
    }

    /// Stores the chunks and makes the file visible, or undoes both.
    pub(super) async fn run(
        self,
        chunks: mpsc::Receiver<UploadChunk>,
    ) -> Result<StoredResponse, ApiError> {
        let stored = self.complete(chunks).await;
        if stored.is_err() {
            self.undo().await;
        }
        stored
    }

    async fn complete(
        &self,
        chunks: mpsc::Receiver<UploadChunk>,
    ) -> Result<StoredResponse, ApiError> {
        let end = Arc::new(OnceLock::new());
        let content = content(chunks, Arc::clone(&end));
        self.store.put(&self.object, self.media_type.name, content).await?;
        let Some(UploadEnd { content, digest }) = end.get() else {
            return Err(ApiError::internal("the store finished before the upload"));
        };
        let scope = self.db.begin(&self.session).await?;
        let Some(file) =
            scope.files().finish(self.file, content, self.media_type.is_searchable()).await?
        else {
            return Err(ApiError::NotFound(ResourceKind::File));
        };
        let response = self.key.store(scope.idempotency_keys(), digest, &created(file)).await?;
        scope.commit().await?;
        Ok(response)
    }

    /// Best effort: a worker finds what is left, because the row was written first.
    async fn undo(&self) {
        if let Err(error) = self.store.delete(&self.object).await {
            tracing::warn!(%error, file.id = %self.file, "the object of an interrupted upload could not be deleted");
        }
        if let Err(error) = self.abandon().await {
            tracing::warn!(%error, file.id = %self.file, "the row of an interrupted upload could not be deleted");
        }
    }

    async fn abandon(&self) -> Result<(), ApiError> {
        let scope = self.db.begin(&self.session).await?;
        scope.files().abandon(self.file).await?;
        self.key.release(scope.idempotency_keys()).await?;
        scope.commit().await?;
        Ok(())
    }
}

/// The response for a stored file.
fn created(file: StoredFile) -> Created<FileView> {
    Created { location: format!("/v1/files/{}", file.id), view: file.into() }
}

/// The chunks as a stream for the store; it fails if the channel closes without an end.
fn content(chunks: mpsc::Receiver<UploadChunk>, end: Arc<OnceLock<UploadEnd>>) -> ByteStream {
    stream::unfold(Some((chunks, end)), |open| async move {
        let (mut chunks, end) = open?;
        match chunks.recv().await {
            Some(UploadChunk::Bytes(bytes)) => Some((Ok(bytes), Some((chunks, end)))),
            Some(UploadChunk::End(announced)) => {
                let _ = end.set(announced);
                None
            }
            None => {
                let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the upload was cut off");
                Some((Err(error), None))
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    //! The store sees the end of a file only if it was announced.

    use super::*;

    #[tokio::test]
    async fn an_announced_end_is_an_end() {
        let (sender, chunks) = mpsc::channel(4);
        let end = Arc::new(OnceLock::new());
        let stored = StoredContent { size: 2, sha256: [1; 32] };
        let announced = UploadEnd { content: stored, digest: [2; 32] };
        sender.send(UploadChunk::Bytes(Bytes::from_static(b"ab"))).await.unwrap();
        sender.send(UploadChunk::End(announced)).await.unwrap();
        let read: Vec<_> = content(chunks, Arc::clone(&end)).map(Result::unwrap).collect().await;
        assert_eq!(read, [Bytes::from_static(b"ab")]);
        assert_eq!(end.get(), Some(&announced));
    }

    #[tokio::test]
    async fn a_closed_channel_is_not_an_end() {
        let (sender, chunks) = mpsc::channel(4);
        let end = Arc::new(OnceLock::new());
        sender.send(UploadChunk::Bytes(Bytes::from_static(b"ab"))).await.unwrap();
        drop(sender);
        let read: Vec<_> = content(chunks, Arc::clone(&end)).collect().await;
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].as_ref().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(end.get(), None);
    }
}
