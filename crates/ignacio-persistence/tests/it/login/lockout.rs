//! A year of guessing codes of one number, while its owner logs in.

use std::time::Duration;

use ignacio_devstack::scale;
use ignacio_domain::ids::OtpId;
use ignacio_domain::lockout::LOCKOUT_LIMIT;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::rate_limit::RateLimitKeys;
use ignacio_domain::session::{DeviceDigest, DeviceToken, SessionToken};
use ignacio_domain::user::Role;
use ignacio_persistence::{CodeCheck, CodeRequest, CodeRequestOutcome, NewSession};

use crate::support::{BUCKETS, Stack, code_request};

/// The time between two rounds of the attacker.
const STEP: Duration = Duration::from_hours(2);
const ROUNDS_A_DAY: usize = 12;

/// Lets time pass for everything that the login counts.
async fn pass(stack: &Stack, time: Duration) {
    let i = format!("interval '{} seconds'", time.as_secs());
    for change in [
        format!(
            "update rate_buckets set hits = array(
                     select hit - {i} from unnest(hits) with ordinality h (hit, n) order by n)"
        ),
        format!("update login_failures set paused_until = paused_until - {i}"),
        format!("update known_devices set expires_at = expires_at - {i}"),
    ] {
        stack.database.execute(&change).await;
    }
}

/// A request from an address of the attacker's, who has many.
fn request_from(phone: &PhoneNumber, address: &str, device: Option<DeviceDigest>) -> CodeRequest {
    let buckets = RateLimitKeys::new(&BUCKETS, phone.expose(), address.as_bytes());
    CodeRequest { buckets, device, ..code_request(Some(phone)) }
}

/// Requests as many codes, and makes as many attempts at each, as are allowed.
async fn attack(stack: &Stack, phone: &PhoneNumber, round: usize) -> usize {
    let mut n_compared = 0;
    loop {
        let code_request = request_from(phone, &format!("attacker {round}"), None);
        let CodeRequestOutcome::Opened(challenge) =
            stack.api.codes().request(&code_request).await.unwrap()
        else {
            return n_compared;
        };
        while let CodeCheck::Open { .. } =
            stack.api.codes().check(challenge.id, None).await.unwrap()
        {
            n_compared += 1;
        }
        // The next code is available after a minute.
        pass(stack, Duration::from_mins(1)).await;
    }
}

/// The owner requests a code, mistypes it once, and then types it correctly. Returns whether the
/// device was new.
async fn owner_logs_in(
    stack: &Stack,
    phone: &PhoneNumber,
    known: Option<DeviceDigest>,
    new: &DeviceDigest,
) -> bool {
    let code_request = request_from(phone, "owner", known);
    let outcome = stack.api.codes().request(&code_request).await.unwrap();
    let CodeRequestOutcome::Opened(challenge) = outcome else {
        panic!("the owner is locked out: {outcome:?}")
    };
    for _ in 0..2 {
        assert!(is_open(stack, challenge.id).await, "the owner's tries are used up");
    }
    let token = SessionToken::generate(&mut rand::rng()).digest();
    let login = NewSession { token: &token, device: new, device_name: None };
    let opened = stack.api.codes().redeem(challenge.id, login).await.unwrap();
    stack.api.verify_session(&token).await.unwrap();
    opened.expect("the owner's code is refused").is_new_device
}

async fn is_open(stack: &Stack, challenge: OtpId) -> bool {
    let attempt = stack.api.codes().check(challenge, None).await.unwrap();
    matches!(attempt, CodeCheck::Open { .. })
}

#[tokio::test]
async fn a_year_of_guessing_gets_a_hundred_attempts_and_keeps_no_owner_out() {
    let n_days = scale(20, 365);
    let stack = Stack::start().await;
    let phone = PhoneNumber::parse("+573001110002").unwrap();
    stack.add_user(&phone, Role::Participant).await;
    let device = DeviceToken::generate(&mut rand::rng()).digest();
    assert!(owner_logs_in(&stack, &phone, None, &device).await);
    pass(&stack, Duration::from_hours(24)).await;

    let (mut n_compared, mut n_logins, mut last) = (0, 0, 0);
    for day in 0..n_days {
        for round in 0..ROUNDS_A_DAY {
            let compared = attack(&stack, &phone, day * ROUNDS_A_DAY + round).await;
            if compared > 0 {
                (n_compared, last) = (n_compared + compared, day);
            }
            pass(&stack, STEP).await;
        }
        assert!(!owner_logs_in(&stack, &phone, Some(device), &device).await);
        n_logins += 1;
    }
    println!(
        "A9: {n_days} days of attack: {n_compared} comparisons, the last on day {last}; the owner \
         logged in {n_logins} times"
    );
    // The lockout steps allow exactly this many: fewer would lock out owners as well.
    assert_eq!(n_compared, usize::from(LOCKOUT_LIMIT));
    assert_eq!(n_logins, n_days);
    // An unknown device must ask an admin.
    let outcome =
        stack.api.codes().request(&request_from(&phone, "new device", None)).await.unwrap();
    assert!(matches!(outcome, CodeRequestOutcome::Paused { wait: None }), "{outcome:?}");
}
