//! The owners of the old tables, and the roles that migrate.

use ignacio_devstack::TestDatabase;
use migration::MigrateError;

use crate::support::{
    FILES, LegacyDatabase, ROWS, SCRIPT_1, SCRIPT_2, SCRIPT_3, SCRIPT_4, SYNC, dump, noticed_rows,
};

/// Creates the old tables as another role than the deployer.
async fn made_by(role: &str, attributes: &str) -> (LegacyDatabase, String) {
    let old = LegacyDatabase::empty().await;
    old.database.execute("reset role").await;
    let url = old.database.login(role, attributes).await;
    let database = old.database.name();
    old.database.execute(&format!("grant create on database {database} to {role}")).await;
    old.database.execute(&format!("grant create on schema public to {role}")).await;
    old.database.execute(&format!("set role {role}")).await;
    for script in [SCRIPT_1, SCRIPT_2, SCRIPT_3, SCRIPT_4, ROWS, FILES, SYNC] {
        old.run(script).await;
    }
    old.database.execute("reset role").await;
    old.database.execute(&format!("revoke create on schema public from {role}")).await;
    (old, url)
}

#[tokio::test]
async fn a_superuser_takes_over_the_tables_of_another_role() {
    let (old, _) = made_by("hand", "").await;
    let admin = old.database.admin_url();
    let old = old.migrated_by(admin);
    old.import().await;
    assert_eq!(old.database.query_i64("select count(*) from messages").await, 4);
}

#[tokio::test]
async fn the_error_names_the_owners_of_the_tables() {
    let (old, _) = made_by("hand", "").await;
    let before = dump(&old.database, &[]);
    for refused in [old.plan().await, old.migrate().await] {
        let error = refused.unwrap_err();
        assert!(matches!(error, MigrateError::NotImportable(_)), "{error}");
        let said = error.to_string();
        assert!(said.contains("public.users belongs to hand"), "{said}");
        assert!(said.contains("alter table … owner to …") && !said.contains('\n'), "{said}");
    }
    assert_eq!(dump(&old.database, &[]), before);
}

#[tokio::test]
async fn a_hosted_database_whose_role_bypasses_policies_but_is_no_superuser() {
    let old = LegacyDatabase::empty().await;
    old.database.execute("reset role").await;
    for role in ["anon", "authenticated", "service_role"] {
        old.database.login(role, "").await;
    }
    let url = old.database.login("hosted", "createrole createdb bypassrls").await;
    let database = old.database.name();
    old.database.execute(&format!("alter database {database} owner to hosted")).await;
    old.database.execute("set role hosted").await;
    let everybody = "anon, authenticated, service_role";
    old.database.execute(&format!("grant usage on schema public to {everybody}")).await;
    let all =
        format!("alter default privileges in schema public grant all on tables to {everybody}");
    old.database.execute(&all).await;
    for script in [SCRIPT_1, SCRIPT_2, SCRIPT_3, SCRIPT_4, ROWS, FILES, SYNC] {
        old.run(script).await;
    }
    old.database.execute("alter table users enable row level security").await;
    old.database.execute("alter table messages enable row level security").await;
    old.database.execute("alter table messages force row level security").await;
    old.database.execute("create policy everybody on messages using (true)").await;
    old.database.execute("reset role").await;

    let old = old.migrated_by(url);
    let applied = old.migrate().await.unwrap();
    assert_eq!(applied.names, migration::names());
    assert_eq!(old.database.query_i64("select count(*) from messages").await, 4);
    assert_eq!(old.database.query_i64("select count(*) from users").await, 7);
    let open = "select count(*) from pg_class c, aclexplode(c.relacl) a
         where c.relnamespace in ('public'::regnamespace, 'legacy'::regnamespace)
           and a.grantee in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole)";
    assert_eq!(old.database.query_i64(open).await, 0);
    let policies = "select count(*) from pg_policies where schemaname = 'legacy'";
    assert_eq!(old.database.query_i64(policies).await, 0);
}

#[tokio::test]
async fn other_tables_are_closed_and_reported() {
    let old = LegacyDatabase::whole().await;
    old.database.execute("reset role").await;
    old.database.login("visitor", "").await;
    for statement in [
        "grant usage on schema public to visitor",
        "set role ignacio_deployer",
        "create table user_projects (id int primary key, user_id uuid references users (id))",
        "insert into user_projects select 1, id from users where name = 'Ana otra vez'",
        "grant select on user_projects to visitor",
        "create table notes (id int primary key)",
        "reset role",
        // Another program's, which this migration may not change.
        "create table invoices (id int primary key)",
        "grant select (id) on invoices to visitor",
    ] {
        old.database.execute(statement).await;
    }
    let import = old.import_unchecked().await;
    let closed =
        "the table public.user_projects is not part of the old system and was open to visitor: now";
    assert_eq!(noticed_rows(&import, "public", closed), 0);
    let quiet =
        "the table public.notes is not part of the old system: only its owner ignacio_deployer";
    assert_eq!(noticed_rows(&import, "public", quiet), 0);
    let open =
        "the table public.invoices is not part of the old system and is open to visitor: close it";
    assert_eq!(noticed_rows(&import, "public", open), 0);
    let count = "select count(*) from user_projects";
    assert_eq!(old.database.query_i64(count).await, 1);
    old.database.execute("set role visitor").await;
    assert_eq!(old.database.query_i64(count).await, 0);
}

#[tokio::test]
async fn an_existing_schema_legacy_is_rejected() {
    let old = LegacyDatabase::whole().await;
    old.database.execute("create schema legacy").await;
    let error = old.migrate().await.unwrap_err().to_string();
    assert!(error.contains("`legacy`") && error.contains("rename it"), "{error}");
}

#[tokio::test]
async fn tables_of_another_program_are_rejected() {
    let database = TestDatabase::empty().await;
    database.execute("create table messages (id bigint primary key, body text)").await;
    database.execute("alter table messages owner to ignacio_deployer").await;
    let refused = migration::apply(&database.owner_url().into(), &database.passwords()).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("public.messages") && error.contains("uuid"), "{error}");
}
