//! A file's status changes only along the legal transitions.

use proptest::prelude::*;

use super::*;

#[test]
fn the_legal_transitions_are_these() {
    let mut legal = Vec::new();
    for from in SyncStatus::ALL {
        for to in SyncStatus::ALL {
            if from.can_transition_to(to) {
                legal.push(format!("{}>{}", from.as_str(), to.as_str()));
            }
        }
    }
    assert_eq!(
        legal.join(" "),
        "pending>syncing syncing>pending syncing>synced syncing>failed synced>expired \
         failed>pending expired>pending"
    );
}

#[test]
fn words_read_back() {
    for status in SyncStatus::ALL {
        assert_eq!(SyncStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(SyncStatus::parse("x"), None);
}

#[test]
fn delays_double_up_to_half_an_hour() {
    assert_eq!(max_backoff(0), Duration::seconds(5));
    assert_eq!(max_backoff(3), Duration::seconds(40));
    assert_eq!(max_backoff(9), Duration::minutes(30));
    assert_eq!(max_backoff(i32::MAX), Duration::minutes(30));
    assert_eq!(max_backoff(-1), Duration::seconds(5));
}

proptest! {
    #[test]
    fn synced_is_only_reached_through_syncing(steps in prop::collection::vec(0usize..5, 1..100)) {
        let mut status = SyncStatus::Pending;
        for step in steps {
            let to = SyncStatus::ALL[step];
            if status.can_transition_to(to) {
                prop_assert!(to != SyncStatus::Synced || status == SyncStatus::Syncing);
                status = to;
            }
        }
    }
}
