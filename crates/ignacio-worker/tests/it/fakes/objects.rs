//! A bucket in memory, whose reads may be damaged or cut.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use ignacio_domain::file::ObjectKey;
use ignacio_domain::ports::{ByteRange, ByteStream, ObjectContent, ObjectStore, PortError};

use super::Faults;

#[derive(Default)]
pub(crate) struct FakeObjects {
    pub(crate) faults: Faults,
    objects: Mutex<HashMap<String, Vec<u8>>>,
    reads: Mutex<VecDeque<Read>>,
}

/// How one read goes.
#[derive(Clone, Copy)]
enum Read {
    Damaged,
    Cut,
}

impl FakeObjects {
    /// Adds an object.
    pub(crate) fn keep(&self, key: &ObjectKey, content: &[u8]) {
        self.objects.lock().unwrap().insert(key.as_str().to_owned(), content.to_vec());
    }

    /// Removes an object.
    pub(crate) fn lose(&self, key: &ObjectKey) {
        self.objects.lock().unwrap().remove(key.as_str());
    }

    pub(crate) fn count(&self) -> usize {
        self.objects.lock().unwrap().len()
    }

    /// The next read without another plan has a flipped bit.
    pub(crate) fn damage_next_read(&self) {
        self.reads.lock().unwrap().push_back(Read::Damaged);
    }

    /// The next read without another plan ends in the middle.
    pub(crate) fn cut_next_read(&self) {
        self.reads.lock().unwrap().push_back(Read::Cut);
    }

    fn read(&self, key: &ObjectKey) -> Result<ObjectContent, PortError> {
        let content = self.objects.lock().unwrap().get(key.as_str()).cloned();
        let mut content = content.ok_or(PortError::NotFound)?;
        let size = u64::try_from(content.len()).unwrap();
        let plan = self.reads.lock().unwrap().pop_front();
        let mut chunks = Vec::new();
        match plan {
            None => {}
            Some(Read::Damaged) => *content.last_mut().unwrap() ^= 1,
            Some(Read::Cut) => content.truncate(content.len() / 2),
        }
        chunks.extend(content.chunks(7).map(|it| Ok(Bytes::copy_from_slice(it))));
        if matches!(plan, Some(Read::Cut)) {
            chunks.push(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
        }
        Ok(ObjectContent { size, bytes: Box::pin(stream::iter(chunks)) })
    }
}

#[async_trait]
impl ObjectStore for FakeObjects {
    async fn put(
        &self,
        key: &ObjectKey,
        _media_type: &str,
        content: ByteStream,
    ) -> Result<(), PortError> {
        let chunks: Vec<Bytes> = content.try_collect().await.unwrap();
        self.keep(key, &chunks.concat());
        Ok(())
    }

    async fn get(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
    ) -> Result<ObjectContent, PortError> {
        assert_eq!(range, None, "the worker reads whole objects");
        self.faults.around("get", async { self.read(key) }).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        let effect = async {
            self.lose(key);
            Ok(())
        };
        self.faults.around("delete", effect).await
    }

    async fn ensure_bucket(&self) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn check(&self) -> Result<(), PortError> {
        Ok(())
    }
}
