//! Every SQL state that a routine raises is one that the code maps.

use std::collections::BTreeSet;

use ignacio_devstack::DatabaseRole;
use ignacio_persistence::StoreError;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};

use crate::support::Stack;

/// Each state of ours and its error.
const STATES: [(&str, &str); 8] = [
    ("IGADM", "Forbidden"),
    ("IGCUR", "ForeignCursor"),
    ("IGGRT", "GrantRequired"),
    ("IGLAD", "LastAdmin"),
    ("IGNFD", "NotFound"),
    ("IGREU", "Reused"),
    ("IGSES", "Unauthenticated"),
    ("IGSUP", "StepUpRequired"),
];

/// Errors of the server that pass: a lost connection, a full disk, too many connections, a shutdown,
/// an I/O error, a standby, and so on.
const TRANSIENT: [&str; 13] = [
    "08006", "53100", "53200", "53300", "57014", "57P01", "57P03", "58000", "58030", "25006",
    "25P03", "40P01", "55P03",
];
/// Errors that the same statement has every time.
const PERMANENT: [&str; 6] = ["22001", "23502", "42P01", "54000", "0A000", "XX001"];

#[tokio::test]
async fn errors_are_transient_or_permanent_by_their_class() {
    let stack = Stack::start().await;
    let db = Database::connect(stack.database.url(DatabaseRole::Api)).await.unwrap();
    for state in TRANSIENT {
        let error = raise(&db, state).await;
        assert!(matches!(error, StoreError::Unavailable(_)), "{state}: {error:?}");
    }
    for state in PERMANENT {
        let error = raise(&db, state).await;
        assert!(matches!(error, StoreError::Failed(_)), "{state}: {error:?}");
    }
}

async fn raise(db: &DatabaseConnection, state: &str) -> StoreError {
    let raise = format!("do $$ begin raise exception using errcode = '{state}'; end $$");
    db.execute_unprepared(&raise).await.unwrap_err().into()
}

#[tokio::test]
async fn each_state_of_a_routine_becomes_its_own_error() {
    let stack = Stack::start().await;
    let raised = "select distinct found[1] from pg_proc,
             regexp_matches(prosrc, $$'(IG[A-Z0-9]{3})'$$, 'g') found
         where pronamespace = 'app'::regnamespace";
    let raised = stack.database.query_column(raised).await.into_iter().flatten();
    let known = STATES.map(|(state, _)| state.to_owned());
    assert_eq!(raised.collect::<BTreeSet<_>>(), BTreeSet::from(known));

    let db = Database::connect(stack.database.url(DatabaseRole::Api)).await.unwrap();
    for (state, expected) in STATES {
        let error = raise(&db, state).await;
        assert_eq!(format!("{error:?}"), expected, "{state}");
    }
}
