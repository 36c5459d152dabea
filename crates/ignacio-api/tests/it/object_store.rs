//! An object store in memory that can fail on request.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use ignacio_domain::file::ObjectKey;
use ignacio_domain::ports::{ByteRange, ByteStream, ObjectContent, ObjectStore, PortError};
use tokio::sync::watch;

/// The objects, and whether the store is down.
#[derive(Default)]
pub(crate) struct MemoryStore {
    objects: Mutex<HashMap<String, Bytes>>,
    is_down: AtomicBool,
    n_puts: AtomicUsize,
    reads: Mutex<Vec<Option<ByteRange>>>,
    /// The number of bytes received, so that a test can wait for some.
    arrived: watch::Sender<u64>,
}

impl MemoryStore {
    pub(crate) fn n_objects(&self) -> usize {
        self.objects.lock().unwrap().len()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// Which ranges were read since the last call.
    pub(crate) fn take_reads(&self) -> Vec<Option<ByteRange>> {
        std::mem::take(&mut self.reads.lock().unwrap())
    }

    /// How many uploads have started.
    pub(crate) fn n_puts(&self) -> usize {
        self.n_puts.load(Ordering::SeqCst)
    }

    /// Makes every call fail, or work again.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Waits until at least this many bytes have arrived, since the beginning.
    pub(crate) async fn has_received(&self, n_bytes: u64) {
        self.arrived.subscribe().wait_for(|so_far| *so_far >= n_bytes).await.unwrap();
    }

    fn refuse_when_down(&self) -> Result<(), PortError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(PortError::Transient {
                retry_after: None,
                reason: "set down by the test".to_owned(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn put(
        &self,
        key: &ObjectKey,
        _media_type: &str,
        mut content: ByteStream,
    ) -> Result<(), PortError> {
        self.n_puts.fetch_add(1, Ordering::SeqCst);
        self.refuse_when_down()?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = content.next().await {
            let chunk = chunk.map_err(|error| PortError::Rejected {
                code: "content".to_owned(),
                reason: error.to_string(),
            })?;
            let length = u64::try_from(chunk.len()).unwrap();
            bytes.extend_from_slice(&chunk);
            self.arrived.send_modify(|so_far| *so_far += length);
            self.refuse_when_down()?;
        }
        self.objects.lock().unwrap().insert(key.as_str().to_owned(), bytes.freeze());
        Ok(())
    }

    async fn get(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
    ) -> Result<ObjectContent, PortError> {
        self.refuse_when_down()?;
        let object = self.objects.lock().unwrap().get(key.as_str()).cloned();
        let object = object.ok_or(PortError::NotFound)?;
        let size = u64::try_from(object.len()).unwrap();
        let index = |position| usize::try_from(position).unwrap();
        let part = match range {
            None => object,
            Some(range) => object.slice(index(range.first)..=index(range.last)),
        };
        self.reads.lock().unwrap().push(range);
        // In uneven chunks, as a network gives them.
        let chunks: Vec<_> = part.chunks(1021).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
        Ok(ObjectContent { size, bytes: stream::iter(chunks).boxed() })
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        self.refuse_when_down()?;
        self.objects.lock().unwrap().remove(key.as_str());
        Ok(())
    }

    async fn ensure_bucket(&self) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn check(&self) -> Result<(), PortError> {
        self.refuse_when_down()
    }
}
