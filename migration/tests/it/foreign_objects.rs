//! Objects that others added to the old tables are never dropped.

use crate::support::{LegacyDatabase, noticed_rows};

#[tokio::test]
async fn a_table_with_foreign_references_stays_complete() {
    let old = LegacyDatabase::whole().await;
    old.run(
        "create table projects (id int primary key, user_id uuid references users (id) on delete cascade)\n\n\
         insert into projects select 1, id from users where name = 'Ana otra vez'",
    )
    .await;
    old.database.execute("reset role").await;
    let applied = old.migrate().await.unwrap();
    let import = applied.legacy_import.unwrap();
    assert_eq!(noticed_rows(&import, "users", "on table projects depends on"), 0);
    assert_eq!(noticed_rows(&import, "users", "stays complete"), 0);
    // The six of the rows and the two of the scripts, also the one that was merged.
    assert_eq!(old.database.query_i64("select count(*) from legacy.users").await, 8);
    assert_eq!(old.database.query_i64("select count(*) from projects").await, 1);
    let columns = "select count(*) from information_schema.columns
         where table_schema = 'legacy' and table_name = 'users'";
    assert_eq!(old.database.query_i64(columns).await, 7);
}

#[tokio::test]
async fn a_table_with_unknown_columns_stays_complete() {
    let old = LegacyDatabase::whole().await;
    old.database.execute("alter table conversations add column mood text").await;
    old.database.execute("alter table messages add column never_used text").await;
    old.database
        .execute("update conversations set mood = 'alegre' where title = 'Presupuesto'")
        .await;
    let import = old.import().await;
    assert_eq!(noticed_rows(&import, "conversations", "the column mood is unknown"), 0);
    assert_eq!(old.all("select mood from legacy.conversations where mood <> ''").await, "alegre");
    assert_eq!(old.database.query_i64("select count(*) from legacy.conversations").await, 4);
    assert_eq!(old.database.query_i64("select count(*) from legacy.messages").await, 2);
}

#[tokio::test]
async fn a_foreign_view_stays_and_is_reported_but_reads_nothing() {
    let old = LegacyDatabase::whole().await;
    old.run("create schema reports\n\ncreate view reports.names as select name from public.users")
        .await;
    old.database.execute("reset role").await;
    let import = old.migrate().await.unwrap().legacy_import.unwrap();
    assert_eq!(noticed_rows(&import, "users", "view reports.names depends on"), 0);
    assert_eq!(noticed_rows(&import, "users", "stays complete, and closed"), 0);
    let reads = "select pg_get_viewdef('reports.names'::regclass) like '%legacy.users%'";
    assert_eq!(old.all(reads).await, "t");
    assert_eq!(old.all("select name from reports.names").await, "");
}

#[tokio::test]
async fn referenced_sessions_lose_their_secrets() {
    let old = LegacyDatabase::whole().await;
    old.run(
        "create table visits (id int primary key, session_id uuid references user_sessions (id))\n\n\
         insert into visits select row_number() over (), id from user_sessions",
    )
    .await;
    old.database.execute("reset role").await;
    old.migrate().await.unwrap();
    assert_eq!(old.database.query_i64("select count(*) from visits").await, 2);
    assert_eq!(old.database.query_i64("select count(*) from legacy.user_sessions").await, 2);
    assert!(!old.database.dump(&[]).contains("clear-token"));
}

#[tokio::test]
async fn tokens_in_a_key_are_destroyed_unless_referenced() {
    let old = LegacyDatabase::whole().await;
    old.run(
        "alter table user_sessions drop constraint user_sessions_pkey, add unique (id),
             add primary key (session_token)\n\n\
         create table visits (id int primary key, session_id uuid references user_sessions (id))\n\n\
         alter table otp_codes drop constraint otp_codes_pkey, add unique (id),
             add primary key (code)\n\n\
         create table uses (code varchar(6) references otp_codes (code))",
    )
    .await;
    let import = old.import_unchecked().await;
    assert!(!old.database.dump(&[]).contains("clear-token"));
    let counts = |table: &str| {
        let it = import.tables.iter().find(|it| it.table == table).unwrap();
        (it.found, it.left_over, it.destroyed)
    };
    assert_eq!((counts("user_sessions"), counts("otp_codes")), ((2, 0, 2), (2, 2, 0)));
    assert_eq!(noticed_rows(&import, "otp_codes", "the values of the column code could not be"), 0);
    let codes = "select code || coalesce(phone_number, '') from legacy.otp_codes order by code";
    assert_eq!(old.all(codes).await, "645372\n918273");
}

