//! The whole table: each way in which a stream can fail, before and after the first text.

use super::*;
use Recovery::{Fail, Restart, RestartWithHistory, Resume};
use ReplyFailure::{Interrupted, ProviderRejected, ProviderUnavailable, TimedOut};

const NOTHING: Progress = Progress { is_accepted: false, has_text: false };
const ACCEPTED: Progress = Progress { is_accepted: true, has_text: false };
const SHOWN: Progress = Progress { is_accepted: true, has_text: true };

fn failed(error: PortError) -> StreamFailure {
    StreamFailure::Error(AssistantError::Port(error))
}

fn transient(seconds: Option<u64>) -> StreamFailure {
    failed(PortError::Transient {
        retry_after: seconds.map(Duration::from_secs),
        reason: "busy".to_owned(),
    })
}

fn rejected() -> StreamFailure {
    failed(PortError::Rejected { code: "invalid".to_owned(), reason: "no".to_owned() })
}

fn misconfigured() -> StreamFailure {
    failed(PortError::Misconfigured { code: "quota".to_owned(), reason: "no".to_owned() })
}

fn first(failure: &StreamFailure, progress: Progress) -> Recovery {
    RetryBudget::new(&Backoff::INSTANT).recover(failure, progress)
}

#[test]
fn every_failure_has_its_recovery() {
    let start = || Restart(Duration::ZERO);
    let resume = || Resume(Duration::ZERO);
    let lost = || StreamFailure::Error(AssistantError::StateLost);
    let missing = || failed(PortError::NotFound);
    let table = [
        (StreamFailure::Closed, start(), resume(), resume()),
        (StreamFailure::Idle, Fail(TimedOut), resume(), resume()),
        (transient(None), start(), resume(), resume()),
        (transient(Some(20)), start(), resume(), resume()),
        (
            transient(Some(21)),
            Fail(ProviderUnavailable),
            Fail(ProviderUnavailable),
            Fail(Interrupted),
        ),
        (missing(), Fail(ProviderRejected), start(), Fail(Interrupted)),
        (rejected(), Fail(ProviderRejected), start(), Fail(Interrupted)),
        (misconfigured(), Fail(ProviderUnavailable), start(), Fail(Interrupted)),
        (lost(), RestartWithHistory, RestartWithHistory, Fail(Interrupted)),
    ];
    for (failure, nothing, accepted, shown) in table {
        assert_eq!(first(&failure, NOTHING), nothing, "{failure:?} before anything");
        assert_eq!(first(&failure, ACCEPTED), accepted, "{failure:?} once it was accepted");
        assert_eq!(first(&failure, SHOWN), shown, "{failure:?} after the first text");
    }
}

#[test]
fn a_request_is_repeated_twice_at_most() {
    let mut budget = RetryBudget::new(&Backoff::INSTANT);
    for _ in 0..MAX_RESTARTS {
        let recovery = budget.recover(&transient(None), NOTHING);
        assert_eq!(recovery, Restart(Duration::ZERO));
    }
    for failure in [transient(None), StreamFailure::FailedEmpty] {
        let recovery = budget.recover(&failure, NOTHING);
        assert_eq!(recovery, Fail(ProviderUnavailable));
    }
    assert_eq!(first(&StreamFailure::FailedEmpty, ACCEPTED), Restart(Duration::ZERO));
}

#[test]
fn a_stream_is_resumed_as_long_as_it_brings_new_events() {
    let mut budget = RetryBudget::new(&Backoff::INSTANT);
    let closed = |budget: &mut RetryBudget<'_>| budget.recover(&StreamFailure::Closed, SHOWN);
    for _ in 0..MAX_RESUMES {
        assert_eq!(closed(&mut budget), Resume(Duration::ZERO));
    }
    budget.reset_resumes();
    for _ in 0..MAX_RESUMES {
        assert_eq!(closed(&mut budget), Resume(Duration::ZERO));
    }
    assert_eq!(closed(&mut budget), Fail(Interrupted));
}

#[test]
fn no_user_waits_for_long() {
    for _ in 0..200 {
        let ours = delay(None, &Backoff::REAL).unwrap();
        assert!((Duration::from_millis(500)..=Duration::from_secs(2)).contains(&ours), "{ours:?}");
        assert_eq!(
            delay(Some(Duration::from_secs(7)), &Backoff::REAL),
            Some(Duration::from_secs(7))
        );
    }
}
