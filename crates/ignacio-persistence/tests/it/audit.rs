//! The audit log is append-only, and its hash chain reveals tampering.

use ignacio_domain::audit::AuditAction;
use ignacio_domain::page::PageSize;
use ignacio_persistence::{AuditFault, AuditHead, AuditReport, OwnerDb, StoreError};
use sea_orm::{ConnectionTrait as _, Database, TransactionTrait as _};

use crate::administration::reason;
use crate::support::Stack;

async fn verify(stack: &Stack, noted: Option<&AuditHead>) -> AuditReport {
    let owner = OwnerDb::connect(&stack.database.owner_url().into()).await.unwrap();
    owner.verify_audit(noted, |_| {}).await.unwrap()
}

/// A stack with four audit events.
async fn eventful() -> Stack {
    let stack = Stack::start().await;
    stack.user("+573001110002").await;
    stack.user("+573001110003").await;
    stack
}

#[tokio::test]
async fn an_untouched_chain_is_valid() {
    let stack = Stack::start().await;
    let empty = verify(&stack, None).await;
    assert_eq!((empty.n_events, empty.head.seq, empty.faults.len()), (0, 0, 0));
    let stack = eventful().await;
    let report = verify(&stack, None).await;
    assert_eq!((report.n_events, report.head.seq), (4, 4));
    assert_eq!(report.faults, []);
    stack.user("+573001110004").await;
    let later = verify(&stack, Some(&report.head)).await;
    assert_eq!((later.n_events, later.faults), (6, vec![]));
}

#[tokio::test]
async fn every_change_to_the_rows_is_detected() {
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
             update audit_events set seq = seq + 100;
             update audit_events set seq = seq - 101",
            AuditFault::Unlinked { seq: 1 },
        ),
        (
            "alter table audit_events drop constraint audit_events_seq_check;
             insert into audit_events select gen_random_uuid(), 0, actor_id, actor_name, actor_role,
                 'user.deleted', subject_id, target_id, reason, detail, prev_hash, hash, created_at
               from audit_events where seq = 1",
            AuditFault::Unlinked { seq: 0 },
        ),
        (
            "insert into audit_events select gen_random_uuid(), 9, actor_id, actor_name, actor_role,
                 'user.deleted', subject_id, target_id, reason, detail, prev_hash, hash, created_at
               from audit_events where seq = 1",
            AuditFault::Missing { first: 5, last: 8 },
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
async fn a_truncated_or_rewritten_chain_is_detected() {
    let stack = eventful().await;
    let noted = verify(&stack, None).await.head;
    stack.database.execute("delete from audit_events where seq = 4").await;
    let faults = verify(&stack, None).await.faults;
    assert_eq!(faults, [AuditFault::WrongEnd { head: noted.clone() }]);

    // An attacker who can also rewrite the end is detected with an end that was noted earlier.
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
    let users = [
        stack.user("+573001110002").await,
        stack.user("+573001110003").await,
        stack.user("+573001110004").await,
        stack.user("+573001110005").await,
    ];
    let before = verify(&stack, None).await.n_events;
    let rounds = users.iter().map(|user| async {
        for _ in 0..10 {
            let conversation = stack.conversation(user).await;
            let scope = stack.scope(user).await;
            assert!(scope.conversations().delete(conversation.id, false).await.unwrap());
            scope.commit().await.unwrap();
        }
    });
    futures_util::future::join_all(rounds).await;
    let report = verify(&stack, None).await;
    assert_eq!((report.n_events - before, report.faults), (40, vec![]));
}

#[tokio::test]
async fn stored_actions_match_the_domain() {
    let stack = Stack::start().await;
    let check = "select pg_get_constraintdef(oid) from pg_constraint
         where conname = 'audit_events_action_check'";
    let check = stack.database.query_text(check).await;
    let words: Vec<_> = check.split('\'').skip(1).step_by(2).collect();
    assert_eq!(words, AuditAction::ALL.map(AuditAction::as_str));
}

#[tokio::test]
async fn shadowing_functions_hide_nothing() {
    let stack = eventful().await;
    let hide = "update audit_events set actor_name = 'X' where seq = 2;
         create function public.sha256(bytea) returns bytea language sql as
             'select hash from public.audit_events where seq = 2';
         create function public.jsonb_build_array(bigint, uuid, bigint, uuid, varchar, text, text,
                 uuid, uuid, text, jsonb) returns jsonb language sql as 'select null::jsonb';
         grant execute on function public.sha256(bytea) to public";
    stack.database.execute(hide).await;
    assert_eq!(verify(&stack, None).await.faults, [AuditFault::Changed { seq: 2 }]);
}

#[tokio::test]
async fn sql_with_the_admin_role_is_audited_or_refused() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let hex = async |of: &crate::support::User| {
        let read = format!(
            "select encode(token_hash, 'hex') from user_sessions where user_id = '{}'",
            of.id
        );
        stack.database.query_text(&read).await
    };
    let (admin, user) = (hex(&ada).await, hex(&ana).await);
    let url = stack.database.url(ignacio_devstack::DatabaseRole::Admin);
    let db = Database::connect(url).await.unwrap();
    let before = verify(&stack, None).await.n_events;
    for write in [
        format!("update users set is_admin = true where id = '{}'", ana.id),
        format!("update users set name = 'X' where id = '{}'", ana.id),
        format!("update user_sessions set revoked_at = now() where user_id = '{}'", ana.id),
        "insert into users (phone_number, name) values ('+573001119999', 'X')".to_owned(),
    ] {
        // The statement itself changes the setting, before its triggers run.
        for other in ["", user.as_str()] {
            let txn = db.begin().await.unwrap();
            let enter = format!("select app.authenticate(decode('{admin}', 'hex'))");
            txn.execute_unprepared(&enter).await.unwrap();
            let write = format!("{write} returning set_config('app.session', '{other}', true)");
            let refused = txn.execute_unprepared(&write).await.unwrap_err().to_string();
            assert!(refused.contains("an action without an actor"), "{write}: {refused}");
        }
    }
    assert_eq!(verify(&stack, None).await.n_events, before);
}

#[tokio::test]
async fn a_grant_works_only_once_it_is_committed() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let conversation = stack.conversation(&ana).await;
    stack.post(&ana, conversation.id, "hola").await;
    let scope = stack.as_admin(&ada).await;
    scope.user_content().grant(ana.id, &reason()).await.unwrap();
    let at_once = scope.user_content().messages(conversation.id, None, PageSize::default()).await;
    assert!(matches!(at_once, Err(StoreError::GrantRequired)), "it could still be taken back");
}

#[tokio::test]
async fn an_ended_session_stays_ended() {
    let stack = eventful().await;
    stack.database.execute("update user_sessions set revoked_at = now()").await;
    let superuser = Database::connect(stack.database.admin_url()).await.unwrap();
    let back = "update user_sessions set revoked_at = null";
    let refused = superuser.execute_unprepared(back).await.unwrap_err().to_string();
    assert!(refused.contains("a session that has ended stays so"), "{refused}");
}
