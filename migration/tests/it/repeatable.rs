//! Views, routines, triggers and policies follow their scripts, whatever the database had before.

use ignacio_devstack::TestDatabase;
use migration::{Applied, Difference, ScriptChange};

use crate::support::{assert_same_lines, dump, schema};

/// A database in which an older text of these scripts, `sql`, was applied.
async fn with_older(scripts: &[&str], sql: &str) -> TestDatabase {
    let database = TestDatabase::create().await;
    database.execute("set role ignacio_owner").await;
    database.execute(sql).await;
    for script in scripts {
        let outdate = format!(
            "insert into repeatable_scripts (name, digest) values ('{script}', '\\x00')
                 on conflict (name) do update set digest = excluded.digest"
        );
        database.execute(&outdate).await;
    }
    database.execute("reset role").await;
    database
}

/// The plan names these scripts and changes nothing; then they are applied, and the schema is that of
/// a fresh database.
async fn assert_follows(database: &TestDatabase, changes: &[(&str, Difference)]) {
    let expected: Vec<ScriptChange> = changes
        .iter()
        .map(|(name, difference)| ScriptChange {
            name: (*name).to_owned(),
            difference: *difference,
        })
        .collect();
    let (url, passwords) = (database.owner_url().into(), database.passwords());
    assert_eq!(migration::status(&url).await.unwrap().scripts, expected);
    let before = dump(database, &[]);
    let plan = migration::plan(&url, &passwords).await.unwrap();
    assert_eq!(dump(database, &[]), before);
    let applied = migration::apply(&url, &passwords).await.unwrap();
    assert_eq!(applied, plan);
    assert_eq!(applied.scripts, expected);
    assert_eq!(applied.names, [""; 0]);
    assert_same_lines(&schema(database), &schema(&TestDatabase::create().await));
    assert_eq!(migration::status(&url).await.unwrap().scripts, []);
    let again = migration::apply(&url, &passwords).await.unwrap();
    assert_eq!(again, Applied { names: Vec::new(), scripts: Vec::new(), legacy_import: None });
}

#[tokio::test]
async fn a_changed_routine_is_replaced_with_its_grants() {
    let older = "create or replace function app.event_writer_id() returns uuid
             language sql volatile set search_path = '' as $$ select gen_random_uuid() $$;
         grant execute on function app.event_writer_id() to public, ignacio_api";
    let database = with_older(&["routines/event_writer_id"], older).await;
    assert_follows(&database, &[("routines/event_writer_id", Difference::Changed)]).await;
}

#[tokio::test]
async fn a_routine_that_is_replaced_in_place_locks_no_table() {
    let database = with_older(&["routines/is_admin"], "select 1").await;
    let lock = "begin; lock table users, messages in access exclusive mode";
    database.execute(lock).await;
    let (url, passwords) = (database.owner_url().into(), database.passwords());
    let applied = migration::apply(&url, &passwords).await.unwrap();
    assert_eq!(applied.scripts.len(), 1);
}

#[tokio::test]
async fn a_routine_with_other_arguments_leaves_no_overload() {
    let older = "create function app.normalize_text(p_text text, p_more integer) returns text
             language sql set search_path = '' as $$ select p_text $$";
    let database = with_older(&["routines/normalize_text"], older).await;
    assert_follows(&database, &[("routines/normalize_text", Difference::Changed)]).await;
}

#[tokio::test]
async fn a_routine_with_another_result_is_recreated_with_its_dependents() {
    let older = "drop function app.list_messages(
             bytea, uuid, uuid, boolean, timestamptz, uuid, integer);
         create or replace view app.message_details with (security_invoker = true) as
             select w.*, 1 as more from (select * from public.messages where false) w;
         create function app.list_messages(bytea, uuid, uuid, boolean, timestamptz, uuid, integer)
             returns setof app.message_details
             language sql set search_path = '' as $$ select * from app.message_details $$";
    let older =
        older.replace("create or replace view", "drop view app.message_details; create view");
    let changed = ["routines/list_messages", "views/message_details"];
    let database = with_older(&changed, &older).await;
    assert_follows(&database, &changed.map(|name| (name, Difference::Changed))).await;
}

#[tokio::test]
async fn policies_grants_and_triggers_are_those_of_the_scripts_and_no_others() {
    let older = "drop policy users_api_select on users;
         create policy users_of_old on users to ignacio_api using (true);
         grant delete, update (is_admin) on users to ignacio_api;
         grant select on users to public;
         create trigger users_of_old before update on users
             for each row execute function app.set_updated_at()";
    let database = with_older(&["policies/users", "triggers/users"], older).await;
    let changes = ["policies/users", "triggers/users"].map(|name| (name, Difference::Changed));
    assert_follows(&database, &changes).await;
}

#[tokio::test]
async fn objects_of_a_removed_script_are_dropped() {
    let older = "create function app.of_old() returns uuid
             language sql set search_path = '' as $$ select gen_random_uuid() $$;
         create view app.of_old as select 1 as one;
         drop policy audit_heads_definer_select on audit_heads";
    let database = with_older(&["routines/of_old", "views/of_old"], older).await;
    database
        .execute(
            "set role ignacio_owner;
             delete from repeatable_scripts where name = 'policies/audit_heads';
             reset role",
        )
        .await;
    let changes = [
        ("policies/audit_heads", Difference::New),
        ("routines/of_old", Difference::Removed),
        ("views/of_old", Difference::Removed),
    ];
    assert_follows(&database, &changes).await;
}

#[tokio::test]
async fn of_five_migrators_one_applies_a_changed_script() {
    let database = with_older(&["routines/is_admin"], "select 1").await;
    let (url, passwords) = (database.owner_url().into(), database.passwords());
    let migrate = || migration::apply(&url, &passwords);
    let done = tokio::join!(migrate(), migrate(), migrate(), migrate(), migrate());
    let done = [done.0, done.1, done.2, done.3, done.4];
    let n_scripts: usize = done.into_iter().map(|done| done.unwrap().scripts.len()).sum();
    assert_eq!(n_scripts, 1);
}

#[tokio::test]
async fn after_a_rollback_everything_is_denied_until_the_next_up() {
    let database = TestDatabase::create().await;
    let (url, passwords) = (database.owner_url().into(), database.passwords());
    let first = schema(&database);
    for steps in 1..u32::try_from(migration::names().len()).unwrap() {
        let undone = migration::rollback(&url, Some(steps)).await.unwrap();
        assert_eq!(undone.len(), usize::try_from(steps).unwrap());
        let left = "select (select count(*) from pg_proc where pronamespace = 'app'::regnamespace)
                  + (select count(*) from pg_policies
                      where schemaname = 'public'
                        -- The migrator's own tables, from the migration on that creates the last one.
                        and tablename not in ('repeatable_scripts', 'seaql_migrations'))
                  + (select count(*) from pg_class c
                      where relnamespace = 'public'::regnamespace and relkind = 'r'
                        and relname <> 'seaql_migrations'
                        and not (relrowsecurity and relforcerowsecurity))";
        assert_eq!(database.query_i64(left).await, 0);
        let applied = migration::apply(&url, &passwords).await.unwrap();
        assert_eq!(applied.names.len(), undone.len());
        assert_same_lines(&schema(&database), &first);
    }
}
