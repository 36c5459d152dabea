//! What every stand-in needs: a port on the loopback, secrets, locks and the time of day.

use std::{
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use time::OffsetDateTime;

use crate::DevstackError;

/// Listens on 127.0.0.1, on the requested port or on any free one.
pub(crate) fn listen(
    part: &'static str,
    port: Option<u16>,
) -> Result<(TcpListener, SocketAddr), DevstackError> {
    let wanted = port.unwrap_or(0);
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => DevstackError::PortTaken { part, port: wanted },
            _ => DevstackError::System { doing: format!("listen for {part}"), source },
        })?;
    let address = listener
        .local_addr()
        .map_err(DevstackError::system(format!("read the address of {part}")))?;
    Ok((listener, address))
}

/// A fresh secret that needs no escaping in a URL, a header or a shell.
pub(crate) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

/// The secret in a file, if there is one.
pub(crate) fn read_secret(path: &Path) -> Option<String> {
    let secret = fs::read_to_string(path).ok()?.trim().to_owned();
    (!secret.is_empty()).then_some(secret)
}

/// Keeps a secret in a file that only its owner can read.
pub(crate) fn write_secret(path: &Path, secret: &str) -> Result<(), DevstackError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| writeln!(file, "{secret}"))
        .map_err(DevstackError::system(format!("write {}", path.display())))
}

/// Locks, also after a panic of another test's thread.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A JSON object with more fields.
pub(crate) fn merged(mut object: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

/// The machine's clock, which plays the outside world's clock here.
#[expect(
    clippy::disallowed_methods,
    reason = "a stand-in stamps what it hands out by its own clock, as the real service does"
)]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
