//! The states that the old scripts leave, depending on which of them ran, and how often.

use crate::support::{FILES, LegacyDatabase, ROWS, SCRIPT_1, SCRIPT_2, SCRIPT_3, SCRIPT_4, SYNC};

/// Runs the scripts, imports the result, and returns the numbers of imported users, conversations,
/// messages and files.
async fn imported(scripts: &[&str]) -> (LegacyDatabase, [i64; 4]) {
    let old = LegacyDatabase::empty().await;
    for script in scripts {
        old.run(script).await;
    }
    old.import().await;
    let mut counts = [0; 4];
    for (count, table) in
        counts.iter_mut().zip(["users", "conversations", "messages", "user_files"])
    {
        *count = old.database.query_i64(&format!("select count(*) from {table}")).await;
    }
    (old, counts)
}

#[tokio::test]
async fn the_first_script_alone() {
    let (_, counts) = imported(&[SCRIPT_1, ROWS]).await;
    assert_eq!(counts, [7, 3, 4, 0]);
}

#[tokio::test]
async fn the_first_two_scripts() {
    let (old, counts) = imported(&[SCRIPT_1, SCRIPT_2, ROWS, FILES]).await;
    assert_eq!(counts, [7, 3, 4, 3]);
    let pending = "select count(*) from user_files where openai_sync_status = 'pending'";
    assert_eq!(old.database.query_i64(pending).await, 2);
}

#[tokio::test]
async fn all_four_scripts_twice() {
    let once = [SCRIPT_1, SCRIPT_2, SCRIPT_3, SCRIPT_4];
    let scripts = [&once[..], &once[..], &[ROWS, FILES, SYNC]].concat();
    assert_eq!(imported(&scripts).await.1, [7, 3, 4, 3]);
}

#[tokio::test]
async fn the_third_script_before_the_second() {
    let (_, counts) = imported(&[SCRIPT_1, SCRIPT_3, SCRIPT_2, SCRIPT_4, ROWS, FILES]).await;
    assert_eq!(counts, [7, 3, 4, 3]);
}

#[tokio::test]
async fn no_rows_at_all() {
    let (old, counts) = imported(&[SCRIPT_1, SCRIPT_2, SCRIPT_3]).await;
    assert_eq!(counts, [2, 0, 0, 0]);
    for table in ["users", "conversations", "messages", "user_files"] {
        assert!(!old.is_left(table).await, "{table}");
    }
}

#[tokio::test]
async fn users_without_other_tables() {
    let users = "create table users (id uuid primary key, phone_number text)";
    let ana = "insert into users values (gen_random_uuid(), '300 111 0001 999')";
    let (old, counts) = imported(&[users, ana]).await;
    assert_eq!(counts, [2, 0, 0, 0]);
    let ana = "select phone_number || name || is_active from users where phone_number like '+3%'";
    assert_eq!(old.all(ana).await, "+3001110001999Sin nombrefalse");
}

#[tokio::test]
async fn messages_without_users_stay_in_legacy() {
    let (old, counts) = imported(&[SCRIPT_1, ROWS, "drop table users cascade"]).await;
    assert_eq!(counts, [1, 0, 0, 0]);
    assert_eq!(old.database.query_i64("select count(*) from legacy.messages").await, 6);
    assert_eq!(old.database.query_i64("select count(*) from legacy.conversations").await, 4);
    let kind = "select n.nspname from pg_type t join pg_namespace n on n.oid = t.typnamespace
         where t.typname = 'message_type'";
    assert_eq!(old.all(kind).await, "legacy");
}

#[tokio::test]
async fn a_message_type_stored_as_text_and_unknown_types() {
    let text = "alter table messages alter column message_type drop default,
         alter column message_type type text";
    let odd = "update messages set message_type = 'sticker' where content = 'tres'";
    let (old, counts) = imported(&[SCRIPT_1, ROWS, text, odd]).await;
    assert_eq!(counts, [7, 3, 4, 0]);
    let kept = "select message_type from messages where content = 'tres'";
    assert_eq!(old.all(kept).await, "text");
    let original = "select original from legacy.import_report where what like 'had no known type%'
         and original is not null";
    assert_eq!(old.all(original).await, "sticker");
}
