//! The outcome table, try by try.

use ignacio_domain::ids::OtpId;
use ignacio_domain::locale::Locale;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::ports::NoticeKind;

use super::*;

const NOTICE: MessageKind = MessageKind::Notice(NoticeKind::NewDevice);

fn code() -> MessageKind {
    MessageKind::Code(OtpId::new())
}

fn job(what: MessageKind, attempts: i32, age: u64) -> OutboxJob {
    OutboxJob {
        id: OtpId::new().into_uuid(),
        kind: what,
        phone: PhoneNumber::parse("+573001112233").unwrap(),
        locale: Locale::Es,
        attempts,
        age: Duration::from_secs(age),
        outage: None,
    }
}

fn passing() -> SendError {
    SendError::Transient { reason: "busy".to_owned() }
}

fn throttled(seconds: u64) -> SendError {
    SendError::Throttled { retry_after: Duration::from_secs(seconds), reason: "busy".to_owned() }
}

fn ours(is_critical: bool) -> SendError {
    SendError::Misconfigured { code: "1".to_owned(), reason: "no".to_owned(), is_critical }
}

/// The pause before the next try, if there is one.
fn pause(job: &OutboxJob, error: &SendError, took: u64) -> Option<Duration> {
    match next(job, error, Duration::from_secs(took)) {
        Next::Again { after, .. } => Some(after),
        Next::Unreachable { .. } | Next::GaveUp { .. } => None,
    }
}

#[test]
fn a_passing_fault_is_tried_again_within_half_a_minute() {
    let seconds = |it: u64| Some(Duration::from_secs(it));
    for (attempts, age, took, expected) in [
        (1, 0, 0, seconds(1)),
        (2, 1, 0, seconds(3)),
        (3, 4, 0, seconds(9)),
        (4, 13, 0, None),
        // Each try may have waited for an answer in vain.
        (1, 0, 8, seconds(1)),
        (2, 9, 8, seconds(3)),
        (3, 20, 8, None),
        (3, 13, 8, seconds(9)),
        (1, 29, 0, seconds(1)),
        (1, 30, 0, None),
    ] {
        let job = job(code(), attempts, age);
        assert_eq!(pause(&job, &passing(), took), expected, "{attempts} {age} {took}");
    }
    assert_eq!(
        next(&job(code(), 4, 13), &passing(), Duration::ZERO),
        Next::GaveUp { error: "unavailable".to_owned(), is_passing: true }
    );
}

#[test]
fn a_pause_that_is_asked_for_is_kept_and_spread() {
    for attempts in [1, 2] {
        let job = job(code(), attempts, 0);
        let pauses: Vec<_> =
            (0..100).map(|_| pause(&job, &throttled(6), 0).unwrap().as_secs_f64()).collect();
        assert!(pauses.iter().all(|it| (6.0..=9.0).contains(it)), "{pauses:?}");
        assert!(pauses.iter().any(|it| *it < 7.5) && pauses.iter().any(|it| *it > 7.5));
    }
    assert_eq!(pause(&job(code(), 3, 0), &throttled(6), 0), None, "two retries, no more");
    assert_eq!(pause(&job(code(), 1, 0), &throttled(31), 0), None, "nobody waits that long");
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    let unreachable = SendError::Unreachable { code: "131026".to_owned() };
    for what in [code(), NOTICE] {
        assert_eq!(
            next(&job(what, 1, 0), &unreachable, Duration::ZERO),
            Next::Unreachable { error: "131026".to_owned() }
        );
    }
    for is_critical in [true, false] {
        assert_eq!(
            next(&job(code(), 1, 0), &ours(is_critical), Duration::ZERO),
            Next::GaveUp { error: "1".to_owned(), is_passing: false }
        );
    }
    assert_eq!(pause(&job(NOTICE, 1, 0), &ours(false), 0), None);
}

#[test]
fn a_notice_is_tried_for_a_day() {
    for error in [passing(), ours(true)] {
        for (attempts, least) in [(1, 1), (2, 3), (3, 9), (8, 2_187), (9, 3_600), (99, 3_600)] {
            let pause = pause(&job(NOTICE, attempts, 100), &error, 0).unwrap().as_secs_f64();
            let least = f64::from(least);
            assert!((least..=least * 1.5).contains(&pause), "{attempts} {pause}");
        }
        assert_eq!(pause(&job(NOTICE, 99, 86_401), &error, 0), None);
    }
    assert!(pause(&job(NOTICE, 1, 0), &throttled(600), 0) >= Some(Duration::from_mins(10)));
}
