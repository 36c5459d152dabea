//! The task that stores a file. It does not depend on the client: when the bytes stop coming
//! before their end, it takes back what it has done.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use ignacio_domain::file::{MediaType, NewFile, ObjectKey, StoredContent, StoredFile};
use ignacio_domain::ids::{ConversationId, FileId};
use ignacio_domain::ports::{ByteStream, ObjectStore};
use ignacio_domain::session::SessionDigest;
use ignacio_persistence::ApiDb;
use tokio::sync::mpsc;

use crate::answer::Created;
use crate::auth::Caller;
use crate::flows::once::Once;
use crate::problem::{ApiError, Thing};
use crate::state::AppState;
use crate::views::file::FileView;

/// What travels from the request to the task.
pub(super) enum Piece {
    /// Some bytes.
    Bytes(Bytes),
    /// That was all, and this is what it amounts to. Silence without it means: broken off.
    End(StoredContent),
}

/// A reserved row and the means to fill it.
pub(super) struct Keeping {
    db: ApiDb,
    store: Arc<dyn ObjectStore>,
    session: SessionDigest,
    file: FileId,
    key: ObjectKey,
    media_type: MediaType,
    once: Once,
}

impl Keeping {
    /// Reserves the row. It stays invisible until the bytes are there.
    pub(super) async fn reserve(
        state: &AppState,
        caller: &Caller,
        conversation: Option<ConversationId>,
        file: &NewFile,
        once: Once,
    ) -> Result<Self, ApiError> {
        let scope = state.db.begin(caller.session()).await?;
        once.hold(scope.repeats()).await?;
        if let Some(id) = conversation
            && scope.conversations().find(id).await?.is_none()
        {
            return Err(ApiError::NotFound(Thing::Conversation));
        }
        let key = scope.files().reserve(file, conversation).await?;
        scope.commit().await?;
        Ok(Self {
            db: state.db.clone(),
            store: Arc::clone(&state.store),
            session: *caller.session(),
            file: file.id,
            key,
            media_type: file.media_type,
            once,
        })
    }

    /// Stores the pieces and shows the file, or undoes both.
    pub(super) async fn run(self, pieces: mpsc::Receiver<Piece>) -> Result<StoredFile, ApiError> {
        let kept = self.keep(pieces).await;
        if kept.is_err() {
            self.undo().await;
        }
        kept
    }

    async fn keep(&self, pieces: mpsc::Receiver<Piece>) -> Result<StoredFile, ApiError> {
        let end = Arc::new(OnceLock::new());
        let content = content(pieces, Arc::clone(&end));
        self.store.put(&self.key, self.media_type.name, content).await?;
        let Some(content) = end.get() else {
            return Err(ApiError::internal("the store was done before the upload"));
        };
        let scope = self.db.begin(&self.session).await?;
        let Some(file) =
            scope.files().finish(self.file, content, self.media_type.is_searchable()).await?
        else {
            return Err(ApiError::NotFound(Thing::File));
        };
        let created = stored(file.clone());
        self.once.note(scope.repeats(), None, &created).await?;
        scope.commit().await?;
        Ok(file)
    }

    /// Best effort: what stays behind is found by the worker, because the row came first.
    async fn undo(&self) {
        if let Err(error) = self.store.delete(&self.key).await {
            tracing::warn!(%error, file.id = %self.file, "the object of a broken upload stays for now");
        }
        if let Err(error) = self.abandon().await {
            tracing::warn!(%error, file.id = %self.file, "the row of a broken upload stays for now");
        }
    }

    async fn abandon(&self) -> Result<(), ApiError> {
        let scope = self.db.begin(&self.session).await?;
        scope.files().abandon(self.file).await?;
        self.once.let_go(scope.repeats()).await?;
        scope.commit().await?;
        Ok(())
    }
}

/// A stored file, as the one who handed it over is told of it.
pub(crate) fn stored(file: StoredFile) -> Created<FileView> {
    Created { location: format!("/v1/files/{}", file.id), view: file.into() }
}

/// The pieces as the store wants them; an end that was not announced is an error.
fn content(pieces: mpsc::Receiver<Piece>, end: Arc<OnceLock<StoredContent>>) -> ByteStream {
    stream::unfold(Some((pieces, end)), |open| async move {
        let (mut pieces, end) = open?;
        match pieces.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some((pieces, end)))),
            Some(Piece::End(content)) => {
                let _ = end.set(content);
                None
            }
            None => {
                let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the upload broke off");
                Some((Err(error), None))
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    //! The store sees the end of a file only when it is one.

    use super::*;

    #[tokio::test]
    async fn an_announced_end_is_an_end() {
        let (sender, pieces) = mpsc::channel(4);
        let end = Arc::new(OnceLock::new());
        let announced = StoredContent { size: 2, sha256: [1; 32] };
        sender.send(Piece::Bytes(Bytes::from_static(b"ab"))).await.unwrap();
        sender.send(Piece::End(announced)).await.unwrap();
        let read: Vec<_> = content(pieces, Arc::clone(&end)).map(Result::unwrap).collect().await;
        assert_eq!(read, [Bytes::from_static(b"ab")]);
        assert_eq!(end.get(), Some(&announced));
    }

    #[tokio::test]
    async fn silence_is_no_end() {
        let (sender, pieces) = mpsc::channel(4);
        let end = Arc::new(OnceLock::new());
        sender.send(Piece::Bytes(Bytes::from_static(b"ab"))).await.unwrap();
        drop(sender);
        let read: Vec<_> = content(pieces, Arc::clone(&end)).collect().await;
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].as_ref().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(end.get(), None);
    }
}
