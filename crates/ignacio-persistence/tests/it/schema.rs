//! The schema: what the migrations promise, checked in the catalogue.

use ignacio_domain::sync::SyncStatus;
use migration::MigrationStatus;

use crate::support::Stack;

#[tokio::test]
async fn the_migrations_of_the_log_come_first_and_are_all_applied() {
    let stack = Stack::start().await;
    let status = migration::status(&stack.database.owner_url().into()).await.unwrap();
    let first: Vec<_> = status.migrations.iter().take(4).map(|it| it.name.as_str()).collect();
    assert_eq!(
        first,
        [
            "001_initial_schema",
            "002_add_user_files_table",
            "003_add_openai_fields_to_user_files",
            "004_create_temporary_user",
        ]
    );
    assert!(status.migrations.iter().all(|it| it.applied), "{status:?}");
    assert!(stack.api.pending_migrations(&migration::names()).await.unwrap().is_empty());
    let unknown = ["999_of_tomorrow".to_owned()];
    assert_eq!(stack.api.pending_migrations(&unknown).await.unwrap(), unknown);
}

#[tokio::test]
async fn undone_migrations_are_reported_as_pending() {
    let stack = Stack::start().await;
    let url = stack.database.owner_url().into();
    let undone = migration::rollback(&url, Some(1)).await.unwrap();
    let status = migration::status(&url).await.unwrap();
    let expected = MigrationStatus { name: undone[0].clone(), applied: false };
    assert_eq!(status.migrations.last(), Some(&expected));
    migration::rollback(&url, None).await.unwrap();
    assert!(migration::status(&url).await.unwrap().migrations.iter().all(|it| !it.applied));
    let pending = stack.other_api().await.pending_migrations(&migration::names()).await.unwrap();
    assert_eq!(pending, migration::names());
}

#[tokio::test]
async fn keys_are_uuids_times_have_zones_and_foreign_keys_have_indexes() {
    let stack = Stack::start().await;
    let keys = "select coalesce(string_agg(c.relname, ' '), '') from pg_class c
         left join pg_index i on i.indrelid = c.oid and i.indisprimary
         left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
           and c.relname <> 'seaql_migrations'
           and (a.atttypid is null or a.atttypid <> 'uuid'::regtype)";
    assert_eq!(stack.database.query_text(keys).await, "");
    let times = "select coalesce(string_agg(table_name || '.' || column_name, ' '), '')
           from information_schema.columns
         where table_schema = 'public' and data_type in ('timestamp without time zone', 'date')";
    assert_eq!(stack.database.query_text(times).await, "");
    let created = "select coalesce(string_agg(t.tablename, ' '), '') from pg_tables t
         where t.schemaname = 'public' and t.tablename <> 'seaql_migrations'
           and not exists (select 1 from information_schema.columns c
                            where c.table_name = t.tablename and c.column_name = 'created_at')";
    assert_eq!(stack.database.query_text(created).await, "");
    // Rows that are only ever added have no time of change.
    let updated = "select string_agg(t.tablename, ' ' order by t.tablename) from pg_tables t
         where t.schemaname = 'public' and t.tablename <> 'seaql_migrations'
           and not exists (select 1 from information_schema.columns c
                            where c.table_name = t.tablename and c.column_name = 'updated_at')";
    assert_eq!(
        stack.database.query_text(updated).await,
        "access_grants audit_events citations erasures message_files response_events retired_tokens"
    );
    // A foreign key's columns must be the first columns of some index, in any order.
    let bare = "select coalesce(string_agg(k.conname, ' '), '') from pg_constraint k
         where k.contype = 'f' and k.connamespace = 'public'::regnamespace
           and not exists (
               select 1 from pg_index i where i.indrelid = k.conrelid
                  and (select array_agg(x order by x) from unnest(k.conkey) x)
                    = (select array_agg(x order by x)
                         from unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) x))";
    assert_eq!(stack.database.query_text(bare).await, "");
}

#[tokio::test]
async fn messages_have_one_index_besides_the_key() {
    let stack = Stack::start().await;
    let indexes = "select string_agg(indexname, ' ' order by indexname) from pg_indexes
         where tablename = 'messages'";
    assert_eq!(stack.database.query_text(indexes).await, "messages_page_idx messages_pkey");
}

#[tokio::test]
async fn stored_states_match_the_domain() {
    let stack = Stack::start().await;
    let check = "select pg_get_constraintdef(oid) from pg_constraint
         where conname = 'user_files_openai_sync_status_check'";
    let check = stack.database.query_text(check).await;
    let words: Vec<_> = check.split('\'').skip(1).step_by(2).collect();
    assert_eq!(words, SyncStatus::ALL.map(SyncStatus::as_str));
}

#[tokio::test]
async fn the_temporary_user_exists_once() {
    let stack = Stack::start().await;
    let read = "select id || ' ' || phone_number || ' ' || name from users";
    assert_eq!(
        stack.database.query_text(read).await,
        "00000000-0000-0000-0000-000000000000 +0000000000 Temporary Test User"
    );
}
