//! What every stand-in needs: a port on the loopback, random secrets and the time of day.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng as _;
use time::OffsetDateTime;

use crate::DevstackError;

/// Listens on 127.0.0.1, on the wanted port or on any free one.
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
    let mut raw = [0_u8; 24];
    rand::rng().fill_bytes(&mut raw);
    URL_SAFE_NO_PAD.encode(raw)
}

/// The machine's clock, which plays the outside world's clock here.
#[expect(
    clippy::disallowed_methods,
    reason = "a stand-in stamps what it hands out by its own clock, as the real service does"
)]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
