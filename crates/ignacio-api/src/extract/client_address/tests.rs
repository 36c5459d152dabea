//! A client cannot choose the address that it is counted by.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use proptest::prelude::*;

use super::*;

/// The proxies of the tests: one network of each family.
const TRUSTED: [&str; 2] = ["10.1.0.0/16", "2001:db8:ff::/48"];

fn networks() -> Vec<IpNet> {
    TRUSTED.iter().map(|it| it.parse().unwrap()).collect()
}

/// The client of a request from this peer with these lines of the header.
fn client(peer: &str, lines: &[&[u8]], trusted: &[IpNet]) -> ClientAddress {
    let peer = SocketAddr::new(peer.parse().unwrap(), 40_000);
    let request = lines.iter().fold(TestRequest::default().peer_addr(peer), |request, line| {
        request.append_header((X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap()))
    });
    ClientAddress::of(&request.to_http_request(), trusted).unwrap()
}

fn address(text: &str) -> ClientAddress {
    ClientAddress(text.parse().unwrap())
}

#[track_caller]
fn assert_behind_proxies(lines: &[&str], expected: &str) {
    let bytes: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    // The masked form would hide the difference.
    assert_eq!(client("10.1.0.7", &bytes, &networks()).0, address(expected).0, "{lines:?}");
}

#[test]
fn a_thousand_forged_headers_are_one_bucket() {
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(seed >> 32).unwrap()
    };
    let mut forged = HashSet::new();
    let mut buckets = HashSet::new();
    for _ in 0..1000 {
        let line = format!("{}, {}", Ipv4Addr::from(random()), Ipv4Addr::from(random()));
        buckets.insert(client("203.0.113.9", &[line.as_bytes()], &[]).network());
        buckets.insert(client("203.0.113.9", &[line.as_bytes()], &networks()).network());
        // The same request as a proxy forwards it: with the address of its own peer added.
        let added = format!("{line}, 203.0.113.9");
        buckets.insert(client("10.1.0.7", &[added.as_bytes()], &networks()).network());
        forged.insert(line);
    }
    assert_eq!((forged.len(), buckets.len()), (1000, 1));
}

