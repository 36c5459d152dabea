//! The SQL that the guides show does what they say.

use ignacio_devstack::TestDatabase;

use crate::support::LegacyDatabase;

const OPERATIONS: &str = include_str!("../../../docs/operations.md");
const SECURITY: &str = include_str!("../../../docs/security.md");

/// The first block of SQL on a page that contains this text.
fn block(page: &'static str, text: &str) -> &'static str {
    let blocks = page.split("```sql\n").skip(1).filter_map(|it| it.split("```").next());
    blocks.into_iter().find(|it| it.contains(text)).unwrap()
}

#[tokio::test]
async fn a_role_made_as_the_guide_says_can_migrate_its_database() {
    let database = TestDatabase::empty().await;
    let name = format!("{}_guide", database.name());
    let statements = block(OPERATIONS, "create role ignacio_deploy")
        .replace("create database ignacio owner", &format!("create database {name} owner"))
        .replace('…', "a-password");
    let statements = statements.lines().filter(|line| !line.starts_with("--"));
    for statement in statements {
        database.execute(statement).await;
    }
    let mut url = url::Url::parse(&database.owner_url()).unwrap();
    url.set_username("ignacio_deploy").unwrap();
    url.set_password(Some("a-password")).unwrap();
    url.set_path(&name);
    let url = String::from(url).into();
    let applied = migration::apply(&url, &database.passwords()).await.unwrap();
    assert_eq!(applied.names, migration::names());
    database.execute(&format!("drop database {name} with (force)")).await;
}

#[tokio::test]
async fn all_sessions_can_be_ended_by_hand() {
    let database = TestDatabase::create().await;
    database
        .execute(
            "insert into user_sessions (id, user_id, token_hash, expires_at, idle_expires_at)
             select gen_random_uuid(), id, '\\x01', now() + interval '1 day', now() + interval '1 day'
               from users",
        )
        .await;
    let live = "select count(*) from user_sessions where revoked_at is null";
    assert_eq!(database.query_i64(live).await, 1);
    database.execute("set role ignacio_deployer").await;
    for statement in block(SECURITY, "update user_sessions").split(';') {
        database.execute(statement).await;
    }
    database.execute("reset role").await;
    assert_eq!(database.query_i64(live).await, 0);
    let forced = "select count(*) from pg_class
         where oid = 'user_sessions'::regclass and relforcerowsecurity";
    assert_eq!(database.query_i64(forced).await, 1);
}

#[tokio::test]
async fn the_owner_reads_and_drops_what_an_import_left() {
    let old = LegacyDatabase::whole().await;
    old.import().await;
    old.database.execute("set role ignacio_deployer").await;
    let statements = block(OPERATIONS, "legacy.import_report");
    let read = statements.lines().find(|line| line.starts_with("select")).unwrap();
    for statement in statements.lines().take_while(|line| !line.starts_with("select")) {
        old.database.execute(statement).await;
    }
    let count = format!("select count(*) from ({}) notices", read.trim_end_matches(';'));
    assert!(old.database.query_i64(&count).await > 0);
    old.database.execute("rollback").await;

    assert!(OPERATIONS.contains("`drop schema legacy cascade` as `ignacio_owner`"));
    old.database.execute("set role ignacio_owner").await;
    old.database.execute("drop schema legacy cascade").await;
}
