//! The SQL states that routines raise are the ones that the code understands.

use std::collections::BTreeSet;

use ignacio_devstack::DatabaseRole;
use ignacio_persistence::StoreError;
use sea_orm::{ConnectionTrait as _, Database};

use crate::support::Stack;

/// Each state of ours and the error that it becomes.
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
        let raise = format!("do $$ begin raise exception using errcode = '{state}'; end $$");
        let error = StoreError::from(db.execute_unprepared(&raise).await.unwrap_err());
        assert_eq!(format!("{error:?}"), expected, "{state}");
    }
}
