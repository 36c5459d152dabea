//! A database with everything in it that the years have left there.

use crate::support::{LegacyDatabase, noticed_rows};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn users_are_imported_with_canonical_numbers() {
    let old = LegacyDatabase::whole().await;
    let import = old.import().await;
    let people =
        "select concat_ws(' | ', right(id::text, 1), phone_number, name, is_admin, is_active)
         from users where phone_number <> '+1234567890' order by id";
    assert_eq!(
        old.all(people).await,
        "0 | +0000000000 | Temporary Test User | f | t\n\
         1 | +573001110001 | Ana | f | t\n\
         2 | +573001110002 | Ben | t | t\n\
         4 | +00000000001 | Carla | f | f\n\
         5 | +00000000002 | Eva | t | f\n\
         6 | +573001110006 | Sin nombre | f | f"
    );
    let default =
        "select is_admin || ' ' || is_active from users where phone_number = '+1234567890'";
    assert_eq!(old.all(default).await, "true false");

    assert_eq!(noticed_rows(&import, "users", "merged into it"), 1);
    assert_eq!(noticed_rows(&import, "users", "cannot be read"), 2);
    assert_eq!(noticed_rows(&import, "users", "in another form"), 3);
    assert_eq!(noticed_rows(&import, "users", "default user"), 1);
    assert_eq!(noticed_rows(&import, "users", "had no value in is_active"), 1);
    assert_eq!(noticed_rows(&import, "users", "had no value in is_admin"), 1);
    assert_eq!(noticed_rows(&import, "users", "have no name"), 1);
    assert_eq!(noticed_rows(&import, "users", "are no longer admins"), 1);
    assert_eq!(noticed_rows(&import, "users", "are the temporary user"), 1);
    let original = "select original from legacy.import_report where what like '%cannot be read%'
         order by id";
    assert_eq!(old.all(original).await, "+0000000000\npregunta a Ben");
    let merged = "select original::json ->> 'name' from legacy.import_report
         where what like '%merged into it'";
    assert_eq!(old.all(merged).await, "Ana otra vez");
    assert!(!old.is_left("users").await);
}

#[tokio::test]
async fn conversations_and_messages_keep_their_order() {
    let old = LegacyDatabase::whole().await;
    let import = old.import().await;
    let conversations = "select concat_ws(' | ', right(id::text, 1), right(user_id::text, 1),
             left(title, 11), length(title), message_count, last_message_at is null)
         from conversations order by id";
    assert_eq!(
        old.all(conversations).await,
        "1 | 1 | Presupuesto | 11 | 3 | f\n2 | 1 | largo largo | 255 | 1 | f\n4 | 4 | 0 | t"
    );
    let messages = "select concat_ws(' | ', right(user_id::text, 1), content, message_type,
             is_from_user, status)
         from messages where conversation_id::text like '%1' order by created_at";
    assert_eq!(
        old.all(messages).await,
        "1 | uno | text | t | complete\n1 | dos | text | f | complete\n1 | tres | audio | t | complete"
    );
    let last = "select (last_message_at at time zone 'UTC')::text from conversations
         where id::text like '%1'";
    assert_eq!(old.all(last).await, "2024-03-01 10:00:00.000003");

    assert_eq!(noticed_rows(&import, "conversations", "belong to no user"), 1);
    assert_eq!(noticed_rows(&import, "conversations", "cut to 255"), 1);
    assert_eq!(noticed_rows(&import, "messages", "in no imported conversation"), 2);
    assert_eq!(noticed_rows(&import, "messages", "name another user"), 1);
    assert_eq!(noticed_rows(&import, "messages", "had no content"), 1);
    assert_eq!(noticed_rows(&import, "messages", "had no value in is_from_user"), 1);
    assert_eq!(
        old.all("select content from legacy.messages order by created_at").await,
        "en la de nadie\nen ninguna"
    );
    let whole = "select length(original) from legacy.import_report where what like '%title%cut%'";
    assert_eq!(old.all(whole).await, "360");
}

