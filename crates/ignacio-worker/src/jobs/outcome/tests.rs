//! Errors are classified as retryable, permanent or not the job's fault.

use super::*;

fn transient(retry_after: Option<Duration>) -> PortError {
    PortError::Transient { retry_after, reason: "busy".to_owned() }
}

fn rejected() -> PortError {
    PortError::Rejected { code: "invalid_file".to_owned(), reason: "no".to_owned() }
}

fn misconfigured() -> PortError {
    PortError::Misconfigured { code: "invalid_api_key".to_owned(), reason: "no".to_owned() }
}

#[test]
fn errors_are_classified_by_what_can_be_done() {
    let classified = |error: &PortError, attempts| classify(error, attempts, &Backoff::INSTANT);
    let retry = |error: &str| JobOutcome::Retry { after: Duration::ZERO, error: error.to_owned() };
    let fail = |error: &str| JobOutcome::Fail { error: error.to_owned() };

    assert_eq!(classified(&transient(None), 1), retry("unavailable"));
    assert_eq!(classified(&transient(None), MAX_ATTEMPTS - 1), retry("unavailable"));
    assert_eq!(classified(&transient(None), MAX_ATTEMPTS), fail("unavailable"));
    assert_eq!(classified(&PortError::NotFound, 1), retry("not_found"));
    assert_eq!(classified(&rejected(), 1), fail("invalid_file"));
    for attempts in [1, MAX_ATTEMPTS, MAX_ATTEMPTS + 1] {
        assert_eq!(
            classified(&misconfigured(), attempts),
            JobOutcome::Postpone { after: MISCONFIGURED_DELAY },
            "a wrong key is not the file's fault, however often it is tried"
        );
    }
}
