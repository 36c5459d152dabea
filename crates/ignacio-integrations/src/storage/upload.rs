//! Stores bytes of unknown length: one request when they are few, else part by part.

use aws_sdk_s3::{
    primitives::ByteStream as SdkStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, future};
use ignacio_domain::{
    file::ObjectKey,
    ports::{ByteStream, PortError},
};

use super::{
    error::{of_content, port_error},
    s3::S3Store,
};

/// What S3 wants each part but the last to have at least; also the most that goes in one request.
const PART: usize = 5 * 1024 * 1024;

/// An upload on its way. Once a multipart upload is begun it is either completed or aborted.
pub(super) struct Upload<'a> {
    store: &'a S3Store,
    key: &'a str,
    media_type: &'a str,
    /// The store's name for the multipart upload, once there is one.
    id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(store: &'a S3Store, key: &'a ObjectKey, media_type: &'a str) -> Self {
        Self { store, key: key.as_str(), media_type, id: None, parts: Vec::new() }
    }

    /// Sends everything; what was stored in part is taken back when that fails.
    pub(super) async fn send(mut self, content: ByteStream) -> Result<(), PortError> {
        let sent = self.send_all(content).await;
        if sent.is_err() {
            self.abort().await;
        }
        sent
    }

    /// The next part is read while one is stored. What is being stored is not let go of when the
    /// content fails, because a part that arrives behind the abort would stay for ever.
    async fn send_all(&mut self, content: ByteStream) -> Result<(), PortError> {
        let mut pieces = Pieces { content, buffer: BytesMut::new() };
        let mut piece = pieces.next().await?;
        if piece.is_last {
            return self.whole(piece.bytes).await;
        }
        while !piece.is_last {
            let (stored, next) = future::join(self.part(piece.bytes), pieces.next()).await;
            stored?;
            piece = next?;
        }
        self.part(piece.bytes).await?;
        self.complete().await
    }

    async fn whole(&self, bytes: Bytes) -> Result<(), PortError> {
        self.store
            .client
            .put_object()
            .bucket(&self.store.bucket)
            .key(self.key)
            .content_type(self.media_type)
            .body(SdkStream::from(bytes))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| port_error(&error))
    }

    async fn part(&mut self, bytes: Bytes) -> Result<(), PortError> {
        let id = self.begun().await?;
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let stored = self
            .store
            .client
            .upload_part()
            .bucket(&self.store.bucket)
            .key(self.key)
            .upload_id(id)
            .part_number(number)
            .body(SdkStream::from(bytes))
            .send()
            .await
            .map_err(|error| port_error(&error))?;
        self.parts
            .push(CompletedPart::builder().part_number(number).set_e_tag(stored.e_tag).build());
        Ok(())
    }

    /// The multipart upload's id; begins it when there is none yet.
    async fn begun(&mut self) -> Result<String, PortError> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let begun = self
            .store
            .client
            .create_multipart_upload()
            .bucket(&self.store.bucket)
            .key(self.key)
            .content_type(self.media_type)
            .send()
            .await
            .map_err(|error| port_error(&error))?;
        let Some(id) = begun.upload_id else {
            return Err(PortError::Transient {
                retry_after: None,
                reason: "the store began an upload and did not name it".to_owned(),
            });
        };
        self.id = Some(id.clone());
        Ok(id)
    }

    async fn complete(&mut self) -> Result<(), PortError> {
        let parts = std::mem::take(&mut self.parts);
        self.store
            .client
            .complete_multipart_upload()
            .bucket(&self.store.bucket)
            .key(self.key)
            .set_upload_id(self.id.clone())
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| port_error(&error))
    }

    /// Frees the parts. What cannot be freed now goes by the bucket's rule for unfinished uploads,
    /// and the first error is the one that the caller must hear of.
    async fn abort(&mut self) {
        let Some(id) = self.id.take() else { return };
        let aborted = self
            .store
            .client
            .abort_multipart_upload()
            .bucket(&self.store.bucket)
            .key(self.key)
            .upload_id(id)
            .send()
            .await;
        if let Err(error) = aborted {
            let error = port_error(&error);
            tracing::warn!(%error, key = self.key, "an upload was given up and not cleaned up");
        }
    }
}

/// The content in pieces of a part's size.
struct Pieces {
    content: ByteStream,
    buffer: BytesMut,
}

/// As much as goes into one part.
struct Piece {
    bytes: Bytes,
    is_last: bool,
}

impl Pieces {
    async fn next(&mut self) -> Result<Piece, PortError> {
        // A piece is handed out only when there is something behind it, so that the last one is
        // known for what it is and never empty, unless all of the content is.
        while self.buffer.len() <= PART {
            let Some(chunk) = self.content.next().await else {
                return Ok(Piece { bytes: self.buffer.split().freeze(), is_last: true });
            };
            self.buffer.extend_from_slice(&chunk.map_err(|error| of_content(&error))?);
        }
        let bytes = self.buffer.split_to(PART).freeze();
        self.buffer.reserve(PART);
        Ok(Piece { bytes, is_last: false })
    }
}
