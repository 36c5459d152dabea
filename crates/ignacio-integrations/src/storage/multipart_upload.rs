//! Stores bytes of unknown length: with one request if they are few, else part by part.

use aws_sdk_s3::{
    Client,
    primitives::ByteStream as SdkStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, future};
use ignacio_domain::{
    file::ObjectKey,
    ports::{ByteStream, PortError},
};

use super::error::{of_content, port_error};

/// S3's minimum size of every part but the last; also the most that is sent in one request.
const PART_SIZE: usize = 5 * 1024 * 1024;

/// An upload in progress. Once a multipart upload was created, it is completed or aborted.
pub(super) struct MultipartUpload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    media_type: &'a str,
    /// The id of the multipart upload, once it was created.
    id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl<'a> MultipartUpload<'a> {
    pub(super) fn new(
        client: &'a Client,
        bucket: &'a str,
        key: &'a ObjectKey,
        media_type: &'a str,
    ) -> Self {
        Self { client, bucket, key: key.as_str(), media_type, id: None, parts: Vec::new() }
    }

    /// Sends everything; on failure, removes the parts that were stored.
    pub(super) async fn send(mut self, content: ByteStream) -> Result<(), PortError> {
        let sent = self.send_all(content).await;
        if sent.is_err() {
            self.abort().await;
        }
        sent
    }

    /// Reads the next part while one is stored. If the content fails, the part in flight is still
    /// awaited, because a part that arrives after the abort would stay forever.
    async fn send_all(&mut self, content: ByteStream) -> Result<(), PortError> {
        let mut chunks = Parts { content, buffer: BytesMut::new() };
        let mut part = chunks.next().await?;
        if part.is_last {
            return self.put_object(part.bytes).await;
        }
        while !part.is_last {
            let (stored, next) = future::join(self.upload_part(part.bytes), chunks.next()).await;
            stored?;
            part = next?;
        }
        self.upload_part(part.bytes).await?;
        self.complete().await
    }

    async fn put_object(&self, bytes: Bytes) -> Result<(), PortError> {
        self.client
            .put_object()
            .bucket(self.bucket)
            .key(self.key)
            .content_type(self.media_type)
            .body(SdkStream::from(bytes))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| port_error(&error))
    }

    async fn upload_part(&mut self, bytes: Bytes) -> Result<(), PortError> {
        let id = self.upload_id().await?;
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let stored = self
            .client
            .upload_part()
            .bucket(self.bucket)
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

    /// The id of the multipart upload, which is created on first use.
    async fn upload_id(&mut self) -> Result<String, PortError> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let created = self
            .client
            .create_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .content_type(self.media_type)
            .send()
            .await
            .map_err(|error| port_error(&error))?;
        let Some(id) = created.upload_id else {
            return Err(PortError::Transient {
                retry_after: None,
                reason: "the store returned no upload id".to_owned(),
            });
        };
        self.id = Some(id.clone());
        Ok(id)
    }

    async fn complete(&mut self) -> Result<(), PortError> {
        let parts = std::mem::take(&mut self.parts);
        self.client
            .complete_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .set_upload_id(self.id.clone())
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| port_error(&error))
    }

    /// Removes the parts. If that fails, the bucket's rule for incomplete uploads removes them
    /// later; the caller gets the error that came first.
    async fn abort(&mut self) {
        let Some(id) = self.id.take() else { return };
        let aborted = self
            .client
            .abort_multipart_upload()
            .bucket(self.bucket)
            .key(self.key)
            .upload_id(id)
            .send()
            .await;
        if let Err(error) = aborted {
            let error = port_error(&error);
            tracing::warn!(%error, key = self.key, "an aborted upload could not be cleaned up");
        }
    }
}

/// The content, split into parts.
struct Parts {
    content: ByteStream,
    buffer: BytesMut,
}

/// One part of the content.
struct Part {
    bytes: Bytes,
    is_last: bool,
}

impl Parts {
    async fn next(&mut self) -> Result<Part, PortError> {
        // A part is returned only once there are bytes after it, so that the last part is recognised
        // and never empty, unless the content is.
        while self.buffer.len() <= PART_SIZE {
            let Some(chunk) = self.content.next().await else {
                return Ok(Part { bytes: self.buffer.split().freeze(), is_last: true });
            };
            self.buffer.extend_from_slice(&chunk.map_err(|error| of_content(&error))?);
        }
        let bytes = self.buffer.split_to(PART_SIZE).freeze();
        self.buffer.reserve(PART_SIZE);
        Ok(Part { bytes, is_last: false })
    }
}
