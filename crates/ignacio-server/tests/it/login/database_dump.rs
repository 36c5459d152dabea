//! What a thief of the database gets: no code, no session, no device.

use std::collections::BTreeSet;

use ignacio_devstack::scale;
use ignacio_domain::ids::OtpId;
use ignacio_domain::keys::Key;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::phone::PhoneNumber;
use reqwest::StatusCode;

use super::{AT_ONCE, Login, MANY_CLIENTS, each, pepper, phone};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack};

/// How a service without a pepper might store a code, in SQL: `c` is the code, `i` the challenge,
/// `p` the number.
const UNKEYED: [&str; 9] = [
    "md5(c)",
    "encode(sha224(c::bytea), 'hex')",
    "encode(sha256(c::bytea), 'hex')",
    "encode(sha224((p || c)::bytea), 'hex')",
    "encode(sha256((p || c)::bytea), 'hex')",
    "encode(sha256((ltrim(p, '+') || c)::bytea), 'hex')",
    "encode(sha256((i || c)::bytea), 'hex')",
    "encode(sha256(uuid_send(i::uuid) || (p || '|' || c)::bytea), 'hex')",
    "encode(sha512((p || c)::bytea), 'hex')",
];

#[tokio::test]
async fn a_stolen_database_reveals_no_code() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER], MANY_CLIENTS).await;
    stack.create_users(1).await;
    let login = stack.send_codes(1, vec![phone(0)]).await.remove(0);
    let dump = stack.database.dump(&["--data-only"]);
    assert!(dump.contains(&login.challenge), "the challenge is not in the dump");
    assert!(!contains_code(&dump, &login.code), "the code stands in the dump");

    let stored = hex_words(&dump);
    let number = PhoneNumber::parse(&login.phone).unwrap();
    let challenge = OtpId::from_uuid(login.challenge.parse().unwrap());
    let digest =
        |code: &OtpCode, key: &Key| hex::encode(code.digest(key, challenge, &number).as_bytes());
    let right = OtpCode::parse(&login.code).unwrap();
    // With the pepper the code is found, so the dump contains what the searches below look for.
    assert!(stored.contains(&digest(&right, &pepper())));

    // A sample of the codes, or all, always including the correct one.
    let n_guesses = scale(20_000, 1_000_000);
    let first = login.code.parse::<usize>().unwrap() / n_guesses * n_guesses;
    let hits = unkeyed_hits(&stack, &login, &stored, first..first + n_guesses).await;
    assert_eq!(hits, 0, "a code is found by an unkeyed hash");
    // Keys that a developer might have forgotten to replace.
    for key in [[0; 32], [7; 32], [255; 32]] {
        let key = Key::from_bytes(key);
        for guess in first..first + n_guesses {
            let guess = OtpCode::parse(&format!("{guess:06}")).unwrap();
            assert!(!stored.contains(&digest(&guess, &key)));
        }
    }
    println!(
        "A5: {n_guesses} guesses x {} ways without the pepper: {hits} hits",
        UNKEYED.len() + 3
    );
    stack.log_in_at(0, &login).await;
}

/// How many guesses have a hash that is in the dump.
async fn unkeyed_hits(
    stack: &Stack,
    login: &Login,
    stored: &BTreeSet<String>,
    guesses: std::ops::Range<usize>,
) -> i64 {
    let (challenge, phone) = (&login.challenge, &login.phone);
    let stored = stored.iter().map(|it| format!("('{it}')")).collect::<Vec<_>>().join(", ");
    let ways = UNKEYED.map(|it| format!("select {it} as hash from guess")).join(" union all ");
    let count = format!(
        "with guess as materialized (
             select lpad(n::text, 6, '0') as c, '{challenge}'::text as i, '{phone}'::text as p
               from generate_series({}, {}) n)
         select count(*) from ({ways}) w join (values {stored}) s (hash) using (hash)",
        guesses.start,
        guesses.end - 1
    );
    stack.database.query_i64(&count).await
}

