//! What the database itself requires of the admin role before a dangerous action: SQL without the
//! API.

use ignacio_devstack::DatabaseRole;
use ignacio_domain::locale::Locale;
use ignacio_domain::managed_user::UserChange;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::{Role, UserName};
use ignacio_persistence::{NewUser, StoreError};
use sea_orm::{
    ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement, TransactionTrait as _,
};

use crate::support::{Stack, User, redeem};

const OLD: &str = "update user_sessions set verified_at = now() - interval '10 minutes'";

/// The admin role with the session of an admin, running any SQL.
struct Shell<'s> {
    db: DatabaseConnection,
    admin: &'s User,
}

impl Shell<'_> {
    async fn of<'s>(stack: &Stack, admin: &'s User) -> Shell<'s> {
        let db = Database::connect(stack.database.url(DatabaseRole::Admin)).await.unwrap();
        Shell { db, admin }
    }

    /// Runs a statement and commits; returns the number of changed rows, or the error.
    async fn run(&self, statement: &str) -> Result<u64, String> {
        let txn = self.db.begin().await.unwrap();
        let digest = self.admin.digest.as_bytes().to_vec();
        let enter = "select * from app.authenticate($1)";
        txn.execute_raw(Statement::from_sql_and_values(
            DbBackend::Postgres,
            enter,
            [digest.into()],
        ))
        .await
        .unwrap();
        let done = txn.execute_unprepared(statement).await.map_err(|error| error.to_string())?;
        txn.commit().await.unwrap();
        Ok(done.rows_affected())
    }
}

/// The dangerous actions in SQL, on this user.
fn dangerous(user: &User) -> [String; 6] {
    let id = user.id;
    [
        "insert into users (phone_number, name, is_admin) values ('+573007654321', 'X', true)"
            .to_owned(),
        format!("update users set phone_number = '+573007654322' where id = '{id}'"),
        format!("update users set is_admin = true where id = '{id}'"),
        format!(
            "update users set is_admin = true, is_active = false, name = 'X' where id = '{id}'"
        ),
        "update users set is_admin = true".to_owned(),
        format!("select app.erase_user(gen_random_uuid(), '{id}')"),
    ]
}

#[tokio::test]
async fn the_admin_role_does_nothing_dangerous_without_a_fresh_code() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let shell = Shell::of(&stack, &ada).await;
    let users = "select string_agg(u::text, ' ' order by id) from users u";
    let before = stack.database.query_text(users).await;
    stack.database.execute(OLD).await;
    for statement in dangerous(&ana) {
        let refused = shell.run(&statement).await.unwrap_err();
        assert!(refused.contains("a fresh code is needed"), "{statement}: {refused}");
    }
    assert!(shell.run("select app.require_step_up()").await.is_err());
    assert_eq!(stack.database.query_text(users).await, before);

    // Another session's code, or another user's, does not count for this one.
    stack.log_in(&ada.phone).await;
    stack.admin("+573001110003").await;
    for statement in dangerous(&ana) {
        assert!(shell.run(&statement).await.is_err(), "{statement}");
    }

    let fresh = "update user_sessions set verified_at = now() - interval '9 minutes 30 seconds'";
    stack.database.execute(fresh).await;
    shell.run("select app.require_step_up()").await.unwrap();
    for (statement, expected) in dangerous(&ana).iter().zip([1, 1, 1, 1, 3, 1]) {
        assert_eq!(shell.run(statement).await, Ok(expected), "{statement}");
    }
}

#[tokio::test]
async fn reactivating_an_admin_requires_a_fresh_code() {
    let stack = Stack::start().await;
    let (ada, eva) = (stack.admin("+573001110001").await, stack.admin("+573001110002").await);
    let shell = Shell::of(&stack, &ada).await;
    let open =
        |is_active| format!("update users set is_active = {is_active} where id = '{}'", eva.id);
    assert_eq!(shell.run(&open(false)).await, Ok(1));
    stack.database.execute(OLD).await;
    assert!(shell.run(&open(true)).await.unwrap_err().contains("a fresh code is needed"));
}

#[tokio::test]
async fn removing_rights_requires_no_fresh_code() {
    let stack = Stack::start().await;
    let (ada, eva) = (stack.admin("+573001110001").await, stack.admin("+573001110002").await);
    let shell = Shell::of(&stack, &ada).await;
    stack.database.execute(OLD).await;
    let id = eva.id;
    for statement in [
        format!("update users set is_admin = true, phone_number = phone_number where id = '{id}'"),
        format!("update users set name = 'Eva', locale = 'en' where id = '{id}'"),
        format!("update users set is_admin = false where id = '{id}'"),
        format!("update users set is_active = false where id = '{id}'"),
        "insert into users (phone_number, name) values ('+573007654321', 'X')".to_owned(),
    ] {
        assert_eq!(shell.run(&statement).await, Ok(1), "{statement}");
    }
}

