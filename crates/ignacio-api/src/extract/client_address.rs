//! The client's address, for rate limits; of `X-Forwarded-For`, only what our own proxies added
//! counts, so that a client cannot choose its address.

use std::fmt;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use actix_web::{FromRequest, HttpRequest, web};
use ipnet::IpNet;

use crate::problem::ApiError;
use crate::state::AppState;

/// The address of a client: the peer of the connection or, behind trusted proxies, the one that they
/// report. It is personal data, so `Debug` shows its network only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Reads it from a request; `None` if the connection has no peer address.
    fn of(request: &HttpRequest, trusted: &[IpNet]) -> Option<Self> {
        let peer = request.peer_addr()?.ip().to_canonical();
        let is_trusted = |address: &IpAddr| trusted.iter().any(|it| it.contains(address));
        let address = first_untrusted(peer, request.headers(), is_trusted);
        let is_forwarded = request.headers().contains_key(X_FORWARDED_FOR);
        if is_trusted(&address) {
            count_doubtful("no_client");
        } else if is_forwarded && !is_trusted(&peer) {
            count_doubtful("untrusted_peer");
        }
        Some(Self(address))
    }

    /// The network that rate limits count by: an IPv4 address, or the /64 of an IPv6 address, because
    /// that is the smallest network that a household gets.
    pub(crate) fn network(self) -> [u8; 16] {
        let (family, network) = match self.0 {
            IpAddr::V4(address) => (4_u128, u128::from(address.to_bits())),
            IpAddr::V6(address) => (6_u128, address.to_bits() >> 64),
        };
        (family << 64 | network).to_be_bytes()
    }
}

/// Follows `X-Forwarded-For` from the peer towards the client, as long as each reporting proxy is
/// trusted and its entry can be parsed.
fn first_untrusted(
    peer: IpAddr,
    headers: &HeaderMap,
    is_trusted: impl Fn(&IpAddr) -> bool,
) -> IpAddr {
    let lines = headers.get_all(X_FORWARDED_FOR).rev();
    let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut address = peer;
    for entry in entries {
        if !is_trusted(&address) {
            break;
        }
        let Some(next) = parse(entry) else { break };
        address = next;
    }
    address
}

/// An address, possibly in brackets and with a port. IPv4-mapped IPv6 counts as IPv4.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|it| it.ip()))
        .ok()
        .or_else(|| in_brackets().map(IpAddr::V6))?;
    Some(address.to_canonical())
}

/// Counts symptoms of a wrong list of trusted proxies.
fn count_doubtful(why: &'static str) {
    metrics::counter!("client_addresses_doubtful_total", "why" => why).increment(1);
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                write!(out, "{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                write!(out, "{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }
    }
}

impl FromRequest for ClientAddress {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(state) = request.app_data::<web::Data<AppState>>() else {
            return ready(Err(ApiError::internal("the application has no state")));
        };
        let address = Self::of(request, &state.settings.trusted_proxies);
        ready(address.ok_or_else(|| ApiError::internal("the connection has no address")))
    }
}

#[cfg(test)]
mod tests;