#[tokio::test]
async fn codes_in_flight_survive_a_pepper_rotation() {
    const OLD: &str = "the first pepper, which is long enough for anybody";
    const NEW: &str = "the second pepper, which is long enough for anybody";
    let mut stack = Stack::start_replicas(&[SERVE_WITH_WORKER], MANY_CLIENTS).await;
    stack.set_variables(&[("IGNACIO_OTP_PEPPER", OLD)]);
    stack.restart(0, SERVE_WITH_WORKER);
    stack.create_users(4).await;
    let old = stack.send_codes(1, vec![phone(0), phone(1)]).await;

    stack.set_variables(&[("IGNACIO_OTP_PEPPER", NEW), ("IGNACIO_OTP_PEPPER_PREVIOUS", OLD)]);
    stack.restart(0, SERVE_WITH_WORKER);
    stack.log_in_at(0, &old[0]).await;
    let new = stack.send_codes(1, vec![phone(2), phone(3)]).await;
    stack.log_in_at(0, &new[0]).await;

    // An empty pepper counts as not set.
    stack.set_variables(&[("IGNACIO_OTP_PEPPER_PREVIOUS", "")]);
    stack.restart(0, SERVE_WITH_WORKER);
    stack.log_in_at(0, &new[1]).await;
    let refused = stack.redeem_code_at(0, &old[1].challenge, &old[1].code).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_stolen_database_holds_no_token_of_a_session_or_a_device() {
    const SESSIONS_EACH: usize = 10;
    let n_sessions = scale(50, 1_000);
    let n_users = n_sessions / SESSIONS_EACH;
    let stack = Stack::start_replicas(&[SERVE, SERVE], &[]).await;
    stack.create_users(n_users).await;
    let mut tokens = Vec::new();
    for _ in 0..SESSIONS_EACH {
        // A login voids the user's other codes, so each user has one at a time.
        let logins = stack.create_sent_codes(n_users, n_users).await;
        let opened = each(logins.iter().enumerate(), AT_ONCE, |(n, it)| stack.log_in_at(n % 2, it));
        for opened in opened.await {
            for field in ["token", "device_token"] {
                tokens.push(opened[field].as_str().unwrap().to_owned());
            }
        }
    }
    let live = "select count(*) from user_sessions where revoked_at is null";
    assert_eq!(stack.database.query_i64(live).await, i64::try_from(n_sessions).unwrap());
    assert_eq!(tokens.len(), 2 * n_sessions);

    let dump = stack.database.dump(&[]);
    // As text, as the bytes of that text, and as the bytes that it encodes.
    let hits = tokens.iter().filter(|it| {
        let secret: String = it.chars().skip(4).take(43).collect();
        let forms = [hex::encode(secret.as_bytes()), hex::encode(decoded(&secret)), secret];
        forms.iter().any(|form| dump.contains(form))
    });
    let hits = hits.count();
    println!("B2: {} live tokens, {} bytes of dump: {hits} hits", tokens.len(), dump.len());
    assert_eq!(hits, 0);
    let sample = format!("select encode(sha256('{}'), 'hex')", tokens[0]);
    assert!(dump.contains(&stack.database.query_text(&sample).await), "the digest is not in it");
}

/// Whether a code is in the dump as a word. Fractions of seconds have six digits as well.
fn contains_code(dump: &str, code: &str) -> bool {
    let parts: Vec<&str> = dump.split(code).collect();
    parts.windows(2).any(|around| {
        let before = around[0].chars().next_back();
        let after = around[1].chars().next();
        !before.is_some_and(|it| it.is_alphanumeric() || it == '.')
            && !after.is_some_and(char::is_alphanumeric)
    })
}

/// The hexadecimal words of a dump that are as long as a digest.
fn hex_words(dump: &str) -> BTreeSet<String> {
    let words = dump.split(|it: char| !it.is_ascii_hexdigit());
    words.filter(|it| it.len() >= 32).map(str::to_owned).collect()
}

/// The bytes that base64url encodes.
fn decoded(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = text.chars().flat_map(|letter| {
        let value = LETTERS.find(letter).unwrap();
        (0..6).rev().map(move |bit| u8::from(value >> bit & 1 == 1))
    });
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}
