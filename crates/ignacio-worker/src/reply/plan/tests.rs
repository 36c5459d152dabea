//! The whole table: each way in which a stream can end, before and after the first word.

use super::*;
use ReplyFailure::{Interrupted, ProviderRejected, ProviderUnavailable, TimedOut};

const NOTHING: Standing = Standing { is_known: false, has_text: false };
const KNOWN: Standing = Standing { is_known: true, has_text: false };
const SEEN: Standing = Standing { is_known: true, has_text: true };

fn failed(error: PortError) -> Cut {
    Cut::Failed(AssistantError::Port(error))
}

fn transient(seconds: Option<u64>) -> Cut {
    failed(PortError::Transient {
        retry_after: seconds.map(Duration::from_secs),
        reason: "busy".to_owned(),
    })
}

fn rejected() -> Cut {
    failed(PortError::Rejected { code: "invalid".to_owned(), reason: "no".to_owned() })
}

fn misconfigured() -> Cut {
    failed(PortError::Misconfigured { code: "quota".to_owned(), reason: "no".to_owned() })
}

fn first(cut: &Cut, standing: Standing) -> Plan {
    Tries::default().plan(cut, standing, Pauses::Skipped)
}

#[test]
fn every_cut_has_its_plan() {
    let start = || Plan::Start(Duration::ZERO);
    let resume = || Plan::Resume(Duration::ZERO);
    let lost = || Cut::Failed(AssistantError::StateLost);
    let missing = || failed(PortError::NotFound);
    let table = [
        (Cut::Closed, start(), resume(), resume()),
        (Cut::Idle, Plan::Fail(TimedOut), resume(), resume()),
        (transient(None), start(), resume(), resume()),
        (transient(Some(20)), start(), resume(), resume()),
        (
            transient(Some(21)),
            Plan::Fail(ProviderUnavailable),
            Plan::Fail(ProviderUnavailable),
            Plan::Fail(Interrupted),
        ),
        (missing(), Plan::Fail(ProviderRejected), start(), Plan::Fail(Interrupted)),
        (rejected(), Plan::Fail(ProviderRejected), start(), Plan::Fail(Interrupted)),
        (misconfigured(), Plan::Fail(ProviderUnavailable), start(), Plan::Fail(Interrupted)),
        (lost(), Plan::StartWhole, Plan::StartWhole, Plan::Fail(Interrupted)),
    ];
    for (cut, nothing, known, seen) in table {
        assert_eq!(first(&cut, NOTHING), nothing, "{cut:?} before anything");
        assert_eq!(first(&cut, KNOWN), known, "{cut:?} once the provider took it");
        assert_eq!(first(&cut, SEEN), seen, "{cut:?} after the first word");
    }
}

#[test]
fn a_request_is_repeated_twice_at_most() {
    let mut tries = Tries::default();
    for _ in 0..RESTARTS {
        let plan = tries.plan(&transient(None), NOTHING, Pauses::Skipped);
        assert_eq!(plan, Plan::Start(Duration::ZERO));
    }
    for cut in [transient(None), Cut::GaveUp] {
        let plan = tries.plan(&cut, NOTHING, Pauses::Skipped);
        assert_eq!(plan, Plan::Fail(ProviderUnavailable));
    }
    assert_eq!(first(&Cut::GaveUp, KNOWN), Plan::Start(Duration::ZERO));
}

#[test]
fn a_stream_is_taken_up_again_as_long_as_something_comes_of_it() {
    let mut tries = Tries::default();
    let cut = |tries: &mut Tries| tries.plan(&Cut::Closed, SEEN, Pauses::Skipped);
    for _ in 0..RESUMES {
        assert_eq!(cut(&mut tries), Plan::Resume(Duration::ZERO));
    }
    tries.reset_resumes();
    for _ in 0..RESUMES {
        assert_eq!(cut(&mut tries), Plan::Resume(Duration::ZERO));
    }
    assert_eq!(cut(&mut tries), Plan::Fail(Interrupted));
}

#[test]
fn nobody_waits_for_long() {
    for _ in 0..200 {
        let ours = pause(None, Pauses::Kept).unwrap();
        assert!((Duration::from_millis(500)..=Duration::from_secs(2)).contains(&ours), "{ours:?}");
        assert_eq!(pause(Some(Duration::from_secs(7)), Pauses::Kept), Some(Duration::from_secs(7)));
    }
}
