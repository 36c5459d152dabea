//! Small objects, read whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use ignacio_domain::file::ObjectKey;
use ignacio_domain::ports::{ObjectStore, PortError};
use tokio::time::timeout;

/// How long an object may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads an object of at most this many bytes.
pub(crate) async fn read_whole(
    objects: &dyn ObjectStore,
    key: &ObjectKey,
    most: usize,
) -> Result<Bytes, PortError> {
    match timeout(PATIENCE, read(objects, key, most)).await {
        Ok(read) => read,
        Err(_) => Err(transient("an object took too long")),
    }
}

async fn read(objects: &dyn ObjectStore, key: &ObjectKey, most: usize) -> Result<Bytes, PortError> {
    let mut content = objects.get(key, None).await?.bytes;
    let mut whole = BytesMut::new();
    while let Some(chunk) =
        content.try_next().await.map_err(|error| transient(&error.to_string()))?
    {
        if whole.len() + chunk.len() > most {
            let reason = format!("the object has more than {most} bytes");
            return Err(PortError::Rejected { code: "too_large".to_owned(), reason });
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn transient(reason: &str) -> PortError {
    PortError::Transient { retry_after: None, reason: reason.to_owned() }
}