#[tokio::test]
async fn a_view_that_needs_the_key_sees_random_tokens() {
    let old = LegacyDatabase::whole().await;
    old.run(
        "alter table user_sessions drop constraint user_sessions_pkey, add unique (id),
             add primary key (session_token)\n\n\
         create view by_token as
             select session_token, expires_at from user_sessions group by session_token",
    )
    .await;
    let import = old.import_unchecked().await;
    assert!(!old.database.dump(&[]).contains("clear-token"));
    let count = import.tables.iter().find(|it| it.table == "user_sessions").unwrap();
    assert_eq!((count.left_over, count.destroyed), (0, 2));
    let random = "select count(distinct session_token) from legacy.user_sessions
         where session_token ~ '^[0-9a-f]{32}$' and expires_at is null";
    assert_eq!(old.database.query_i64(random).await, 2);
}

#[tokio::test]
async fn a_view_that_can_still_read_is_reported() {
    let old = LegacyDatabase::whole().await;
    old.run("create schema reports\n\ncreate view reports.mine as select name from public.users")
        .await;
    old.database.execute("reset role").await;
    for view in [
        "view reports.open as select name from public.users",
        "view reports.asking with (security_invoker) as select name from public.users",
        "materialized view reports.copy as select name from public.users",
    ] {
        old.database.execute(&format!("create {view}")).await;
    }
    let import = old.import_unchecked().await;
    assert_eq!(noticed_rows(&import, "users", "view reports.open belongs to"), 0);
    assert_eq!(noticed_rows(&import, "users", "the materialized view reports.copy keeps"), 0);
    let reading: Vec<&str> = import
        .notices
        .iter()
        .filter(|it| it.what.contains("still reads it") || it.what.contains("keeps its copy"))
        .map(|it| it.what.as_str())
        .collect();
    assert_eq!(reading.len(), 2, "{reading:?}");
}

#[tokio::test]
async fn an_error_of_postgres_is_passed_on() {
    let old = LegacyDatabase::whole().await;
    old.run(
        "create domain whole as text not null\n\n\
         alter table user_sessions add column device whole default 'x'\n\n\
         create table visits (id int primary key, session_id uuid references user_sessions (id))",
    )
    .await;
    old.database.execute("reset role").await;
    let error = old.migrate().await.unwrap_err();
    assert!(matches!(error, migration::MigrateError::NotImportable(_)), "{error}");
    let said = error.to_string();
    assert!(said.contains("the old tables: ") && said.contains("domain whole"), "{said}");
}

#[tokio::test]
async fn foreign_triggers_and_functions_are_reported() {
    let old = LegacyDatabase::whole().await;
    old.run(
        "create function call_crm() returns trigger language plpgsql as $$ begin return new; end $$\n\n\
         create trigger crm after insert on messages for each row execute function call_crm()\n\n\
         create table notes (id int primary key, updated_at timestamptz)\n\n\
         create trigger update_notes before update on notes for each row execute function update_updated_at_column()",
    )
    .await;
    old.database.execute("reset role").await;
    let import = old.migrate().await.unwrap().legacy_import.unwrap();
    assert_eq!(
        noticed_rows(&import, "messages", "the trigger crm, which called call_crm, was dropped"),
        0
    );
    assert_eq!(noticed_rows(&import, "public", "update_updated_at_column() stays"), 0);
    let functions = "select string_agg(proname, ' ' order by proname) from pg_proc
         where pronamespace = 'public'::regnamespace and prolang <> 13 and probin is null";
    assert_eq!(old.all(functions).await, "call_crm update_updated_at_column");
}