#[tokio::test]
async fn files_keep_their_objects_and_are_synced_again() {
    let old = LegacyDatabase::whole().await;
    let import = old.import().await;
    let files = "select concat_ws(' | ', right(id::text, 1), right(user_id::text, 1), file_name,
             file_path, file_type, file_size, openai_sync_status, openai_file_id,
             to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'))
         from user_files where id::text not like '%4' order by id";
    assert_eq!(
        old.all(files).await,
        "1 | 1 | plan.pdf | uploads/ana/plan.pdf | application/pdf | 1234 | pending | 2024-04-01 10:00\n\
         2 | 1 | foto.png | uploads/ana/foto.png | image/png | 77 | 2024-04-02 10:00"
    );
    let poor = "select concat_ws(' | ', file_name, file_path, file_type, file_size,
             openai_sync_status, uploaded_at = created_at, content_sha256 is null)
         from user_files where id::text like '%4'";
    assert_eq!(
        old.all(poor).await,
        "Sin nombre | uploads/ben/x | application/octet-stream | 0 | pending | t | t"
    );
    assert_eq!(noticed_rows(&import, "user_files", "belong to no user"), 1);
    assert_eq!(noticed_rows(&import, "user_files", "have no path to their content"), 1);
    assert_eq!(noticed_rows(&import, "user_files", "have a copy at OpenAI"), 1);
    let left =
        "select original from legacy.import_report where what like '%at OpenAI%' order by original";
    assert_eq!(old.all(left).await, "file-plan\nvs_shared");
}

#[tokio::test]
async fn clear_tokens_and_codes_are_destroyed() {
    let old = LegacyDatabase::whole().await;
    let secrets = ["918273", "645372", "clear-token-of-ana", "clear-token-of-nobody"];
    let before = old.database.dump(&["--data-only"]);
    assert!(secrets.iter().all(|secret| before.contains(secret)));
    let import = old.import().await;
    let after = old.database.dump(&[]);
    assert!(secrets.iter().all(|secret| !after.contains(secret)));
    for table in ["user_sessions", "otp_codes"] {
        let count = import.tables.iter().find(|it| it.table == table).unwrap();
        assert_eq!((count.found, count.destroyed), (2, 2), "{table}");
    }
}

#[tokio::test]
async fn times_without_a_zone_are_utc_wherever_the_server_is() {
    let old = LegacyDatabase::whole().await;
    old.database.execute("reset role").await;
    let zone = format!("alter database {} set timezone = 'America/Bogota'", old.database.name());
    old.database.execute(&zone).await;
    old.migrate().await.unwrap();
    let at =
        "select (created_at at time zone 'UTC')::text from user_files where id::text like '%1'";
    assert_eq!(old.all(at).await, "2024-04-01 10:00:00");
}

#[tokio::test]
async fn rows_of_the_temporary_user_stay_with_it() {
    let old = LegacyDatabase::whole().await;
    let write = format!(
        "insert into conversations (id, user_id, title)
         values ('c0000000-0000-4000-8000-000000000009', '{NIL}', 'Prueba')"
    );
    old.database.execute(&write).await;
    old.import().await;
    let owner = "select user_id from conversations where title = 'Prueba'";
    assert_eq!(old.all(owner).await, NIL);
}

#[tokio::test]
async fn rolling_back_leaves_the_legacy_schema_alone() {
    let old = LegacyDatabase::whole().await;
    old.import().await;
    let before = old.database.dump(&["--schema=legacy"]);
    migration::rollback(&old.database.owner_url().into(), None).await.unwrap();
    assert_eq!(old.database.dump(&["--schema=legacy"]), before);
    let again = old.migrate().await.unwrap();
    assert_eq!((again.names, again.legacy_import), (migration::names(), None));
}