#[test]
fn behind_proxies_the_rightmost_address_that_is_none_of_them_counts() {
    for (lines, expected) in [
        (&["203.0.113.9"][..], "203.0.113.9"),
        (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (&["198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        (&["198.51.100.1,203.0.113.9,\t2001:db8:ff::1 , 10.1.2.3"], "203.0.113.9"),
        // Several lines are one list.
        (&["198.51.100.1, 198.51.100.2", "203.0.113.9", "10.1.2.3"], "203.0.113.9"),
        (&["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        // A private address that is no proxy of ours is a client.
        (&["203.0.113.9, 10.2.0.1"], "10.2.0.1"),
    ] {
        assert_behind_proxies(lines, expected);
    }
}

#[test]
fn without_a_client_the_last_known_proxy_counts() {
    for (lines, expected) in [
        (&[][..], "10.1.0.7"),
        (&[""], "10.1.0.7"),
        (&["203.0.113.9, unknown"], "10.1.0.7"),
        (&["203.0.113.9, "], "10.1.0.7"),
        (&["203.0.113.9, 10.1.2.3:x"], "10.1.0.7"),
        (&["203.0.113.9, _hidden, 10.1.2.3"], "10.1.2.3"),
        (&["203.0.113.9, 010.1.2.3, 10.1.2.4"], "10.1.2.4"),
        (&["10.1.9.9, 10.1.2.3"], "10.1.9.9"),
    ] {
        assert_behind_proxies(lines, expected);
    }
    let garbled: [&[u8]; 1] = [b"203.0.113.9, \xff\xfe, 10.1.2.3"];
    assert_eq!(client("10.1.0.7", &garbled, &networks()).0, address("10.1.2.3").0);
    // Entries further left than the client may be anything.
    let garbled: [&[u8]; 1] = [b"\xff\xfe, 203.0.113.9"];
    assert_eq!(client("10.1.0.7", &garbled, &networks()).0, address("203.0.113.9").0);
}

#[test]
fn addresses_are_read_in_every_form() {
    for (entry, expected) in [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:4711", "203.0.113.9"),
    ] {
        assert_behind_proxies(&[entry], expected);
    }
    for unreadable in ["[203.0.113.9]", "203.0.113", "2001:db8::1]", "[2001:db8::1", "fe80::1%eth0"]
    {
        assert_behind_proxies(&[unreadable], "10.1.0.7");
    }
}

#[test]
fn ipv4_within_ipv6_is_ipv4() {
    // A listener on both families shows IPv4 peers so; it must neither hide a proxy nor open a
    // second bucket.
    let behind = client("::ffff:10.1.0.7", &[b"::ffff:203.0.113.9"], &networks());
    assert_eq!(behind.network(), client("203.0.113.9", &[], &[]).network());
}

#[test]
fn a_connection_without_an_address_has_no_client() {
    let request = TestRequest::default().insert_header((X_FORWARDED_FOR, "203.0.113.9"));
    assert!(ClientAddress::of(&request.to_http_request(), &networks()).is_none());
}

#[test]
fn what_is_shown_is_no_single_address() {
    assert_eq!(format!("{:?}", address("203.0.113.9")), "203.0.113.0/24");
    assert_eq!(format!("{:?}", address("2001:db8:1:2:3:4:5:6")), "2001:db8:1::/48");
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(bits.into()).to_canonical()),
    ]
}

fn a_proxy() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u16>().prop_map(|low| IpAddr::V4(Ipv4Addr::from_bits(0x0a01_0000 | u32::from(low)))),
        any::<u64>().prop_map(|low| {
            let network = 0x2001_0db8_00ff_u128 << 80;
            IpAddr::V6(Ipv6Addr::from_bits(network | u128::from(low)))
        }),
    ]
}

fn an_outsider() -> impl Strategy<Value = IpAddr> {
    any_address().prop_filter("is a proxy", |it| !networks().iter().any(|net| net.contains(it)))
}

/// The ways to write an address down.
fn written(address: IpAddr, way: u8) -> String {
    match (address, way % 3) {
        (IpAddr::V4(address), 1) => format!("{}", address.to_ipv6_mapped()),
        (IpAddr::V6(address), 1) => format!("[{address}]"),
        (_, 2) => SocketAddr::new(address, 4711).to_string(),
        _ => address.to_string(),
    }
}

proptest! {
    /// Whatever the client sends itself, over however many proxies it comes, on however many lines.
    #[test]
    fn nothing_that_a_client_sends_moves_it(
        sent in proptest::collection::vec("[ -~]{0,40}", 0..4),
        from in an_outsider(),
        hops in proptest::collection::vec(a_proxy(), 1..4),
        ways in proptest::collection::vec(any::<u8>(), 4),
        as_lines in any::<bool>(),
    ) {
        let mut lines: Vec<Vec<u8>> = sent.into_iter().map(String::into_bytes).collect();
        let (peer, passed) = hops.split_last().unwrap();
        let added = std::iter::once(&from).chain(passed).zip(&ways);
        for (address, way) in added {
            let entry = written(*address, *way).into_bytes();
            match lines.last_mut() {
                Some(line) if !as_lines => {
                    line.extend_from_slice(b", ");
                    line.extend(entry);
                }
                _ => lines.push(entry),
            }
        }
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(client(&peer.to_string(), &lines, &networks()).0, from);
    }

    #[test]
    fn without_trusted_proxies_the_peer_counts(
        line in proptest::collection::vec(0x20_u8..0x7f, 0..80),
        peer in any_address(),
    ) {
        let forged: [&[u8]; 1] = [&line];
        prop_assert_eq!(client(&peer.to_string(), &forged, &[]).0, peer);
    }

    #[test]
    fn a_bucket_is_an_ipv4_address_or_a_64(one in any_address(), other in any_address(), low: u64) {
        let bucket = |it| ClientAddress(it).network();
        let is_same = match (one, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => one == other,
            (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() >> 64 == other.to_bits() >> 64,
            _ => false,
        };
        prop_assert_eq!(bucket(one) == bucket(other), is_same);
        if let IpAddr::V6(address) = one {
            let neighbour = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64 | u128::from(low));
            prop_assert_eq!(bucket(one), bucket(IpAddr::V6(neighbour)));
        }
    }
}
