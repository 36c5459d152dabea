//! What the login promises, over several processes on one database, with the numbers of each
//! promise.

mod account_enumeration;
mod bench;
mod binding;
mod database_dump;
mod expiry;
mod fixed_codes;
mod guessing;
mod limits;
mod renewal;
mod revocation;
mod sending;
mod statistics;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{StreamExt as _, stream};
use ignacio_devstack::log_leak_scan;
use ignacio_domain::ids::OtpId;
use ignacio_domain::keys::{Key, MasterSecret};
use ignacio_domain::otp::OtpCode;
use ignacio_domain::phone::PhoneNumber;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::process::SECRET;
use crate::stack::{Stack, until};

/// Makes each request's own `X-Forwarded-For` count as its address, and lets a test send more codes
/// than a programme needs.
const MANY_CLIENTS: &[(&str, &str)] =
    &[("IGNACIO_TRUSTED_PROXIES", "127.0.0.0/8"), ("IGNACIO_CODES_PER_HOUR", "10000")];
/// How many requests are sent concurrently.
const AT_ONCE: usize = 40;
/// The code of every challenge that a test creates directly.
const CODE: &str = "042017";

/// A challenge and its code.
#[derive(Clone, Debug)]
struct Login {
    challenge: String,
    code: String,
    phone: String,
}

/// The number of the n-th user.
fn phone(n: usize) -> String {
    format!("+57310{n:07}")
}

/// An address that no request has used before.
fn new_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0x0a00_0001);
    Ipv4Addr::from_bits(NEXT.fetch_add(1, Ordering::Relaxed)).to_string()
}

/// Does the same with every item, this many at a time.
async fn each<I, F: Future>(
    items: impl IntoIterator<Item = I>,
    at_once: usize,
    work: impl FnMut(I) -> F,
) -> Vec<F::Output> {
    stream::iter(items).map(work).buffer_unordered(at_once).collect().await
}

/// The pepper of a deployment that sets none.
fn pepper() -> Key {
    MasterSecret::parse(SECRET.into()).unwrap().derive("otp-pepper")
}

impl Stack {
    /// Users with the first numbers.
    async fn create_users(&self, count: usize) {
        let add = format!(
            "insert into users (phone_number, name)
             select '+57310' || lpad(n::text, 7, '0'), 'Ana Participante'
               from generate_series(0, {count} - 1) n"
        );
        self.database.execute(&add).await;
    }

    /// Requests a code from one of the processes, from a new address.
    async fn request_code_at(&self, replica: usize, phone: &str) -> Response {
        let call = self.request_to(replica, Method::POST, "/v1/auth/otp");
        let body = json!({ "phone": phone });
        call.header("x-forwarded-for", new_address()).json(&body).send().await.unwrap()
    }

    /// Tries a code at one of the processes.
    async fn redeem_code_at(&self, replica: usize, challenge: &str, code: &str) -> Response {
        let body = json!({ "otp_id": challenge, "code": code });
        let call = self.request_to(replica, Method::POST, "/v1/auth/sessions");
        call.json(&body).send().await.unwrap()
    }

    /// Logs in at one of the processes; returns the response body.
    async fn log_in_at(&self, replica: usize, login: &Login) -> Value {
        let opened = self.redeem_code_at(replica, &login.challenge, &login.code).await;
        assert_eq!(opened.status(), StatusCode::CREATED);
        let body: Value = opened.json().await.unwrap();
        log_leak_scan::note_json(&body);
        body
    }

    /// Codes for these numbers, delivered over WhatsApp.
    async fn send_codes(&self, replicas: usize, phones: Vec<String>) -> Vec<Login> {
        let before = self.whatsapp.sent().len();
        let wanted = before + phones.len();
        let asked = each(phones.into_iter().enumerate(), AT_ONCE, async |(n, phone)| {
            let response = self.request_code_at(n % replicas, &phone).await;
            assert_eq!(response.status(), StatusCode::ACCEPTED);
            let challenge: Value = response.json().await.unwrap();
            (challenge["id"].as_str().unwrap().to_owned(), phone)
        });
        let asked = asked.await;
        until("the codes", async || self.whatsapp.sent().len() >= wanted).await;
        // Newest first: the last code of each number is kept.
        let sent = self.whatsapp.sent().into_iter().rev();
        let codes: HashMap<_, _> = sent.filter_map(|it| Some((it.to, it.code?))).collect();
        asked
            .into_iter()
            .map(|(challenge, phone)| Login { challenge, code: codes[&phone].clone(), phone })
            .collect()
    }

    /// Challenges of the first users, each with [`CODE`], as if it had been sent.
    async fn create_sent_codes(&self, count: usize, users: usize) -> Vec<Login> {
        let pepper = pepper();
        let code = OtpCode::parse(CODE).unwrap();
        let logins = (0..count).map(|n| {
            let (id, phone) = (OtpId::new(), phone(n % users));
            let digest = code.digest(&pepper, id, &PhoneNumber::parse(&phone).unwrap());
            let hex = hex::encode(digest.as_bytes());
            let challenge = id.into_uuid().to_string();
            let row = format!("('{challenge}'::uuid, '{phone}', decode('{hex}', 'hex'))");
            (Login { challenge, code: CODE.to_owned(), phone }, row)
        });
        let (logins, rows): (Vec<_>, Vec<_>) = logins.unzip();
        let add = format!(
            "insert into otp_codes (id, user_id, phone_number, code_hash, expires_at, sent_at)
             select c.id, u.id, u.phone_number, c.digest, now() + interval '5 minutes', now()
               from (values {}) c (id, phone, digest) join users u on u.phone_number = c.phone",
            rows.join(", ")
        );
        assert_eq!(self.database.execute(&add).await, u64::try_from(count).unwrap());
        logins
    }

    /// As if no codes had been requested recently.
    async fn reset_rate_limits(&self) {
        self.database.execute("delete from rate_buckets").await;
    }
}
