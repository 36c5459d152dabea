//! Errors become the verdicts of the table in the reliability notes; pauses stay in their bounds.

use std::cell::Cell;

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
fn errors_are_judged_by_what_can_be_done() {
    let judged = |error: &PortError, attempts| judge(error, attempts, Pauses::Skipped);
    let retry = |error: &str| Verdict::Retry { after: Duration::ZERO, error: error.to_owned() };
    let give_up = |error: &str| Verdict::GiveUp { error: error.to_owned() };

    assert_eq!(judged(&transient(None), 1), retry("unavailable"));
    assert_eq!(judged(&transient(None), MAX_ATTEMPTS - 1), retry("unavailable"));
    assert_eq!(judged(&transient(None), MAX_ATTEMPTS), give_up("unavailable"));
    assert_eq!(judged(&PortError::NotFound, 1), retry("not_found"));
    assert_eq!(judged(&rejected(), 1), give_up("invalid_file"));
    for attempts in [1, MAX_ATTEMPTS, MAX_ATTEMPTS + 1] {
        assert_eq!(
            judged(&misconfigured(), attempts),
            Verdict::Postpone { after: MISCONFIGURED_PAUSE },
            "a wrong key is not the file's fault, however often it is tried"
        );
    }
}

#[test]
fn pauses_are_spread_within_their_bounds() {
    for attempts in 1..=MAX_ATTEMPTS {
        let longest = sync::max_backoff(attempts).unsigned_abs();
        let drawn: Vec<_> = (0..200).map(|_| pause(attempts, None, Pauses::Kept)).collect();
        assert!(drawn.iter().all(|it| *it <= longest));
        assert!(drawn.iter().any(|it| *it > longest / 2), "nothing in the upper half");
        assert!(drawn.iter().any(|it| *it < longest / 2), "nothing in the lower half");
    }
}

#[test]
fn a_pause_that_was_asked_for_is_kept_up_to_ten_minutes() {
    let asked = Duration::from_secs(40);
    for _ in 0..200 {
        let pause = pause(3, Some(asked), Pauses::Kept);
        assert!(pause >= asked && pause <= asked * 2, "{pause:?}");
    }
    let pause = pause(1, Some(Duration::from_hours(24)), Pauses::Kept);
    assert!(pause <= LONGEST_ASKED_PAUSE + Duration::from_secs(10), "{pause:?}");
}

#[tokio::test]
async fn a_write_is_repeated_only_while_the_database_is_away() {
    let tries = Cell::new(0);
    let write = async |answers: &[Result<(), &'static str>]| {
        tries.set(0);
        insist_while(
            Pauses::Skipped,
            |error| *error == "away",
            || {
                let answer = answers.get(tries.get()).copied().unwrap_or(Ok(()));
                tries.set(tries.get() + 1);
                async move { answer }
            },
        )
        .await
    };

    assert_eq!(write(&[Err("away"), Err("away"), Ok(())]).await, Ok(()));
    assert_eq!(tries.get(), 3);
    assert_eq!(write(&[Err("refused")]).await, Err("refused"));
    assert_eq!(tries.get(), 1);
    assert_eq!(write(&[Err("away"); 10]).await, Err("away"));
    assert_eq!(tries.get(), 6);
}
