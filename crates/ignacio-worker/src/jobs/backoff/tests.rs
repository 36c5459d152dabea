//! Delays stay within their bounds, and writes are repeated only during an outage.

use std::cell::Cell;

use ignacio_domain::sync::MAX_ATTEMPTS;

use super::*;

#[test]
fn delays_are_spread_within_their_bounds() {
    for attempts in 1..=MAX_ATTEMPTS {
        let longest = sync::max_backoff(attempts).unsigned_abs();
        let drawn: Vec<_> = (0..200).map(|_| Backoff::REAL.delay(attempts, None)).collect();
        assert!(drawn.iter().all(|it| *it <= longest));
        assert!(drawn.iter().any(|it| *it > longest / 2), "nothing in the upper half");
        assert!(drawn.iter().any(|it| *it < longest / 2), "nothing in the lower half");
    }
}

#[test]
fn a_retry_after_is_respected_up_to_ten_minutes() {
    let asked = Duration::from_secs(40);
    for _ in 0..200 {
        let delay = Backoff::REAL.delay(3, Some(asked));
        assert!(delay >= asked && delay <= asked * 2, "{delay:?}");
    }
    let delay = Backoff::REAL.delay(1, Some(Duration::from_hours(24)));
    assert!(delay <= MAX_RETRY_AFTER + Duration::from_secs(10), "{delay:?}");
}

#[tokio::test]
async fn a_write_is_repeated_only_while_the_database_is_unavailable() {
    let tries = Cell::new(0);
    let write = async |results: &[Result<(), &'static str>]| {
        tries.set(0);
        let next = || {
            let result = results.get(tries.get()).copied().unwrap_or(Ok(()));
            tries.set(tries.get() + 1);
            async move { result }
        };
        Backoff::INSTANT.retry_while(|error| *error == "unavailable", next).await
    };

    assert_eq!(write(&[Err("unavailable"), Err("unavailable"), Ok(())]).await, Ok(()));
    assert_eq!(tries.get(), 3);
    assert_eq!(write(&[Err("rejected")]).await, Err("rejected"));
    assert_eq!(tries.get(), 1);
    assert_eq!(write(&[Err("unavailable"); 10]).await, Err("unavailable"));
    assert_eq!(tries.get(), 6);
}
