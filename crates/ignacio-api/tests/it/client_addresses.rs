//! The rate limit of an address applies to the client, whatever headers the client sends.

use std::net::Ipv4Addr;
use std::time::Duration;

use ignacio_domain::rate_limit::PER_ADDRESS;
use serde_json::json;

use crate::stack::Stack;

/// A stack that trusts these proxies and does not pad its latency.
async fn stack_behind(proxies: &[&str]) -> Stack {
    Stack::with(|settings| {
        settings.trusted_proxies = proxies.iter().map(|it| it.parse().unwrap()).collect();
        settings.login_latency_step = Duration::ZERO;
    })
    .await
}

/// Requests a code for an unused number; false if that was refused.
async fn is_let_through(stack: &Stack, number: u32, forwarded: &str) -> bool {
    let body = json!({ "phone": format!("+57310{number:07}") });
    let call = stack.client.post("/v1/auth/otp").header("x-forwarded-for", forwarded);
    match call.json(&body).send().await.status.as_u16() {
        202 => true,
        429 => false,
        other => panic!("{forwarded}: {other}"),
    }
}

#[tokio::test]
async fn a_thousand_forged_headers_share_one_rate_limit() {
    let stack = stack_behind(&[]).await;
    let mut n_through = 0;
    for number in 0..1000_u32 {
        let forged = Ipv4Addr::from_bits(number.wrapping_mul(2_654_435_761));
        let forwarded = format!("{forged}, 10.1.2.3");
        n_through += u16::from(is_let_through(&stack, number, &forwarded).await);
    }
    assert_eq!(n_through, PER_ADDRESS.max);
}

#[tokio::test]
async fn each_client_behind_a_proxy_has_its_own_rate_limit() {
    let stack = stack_behind(&["127.0.0.1/32", "10.1.0.0/16"]).await;
    let most = u32::from(PER_ADDRESS.max);
    for (start, client, same, other) in [
        (0, "203.0.113.9", "203.0.113.9:4711", "203.0.113.10"),
        (1000, "2001:db8:0:1::1", "2001:db8:0:1:ffff::1", "2001:db8:0:2::1"),
    ] {
        for number in 0..most {
            let forwarded = format!("198.51.100.{number}, {client}, 10.1.2.3");
            assert!(is_let_through(&stack, start + number, &forwarded).await, "{forwarded}");
        }
        for forwarded in [format!("{client}, 10.1.2.3"), same.to_owned()] {
            assert!(!is_let_through(&stack, start + most, &forwarded).await, "{forwarded}");
        }
        assert!(is_let_through(&stack, start + most, other).await, "{other}");
    }
}