#[tokio::test]
async fn an_ended_session_has_no_fresh_code() {
    let stack = Stack::start().await;
    let ada = stack.admin("+573001110001").await;
    let db = Database::connect(stack.database.url(DatabaseRole::Admin)).await.unwrap();
    for end in [
        "update user_sessions set expires_at = now()",
        "update user_sessions set expires_at = now() + interval '1 day', revoked_at = now()",
    ] {
        stack.database.execute(end).await;
        let txn = db.begin().await.unwrap();
        let forge = "select set_config('app.session', encode($1, 'hex'), true)";
        let digest = ada.digest.as_bytes().to_vec();
        let forge = Statement::from_sql_and_values(DbBackend::Postgres, forge, [digest.into()]);
        txn.execute_raw(forge).await.unwrap();
        let refused = txn.execute_unprepared("select app.require_step_up()").await;
        assert!(refused.unwrap_err().to_string().contains("a fresh code is needed"), "{end}");
    }
    // Nor does a transaction without a session.
    assert!(db.execute_unprepared("select app.require_step_up()").await.is_err());
}

#[tokio::test]
async fn repositories_report_that_a_fresh_code_is_needed() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    stack.database.execute(OLD).await;
    let phone = PhoneNumber::parse("+573007654321").unwrap();
    let new = NewUser {
        phone: phone.clone(),
        name: UserName::parse("Nueva").unwrap(),
        role: Role::Admin,
        locale: Locale::Es,
    };
    let refused = stack.as_admin(&ada).await.users().insert(&new).await;
    assert!(matches!(refused, Err(StoreError::StepUpRequired)), "{refused:?}");
    for change in [
        UserChange { phone: Some(phone), ..Default::default() },
        UserChange { role: Some(Role::Admin), ..Default::default() },
    ] {
        let refused = stack.as_admin(&ada).await.users().update(ana.id, &change).await;
        assert!(matches!(refused, Err(StoreError::StepUpRequired)), "{refused:?}");
    }
    let refused = stack.as_admin(&ada).await.users().revoke_sessions(ana.id).await;
    assert!(matches!(refused, Err(StoreError::StepUpRequired)), "{refused:?}");
    let refused = stack.as_admin(&ada).await.users().erase(ana.id).await;
    assert!(matches!(refused, Err(StoreError::StepUpRequired)), "{refused:?}");
    stack.api.verify_session(&ana.digest).await.unwrap();
}

/// More polls than any machine needs until two statements wait.
const MOST_LOOKS: usize = 20_000;

async fn until_waiting(stack: &Stack, most: i64) {
    let waiting = "select count(*) from pg_stat_activity
                    where wait_event_type = 'Lock' and datname = current_database()";
    let mut n_looks = 0;
    while stack.database.query_i64(waiting).await < most {
        n_looks += 1;
        assert!(n_looks < MOST_LOOKS, "{most} should wait");
    }
}

/// A login has redeemed its code when the number changes: the change waits for it, and then ends
/// its session with the others.
#[tokio::test]
async fn a_login_in_progress_does_not_outlive_a_number_change() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let open = stack.challenge(Some(&ana.phone)).await;
    let superuser = Database::connect(stack.database.admin_url()).await.unwrap();
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("select 1 from audit_heads for update").await.unwrap();

    let login = async { redeem(&stack.api, open.id).await.unwrap().unwrap() };
    let number = async {
        until_waiting(&stack, 1).await;
        let phone = PhoneNumber::parse("+573001110009").ok();
        let change = UserChange { phone, ..Default::default() };
        let scope = stack.as_admin(&ada).await;
        scope.users().lock(ana.id).await.unwrap().unwrap();
        scope.users().update(ana.id, &change).await.unwrap().unwrap();
        scope.commit().await.unwrap();
    };
    let release = async {
        until_waiting(&stack, 2).await;
        held.commit().await.unwrap();
    };
    let (opened, (), ()) = tokio::join!(login, number, release);

    let after = stack.api.verify_session(&opened).await;
    assert!(matches!(after, Err(StoreError::Unauthenticated)), "{after:?}");
}
