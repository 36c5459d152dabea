//! Foreign objects in `public` neither run as the migrating role nor are overwritten.

use migration::MigrateError;

use crate::support::{LegacyDatabase, schema};

/// The error of a migration that changes nothing.
async fn refusal(old: &LegacyDatabase) -> String {
    old.database.execute("reset role").await;
    let before = schema(&old.database);
    let error = old.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::NotImportable(_)), "{error}");
    assert_eq!(schema(&old.database), before);
    error.to_string()
}

#[tokio::test]
async fn a_function_that_shadows_a_builtin_never_runs_as_superuser() {
    let old = LegacyDatabase::whole().await;
    old.database.execute("reset role").await;
    old.database.login("climber", "").await;
    old.database.execute("grant create, usage on schema public to climber").await;
    old.database.execute("set role climber").await;
    old.database
        .execute(
            "create function public.format(text, text) returns text language plpgsql as $$
             begin
                 alter role climber superuser;
                 return pg_catalog.format($1, $2);
             end $$",
        )
        .await;
    old.database.execute("create function public.harmless() returns int return 1").await;
    let admin = old.database.admin_url();
    let old = old.migrated_by(admin);
    let said = refusal(&old).await;
    assert!(said.contains("function public.format(text,text)"), "{said}");
    assert!(said.contains("drop or rename") && !said.contains("harmless"), "{said}");
    let climbed = "select rolsuper from pg_roles where rolname = 'climber'";
    assert_eq!(old.all(climbed).await, "f");

    old.database.execute("drop function public.format(text, text)").await;
    old.migrate().await.unwrap();
}

#[tokio::test]
async fn an_operator_that_shadows_a_builtin_is_rejected() {
    let old = LegacyDatabase::empty().await;
    old.database
        .execute(
            "create function public.joined(text, name) returns text return $1;
             create operator public.|| (leftarg = text, rightarg = name, function = public.joined)",
        )
        .await;
    let said = refusal(&old).await;
    assert!(said.contains("operator public.||(text,name)"), "{said}");
}

#[tokio::test]
async fn a_foreign_table_with_a_name_of_ours_is_rejected() {
    let fresh = ignacio_devstack::TestDatabase::create().await;
    let ours = fresh
        .query_column(
            "select relname::text from pg_class
             where relnamespace = 'public'::regnamespace and relkind = 'r'
               and relname not in ('seaql_migrations', 'users', 'conversations', 'messages',
                   'user_files', 'user_sessions', 'otp_codes')
             order by relname",
        )
        .await;
    let old = LegacyDatabase::whole().await;
    for table in ours.iter().flatten() {
        old.database.execute(&format!("create table public.{table} (id int)")).await;
    }
    old.database.execute("create schema app").await;
    let said = refusal(&old).await;
    for table in ours.iter().flatten() {
        assert!(said.contains(&format!("public.{table}")), "{table} is not in {said}");
    }
    assert!(said.contains("the schema app"), "{said}");
}
