//! Concurrent migrators, locked tables, newer databases, and rolling back.

use ignacio_devstack::TestDatabase;
use migration::{Applied, MigrateError};

use crate::support::{LegacyDatabase, assert_same_lines, dump, schema};

#[tokio::test]
async fn of_five_migrators_one_applies_and_four_find_it_done() {
    for old in [LegacyDatabase::empty().await, LegacyDatabase::whole().await] {
        let migrate = || old.migrate();
        let done = tokio::join!(migrate(), migrate(), migrate(), migrate(), migrate());
        let done = [done.0, done.1, done.2, done.3, done.4];
        let mut applied: Vec<Applied> = done.into_iter().map(Result::unwrap).collect();
        applied.sort_by_key(|it| it.names.len());
        let nothing = Applied { names: Vec::new(), scripts: Vec::new(), legacy_import: None };
        assert!(applied[..4].iter().all(|it| *it == nothing), "{applied:#?}");
        assert_eq!(applied[4].names, migration::names());
    }
}

#[tokio::test]
async fn databases_of_one_server_migrate_at_the_same_time() {
    // They share the roles, which each of them sets up.
    let olds = [
        LegacyDatabase::whole().await,
        LegacyDatabase::whole().await,
        LegacyDatabase::whole().await,
        LegacyDatabase::empty().await,
    ];
    let [a, b, c, d] = &olds;
    let done = tokio::join!(a.migrate(), b.migrate(), c.migrate(), d.migrate());
    for done in [done.0, done.1, done.2, done.3] {
        assert_eq!(done.unwrap().names, migration::names());
    }
}

#[tokio::test]
async fn up_down_up_gives_the_same_schema() {
    let database = TestDatabase::empty().await;
    let (url, passwords) = (database.owner_url().into(), database.passwords());
    migration::apply(&url, &passwords).await.unwrap();
    let first = schema(&database);
    migration::rollback(&url, None).await.unwrap();
    let down = schema(&database);
    assert!(!down.contains("public.users") && !down.contains("FUNCTION app."), "{down}");
    migration::apply(&url, &passwords).await.unwrap();
    assert_same_lines(&schema(&database), &first);
}

#[tokio::test]
async fn a_locked_table_ends_the_migration_with_busy() {
    let old = LegacyDatabase::whole().await;
    old.database.execute("reset role").await;
    let before = dump(&old.database, &["--schema-only"]);
    old.database.execute("begin; lock table messages in access share mode").await;
    let error = old.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::Busy), "{error}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    old.database.execute("rollback").await;
    assert_eq!(dump(&old.database, &["--schema-only"]), before);
    assert_eq!(old.migrate().await.unwrap().names, migration::names());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let database = TestDatabase::create().await;
    let (url, passwords) = (database.owner_url().into(), database.passwords());
    database.execute("insert into seaql_migrations values ('999_of_tomorrow', 0)").await;
    let before = dump(&database, &[]);
    let errors = [
        migration::apply(&url, &passwords).await.unwrap_err(),
        migration::plan(&url, &passwords).await.unwrap_err(),
        migration::rollback(&url, Some(1)).await.unwrap_err(),
        migration::rollback(&url, None).await.unwrap_err(),
        migration::status(&url).await.unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, MigrateError::NewerSchema { unknown } if unknown == &["999_of_tomorrow"]),
            "{error}"
        );
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    assert_eq!(dump(&database, &[]), before);
}

#[tokio::test]
async fn an_old_development_database_is_rejected_with_a_remedy() {
    let database = TestDatabase::create().await;
    let (url, passwords) = (database.owner_url().into(), database.passwords());
    database
        .execute(
            "delete from seaql_migrations where version > '005';
             insert into seaql_migrations values
                 ('005_add_people_and_conversation_columns', 0), ('021_read_log_by_key', 0)",
        )
        .await;
    let before = dump(&database, &[]);
    let errors = [
        migration::apply(&url, &passwords).await.unwrap_err(),
        migration::plan(&url, &passwords).await.unwrap_err(),
        migration::rollback(&url, None).await.unwrap_err(),
        migration::status(&url).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, MigrateError::ReplacedMigrations { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("cargo xtask dev --fresh") && !text.contains('\n'), "{text}");
    }
    assert_eq!(dump(&database, &[]), before);
}
