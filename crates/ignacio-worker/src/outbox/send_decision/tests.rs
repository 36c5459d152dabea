//! The table of decisions, attempt by attempt.

use ignacio_domain::ids::OtpId;
use ignacio_domain::locale::Locale;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::ports::NoticeKind;

use super::*;

const NOTICE: MessageKind = MessageKind::Notice(NoticeKind::NewDevice);

fn code() -> MessageKind {
    MessageKind::Code(OtpId::new())
}

fn job(kind: MessageKind, attempts: i32, age: u64) -> OutboxJob {
    OutboxJob {
        id: OtpId::new().into_uuid(),
        kind,
        phone: PhoneNumber::parse("+573001112233").unwrap(),
        locale: Locale::Es,
        attempts,
        age: Duration::from_secs(age),
        outage: None,
    }
}

fn transient() -> SendError {
    SendError::Transient { reason: "busy".to_owned() }
}

fn throttled(seconds: u64) -> SendError {
    SendError::Throttled { retry_after: Duration::from_secs(seconds), reason: "busy".to_owned() }
}

fn misconfigured(is_critical: bool) -> SendError {
    SendError::Misconfigured { code: "1".to_owned(), reason: "no".to_owned(), is_critical }
}

/// The delay before the next attempt, if there is one.
fn delay(job: &OutboxJob, error: &SendError, took: u64) -> Option<Duration> {
    match decide(job, error, Duration::from_secs(took)) {
        SendDecision::Retry { after, .. } => Some(after),
        SendDecision::Unreachable { .. } | SendDecision::GiveUp { .. } => None,
    }
}

#[test]
fn a_transient_error_is_retried_within_half_a_minute() {
    let seconds = |it: u64| Some(Duration::from_secs(it));
    for (attempts, age, took, expected) in [
        (1, 0, 0, seconds(1)),
        (2, 1, 0, seconds(3)),
        (3, 4, 0, seconds(9)),
        (4, 13, 0, None),
        // Each attempt may have waited for a response that never came.
        (1, 0, 8, seconds(1)),
        (2, 9, 8, seconds(3)),
        (3, 20, 8, None),
        (3, 13, 8, seconds(9)),
        (1, 29, 0, seconds(1)),
        (1, 30, 0, None),
    ] {
        let job = job(code(), attempts, age);
        assert_eq!(delay(&job, &transient(), took), expected, "{attempts} {age} {took}");
    }
    assert_eq!(
        decide(&job(code(), 4, 13), &transient(), Duration::ZERO),
        SendDecision::GiveUp { error: "unavailable".to_owned(), is_transient: true }
    );
}

#[test]
fn a_requested_delay_is_kept_and_spread() {
    for attempts in [1, 2] {
        let job = job(code(), attempts, 0);
        let delays: Vec<_> =
            (0..100).map(|_| delay(&job, &throttled(6), 0).unwrap().as_secs_f64()).collect();
        assert!(delays.iter().all(|it| (6.0..=9.0).contains(it)), "{delays:?}");
        assert!(delays.iter().any(|it| *it < 7.5) && delays.iter().any(|it| *it > 7.5));
    }
    assert_eq!(delay(&job(code(), 3, 0), &throttled(6), 0), None, "two retries, no more");
    assert_eq!(delay(&job(code(), 1, 0), &throttled(31), 0), None, "no user waits that long");
}

#[test]
fn a_permanent_error_is_not_retried() {
    let unreachable = SendError::Unreachable { code: "131026".to_owned() };
    for kind in [code(), NOTICE] {
        assert_eq!(
            decide(&job(kind, 1, 0), &unreachable, Duration::ZERO),
            SendDecision::Unreachable { error: "131026".to_owned() }
        );
    }
    for is_critical in [true, false] {
        assert_eq!(
            decide(&job(code(), 1, 0), &misconfigured(is_critical), Duration::ZERO),
            SendDecision::GiveUp { error: "1".to_owned(), is_transient: false }
        );
    }
    assert_eq!(delay(&job(NOTICE, 1, 0), &misconfigured(false), 0), None);
}

#[test]
fn a_notice_is_tried_for_a_day() {
    for error in [transient(), misconfigured(true)] {
        for (attempts, least) in [(1, 1), (2, 3), (3, 9), (8, 2_187), (9, 3_600), (99, 3_600)] {
            let delay = delay(&job(NOTICE, attempts, 100), &error, 0).unwrap().as_secs_f64();
            let least = f64::from(least);
            assert!((least..=least * 1.5).contains(&delay), "{attempts} {delay}");
        }
        assert_eq!(delay(&job(NOTICE, 99, 86_401), &error, 0), None);
    }
    assert!(delay(&job(NOTICE, 1, 0), &throttled(600), 0) >= Some(Duration::from_mins(10)));
}
