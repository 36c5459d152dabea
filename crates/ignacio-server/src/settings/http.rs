//! Where requests come in and what they may be.

use std::net::{Ipv4Addr, SocketAddr};

use super::environment::Reader;

/// The largest file that a participant may hand over, unless set otherwise: 25 MiB.
const UPLOAD_MAX_BYTES: u64 = 25 * 1024 * 1024;

/// The largest file that OpenAI takes: 512 MiB.
const UPLOAD_LIMIT: u64 = 512 * 1024 * 1024;

/// Where and how requests are answered.
#[derive(Debug, Clone)]
pub(crate) struct HttpSettings {
    /// The address of the API.
    pub(crate) listen: SocketAddr,
    /// The origins whose pages may call the API from a browser.
    pub(crate) allowed_origins: Vec<String>,
    /// The largest file that is taken, in bytes.
    pub(crate) upload_max_bytes: u64,
}

impl HttpSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            listen: address(reader, "IGNACIO_LISTEN", 8080),
            allowed_origins: allowed_origins(reader),
            upload_max_bytes: reader.within(
                "IGNACIO_UPLOAD_MAX_BYTES",
                UPLOAD_MAX_BYTES,
                1..=UPLOAD_LIMIT,
            ),
        }
    }
}

/// The address of `GET /metrics`, which the world must not reach.
pub(super) fn metrics_listen(reader: &mut Reader<'_>) -> SocketAddr {
    address(reader, "IGNACIO_METRICS_LISTEN", 9464)
}

fn address(reader: &mut Reader<'_>, name: &str, port: u16) -> SocketAddr {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    reader.parsed(name, default, "an IP address and a port such as 127.0.0.1:8080 or [::]:8080")
}

fn allowed_origins(reader: &mut Reader<'_>) -> Vec<String> {
    let name = "IGNACIO_ALLOWED_ORIGINS";
    let text = reader.text(name).unwrap_or_default();
    let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let origins: Vec<String> = origins.map(str::to_owned).collect();
    for origin in origins.iter().filter(|origin| !is_origin(origin)) {
        reader.fault(
            name,
            format!("has `{origin}`, expected origins such as https://app.example, with commas"),
        );
    }
    origins
}

/// Whether a text is an origin as browsers send it: scheme, host and maybe a port, nothing behind.
fn is_origin(text: &str) -> bool {
    let host = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    host.is_some_and(|host| {
        !host.is_empty()
            && host.chars().all(|it| {
                it.is_ascii_lowercase()
                    || it.is_ascii_digit()
                    || matches!(it, '.' | '-' | ':' | '[' | ']')
            })
    })
}

#[cfg(test)]
mod tests {
    //! Origins look as browsers send them.

    use super::is_origin;

    #[test]
    fn an_origin_has_a_scheme_and_a_host_and_nothing_else() {
        for good in ["https://app.example", "http://localhost:5173", "http://[::1]:8080"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["*", "app.example", "https://app.example/", "https://", "ftp://a.example"] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
