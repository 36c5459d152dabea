//! Values that are of another type, of another age, or of no meaning.

use crate::support::{LegacyDatabase, SCRIPT_1, noticed_rows};

const PEOPLE: &str = "insert into users values
    ('a0000000-0000-4000-8000-000000000001', '+573001110001', 'Ana', 'sí', ' YES ', 'infinity', '2024-01-01'),
    ('a0000000-0000-4000-8000-000000000002', '+573001110002', 'Ben', '0', 'f', '0044-03-15 BC', '-infinity'),
    ('a0000000-0000-4000-8000-000000000003', '+573001110003', 'Eva', 'quizás', '1', 'ayer', 'a las 5'),
    ('a0000000-0000-4000-8000-000000000004', '+573001110004', 'Leo', null, 'no', null, null)";

#[tokio::test]
async fn known_spellings_are_parsed_and_the_others_reported() {
    let old = LegacyDatabase::empty().await;
    old.run(
        "create table users (id uuid primary key, phone_number text, name text, is_admin text,
             is_active varchar(9), created_at text, updated_at text)",
    )
    .await;
    old.run(PEOPLE).await;
    let import = old.import().await;
    let people = "select concat_ws(' ', name, is_admin, is_active,
             created_at > '2026-01-01', to_char(updated_at at time zone 'UTC', 'YYYY'))
         from users where name in ('Ana', 'Ben') order by name";
    assert_eq!(old.all(people).await, "Ana t t t 2024\nBen f f f 1970");
    let eva = "select concat_ws(' ', is_admin, is_active, created_at = updated_at)
         from users where name = 'Eva'";
    assert_eq!(old.all(eva).await, "f t t");
    assert_eq!(noticed_rows(&import, "users", "a value in is_admin that cannot be read"), 1);
    assert_eq!(noticed_rows(&import, "users", "a value in created_at that cannot be read"), 1);
    assert_eq!(noticed_rows(&import, "users", "a time in created_at that is in the future"), 2);
    assert_eq!(noticed_rows(&import, "users", "a time in updated_at that is in the future"), 1);
    assert_eq!(noticed_rows(&import, "users", "2 rows had no time of creation"), 0);
    let original = "select original from legacy.import_report
         where what like '%cannot be read: now unknown%' or what like '%before 1970%' order by 1";
    assert_eq!(
        old.all(original).await,
        "-infinity\n0044-03-15 BC\na las 5\nayer\ninfinity\nquizás"
    );
}

#[tokio::test]
async fn times_of_another_age_neither_hide_rows_nor_break_reads() {
    let old = LegacyDatabase::whole().await;
    for (table, created, updated) in [
        ("users", "infinity", "20000-01-01"),
        ("conversations", "-infinity", "0044-03-15 BC"),
        ("messages", "20000-01-01", "-infinity"),
        ("user_files", "0044-03-15 BC", "infinity"),
    ] {
        let odd = format!("update {table} set created_at = '{created}', updated_at = '{updated}'");
        old.database.execute(&odd).await;
    }
    let import = old.import().await;
    for table in ["users", "conversations", "messages", "user_files"] {
        let odd = format!(
            "select count(*) from {table}
             where not (created_at between '1970-01-01 00:00+00' and now())
                or not (updated_at between '1970-01-01 00:00+00' and now())"
        );
        assert_eq!(old.database.query_i64(&odd).await, 0, "{table}");
        assert!(noticed_rows(&import, table, "a time in created_at that is in the future") > 2);
    }
    let originals = "select count(*) from legacy.import_report
         where table_name = 'messages' and original like '20000-01-01%'";
    assert_eq!(old.database.query_i64(originals).await, 6);
}

#[tokio::test]
async fn rows_with_invalid_keys_stay_in_legacy() {
    let old = LegacyDatabase::empty().await;
    old.run(SCRIPT_1).await;
    old.run("drop table messages\n\ndrop table conversations").await;
    old.run(
        "create table conversations (id uuid primary key, user_id text, title text)\n\n\
         create table messages (id uuid primary key, conversation_id bigint, content text)\n\n\
         insert into conversations select gen_random_uuid(), id, 'Suya' from users\n\n\
         insert into conversations values (gen_random_uuid(), 'la de Ana', 'De Ana')\n\n\
         insert into messages values (gen_random_uuid(), 7, 'siete')",
    )
    .await;
    let import = old.import().await;
    assert_eq!(old.all("select title from conversations").await, "Suya");
    assert_eq!(old.all("select user_id from legacy.conversations").await, "la de Ana");
    assert_eq!(old.all("select content from legacy.messages").await, "siete");
    assert_eq!(noticed_rows(&import, "conversations", "in user_id that cannot be read"), 1);
    assert_eq!(noticed_rows(&import, "messages", "in conversation_id that cannot be read"), 1);
    assert_eq!(noticed_rows(&import, "conversations", "2 rows had no time of creation"), 0);
}

#[tokio::test]
async fn a_normalized_file_type_is_reported() {
    let old = LegacyDatabase::whole().await;
    old.database
        .execute(
            "update user_files set file_type = ' Application/PDF' where file_name = 'plan.pdf'",
        )
        .await;
    let import = old.import().await;
    assert_eq!(noticed_rows(&import, "user_files", "a type with capitals or blanks"), 1);
    let original =
        "select original from legacy.import_report where what like '%capitals or blanks%'";
    assert_eq!(old.all(original).await, " Application/PDF");
}
