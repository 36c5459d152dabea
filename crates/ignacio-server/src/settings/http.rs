//! The settings of the HTTP server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ignacio_domain::rate_limit::{PER_ADDRESS, SERVICE};
use ipnet::IpNet;

use super::environment::Reader;

/// The default limit for an uploaded file: 25 MiB.
const UPLOAD_MAX_BYTES: u64 = 25 * 1024 * 1024;

/// The largest file that OpenAI accepts: 512 MiB.
const UPLOAD_LIMIT: u64 = 512 * 1024 * 1024;

/// More codes per hour than any programme needs; each one costs money.
const MAX_CODES: u16 = 10_000;

/// The settings of the HTTP server.
#[derive(Debug, Clone)]
pub(crate) struct HttpSettings {
    /// The address of the API.
    pub(crate) listen: SocketAddr,
    /// The origins whose pages may call the API from a browser.
    pub(crate) allowed_origins: Vec<String>,
    /// The networks of trusted proxies, whose forwarding headers name the client.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The largest accepted file, in bytes.
    pub(crate) upload_max_bytes: u64,
    /// How many codes are sent per hour.
    pub(crate) codes_per_hour: u16,
    /// How many codes one IP address may request per hour.
    pub(crate) codes_per_address: u16,
}

impl HttpSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            listen: address(reader, "IGNACIO_LISTEN", 8080),
            allowed_origins: allowed_origins(reader),
            trusted_proxies: trusted_proxies(reader),
            upload_max_bytes: reader.within(
                "IGNACIO_UPLOAD_MAX_BYTES",
                UPLOAD_MAX_BYTES,
                1..=UPLOAD_LIMIT,
            ),
            codes_per_hour: reader.within("IGNACIO_CODES_PER_HOUR", SERVICE.max, 1..=MAX_CODES),
            codes_per_address: reader.within(
                "IGNACIO_CODES_PER_ADDRESS",
                PER_ADDRESS.max,
                1..=MAX_CODES,
            ),
        }
    }
}

/// The address of `GET /metrics`, which must not be public.
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
        reader.error(
            name,
            format!(
                "has `{origin}`, expected origins such as https://app.example, separated by commas"
            ),
        );
    }
    origins
}

fn trusted_proxies(reader: &mut Reader<'_>) -> Vec<IpNet> {
    let name = "IGNACIO_TRUSTED_PROXIES";
    let text = reader.text(name).unwrap_or_default();
    let mut networks = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match network(entry) {
            Some(network) => networks.push(network),
            None => reader.error(
                name,
                format!("has `{entry}`, expected networks such as 10.0.0.0/8, separated by commas"),
            ),
        }
    }
    networks
}

/// Parses a network or a single address. A network of all addresses is not a set of proxies, and an
/// IPv4-mapped IPv6 network would match nothing, because such addresses count as IPv4.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let is_mapped = network.network().to_canonical() != network.network();
    (network.prefix_len() > 0 && !is_mapped).then(|| network.trunc())
}

/// Whether a text is an origin as browsers send it: scheme, host, optional port, and nothing else.
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
    //! Origins are as browsers send them; proxies are networks.

    use super::{is_origin, network};

    #[test]
    fn an_origin_has_a_scheme_and_a_host_and_nothing_else() {
        for good in ["https://app.example", "http://localhost:5173", "http://[::1]:8080"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["*", "app.example", "https://app.example/", "https://", "ftp://a.example"] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn proxies_are_networks_but_not_of_all_addresses() {
        for (good, read) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(network(good).map(|it| it.to_string()).as_deref(), Some(read), "{good}");
        }
        let bad = ["0.0.0.0/0", "::/0", "10.0.0.0/33", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1"];
        for bad in bad.into_iter().chain(["localhost", "10.0.0.0/255.0.0.0", "10.*", "*"]) {
            assert_eq!(network(bad), None, "{bad}");
        }
    }
}
