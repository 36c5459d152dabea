//! The audit only grows, and a chain shows when it does not.

use ignacio_domain::audit::AuditAction;
use ignacio_persistence::{AuditFault, AuditHead, AuditReport, OwnerDb};

use crate::support::Stack;

async fn verify(stack: &Stack, noted: Option<&AuditHead>) -> AuditReport {
    let owner = OwnerDb::connect(&stack.database.owner_url().into()).await.unwrap();
    owner.verify_audit(noted, |_| {}).await.unwrap()
}

/// A stack in which four things have happened.
async fn eventful() -> Stack {
    let stack = Stack::start().await;
    stack.person("+573001110002").await;
    stack.person("+573001110003").await;
    stack
}

#[tokio::test]
async fn a_chain_that_nobody_touched_holds() {
    let stack = Stack::start().await;
    let empty = verify(&stack, None).await;
    assert_eq!((empty.n_events, empty.head.seq, empty.faults.len()), (0, 0, 0));
    let stack = eventful().await;
    let report = verify(&stack, None).await;
    assert_eq!((report.n_events, report.head.seq), (4, 4));
    assert_eq!(report.faults, []);
    stack.person("+573001110004").await;
    let later = verify(&stack, Some(&report.head)).await;
    assert_eq!((later.n_events, later.faults), (6, vec![]));
}

#[tokio::test]
async fn whatever_is_done_to_the_rows_shows() {
    let changed = AuditFault::Changed { seq: 2 };
    let gone = AuditFault::Missing { first: 2, last: 2 };
    let stack = eventful().await;
    stack.database.execute("create table kept as table audit_events").await;
    for (tampering, fault) in [
        ("update audit_events set reason = 'x' where seq = 2", changed.clone()),
        ("update audit_events set actor_id = null where seq = 2", changed.clone()),
        ("update audit_events set actor_name = actor_name || '.' where seq = 2", changed.clone()),
        ("update audit_events set actor_role = 'admin' where seq = 2", changed.clone()),
        ("update audit_events set subject_id = gen_random_uuid() where seq = 2", changed.clone()),
        ("update audit_events set target_id = null where seq = 2", changed.clone()),
        ("update audit_events set action = 'user.read' where seq = 2", changed.clone()),
        ("update audit_events set detail = '{\"n_rows\": 1}' where seq = 2", changed.clone()),
        ("update audit_events set id = gen_random_uuid() where seq = 2", changed.clone()),
        (
            "update audit_events set created_at = created_at + interval '1 microsecond' where seq = 2",
            changed.clone(),
        ),
        ("update audit_events set hash = sha256('x') where seq = 2", changed),
        ("delete from audit_events where seq = 2", gone),
        ("delete from audit_events where seq = 1", AuditFault::Missing { first: 1, last: 1 }),
        (
            "delete from audit_events where seq = 1;
             update audit_events set seq = seq - 1",
            AuditFault::Unlinked { seq: 1 },
        ),
    ] {
        stack.database.execute(tampering).await;
        let faults = verify(&stack, None).await.faults;
        assert!(faults.contains(&fault), "{tampering}: {faults:?}");
        let restore = "delete from audit_events; insert into audit_events select * from kept";
        stack.database.execute(restore).await;
        assert_eq!(verify(&stack, None).await.faults, []);
    }
}

#[tokio::test]
async fn a_chain_that_was_cut_or_written_anew_shows() {
    let stack = eventful().await;
    let noted = verify(&stack, None).await.head;
    stack.database.execute("delete from audit_events where seq = 4").await;
    let faults = verify(&stack, None).await.faults;
    assert_eq!(faults, [AuditFault::WrongEnd { head: noted.clone() }]);

    // Somebody who can write the end as well is found by who noted it.
    let hide = "update audit_heads set seq = e.seq, hash = e.hash from audit_events e
         where e.seq = 3";
    stack.database.execute(hide).await;
    assert_eq!(verify(&stack, None).await.faults, []);
    let faults = verify(&stack, Some(&noted)).await.faults;
    assert_eq!(faults, [AuditFault::Rewritten { noted }]);
}

#[tokio::test]
async fn parallel_writers_make_one_chain() {
    let stack = Stack::start().await;
    let people = [
        stack.person("+573001110002").await,
        stack.person("+573001110003").await,
        stack.person("+573001110004").await,
        stack.person("+573001110005").await,
    ];
    let before = verify(&stack, None).await.n_events;
    let rounds = people.iter().map(|person| async {
        for _ in 0..10 {
            let talk = stack.conversation(person).await;
            let scope = stack.scope(person).await;
            assert!(scope.conversations().delete(talk.id, false).await.unwrap());
            scope.commit().await.unwrap();
        }
    });
    futures_util::future::join_all(rounds).await;
    let report = verify(&stack, None).await;
    assert_eq!((report.n_events - before, report.faults), (40, vec![]));
}

#[tokio::test]
async fn the_stored_actions_are_the_domains() {
    let stack = Stack::start().await;
    let check = "select pg_get_constraintdef(oid) from pg_constraint
         where conname = 'audit_events_action_check'";
    let check = stack.database.query_text(check).await;
    let words: Vec<_> = check.split('\'').skip(1).step_by(2).collect();
    assert_eq!(words, AuditAction::ALL.map(AuditAction::as_str));
}
