//! Reads small objects whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use ignacio_domain::file::ObjectKey;
use ignacio_domain::ports::{ObjectStore, PortError};
use tokio::time::timeout;

const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads an object of at most `max_bytes`.
pub(crate) async fn read_object(
    objects: &dyn ObjectStore,
    key: &ObjectKey,
    max_bytes: usize,
) -> Result<Bytes, PortError> {
    match timeout(READ_TIMEOUT, read(objects, key, max_bytes)).await {
        Ok(read) => read,
        Err(_) => Err(transient("reading an object took too long")),
    }
}

async fn read(
    objects: &dyn ObjectStore,
    key: &ObjectKey,
    max_bytes: usize,
) -> Result<Bytes, PortError> {
    let mut content = objects.get(key, None).await?.bytes;
    let mut whole = BytesMut::new();
    while let Some(chunk) =
        content.try_next().await.map_err(|error| transient(&error.to_string()))?
    {
        if whole.len() + chunk.len() > max_bytes {
            let reason = format!("the object has more than {max_bytes} bytes");
            return Err(PortError::Rejected { code: "too_large".to_owned(), reason });
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn transient(reason: &str) -> PortError {
    PortError::Transient { retry_after: None, reason: reason.to_owned() }
}
