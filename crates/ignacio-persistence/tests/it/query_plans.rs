//! The hot reads use their indexes, on skewed data and with the policies in force.

use ignacio_devstack::DatabaseRole;
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement, TransactionTrait as _};

use crate::support::Stack;

/// 1,000,000 messages: one conversation of 100,000, the rest spread over 2,000 users. Triggers are
/// disabled while it is filled, so the counts are not maintained; nothing here reads them.
const FILL: &str = "
    set session_replication_role = replica;
    insert into users (id, phone_number, name)
        select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
               '+57' || 3000000000 + n, 'P' from generate_series(1, 2000) n;
    insert into conversations (id, user_id, created_at)
        select gen_random_uuid(), u.id, now() - n * interval '1 minute'
          from users u, generate_series(1, 10) n where u.phone_number <> '+0000000000';
    insert into messages (conversation_id, user_id, content, is_from_user, created_at)
        select c.id, c.user_id, 'texto', n % 2 = 0, now() - n * interval '1 second'
          from conversations c, generate_series(1, 45) n;
    insert into messages (conversation_id, user_id, content, is_from_user, created_at)
        select c.id, c.user_id, 'texto', n % 2 = 0, now() - n * interval '1 second'
          from (select * from conversations order by id limit 1) c, generate_series(1, 100000) n;
    insert into responses (user_id, conversation_id, message_id, state)
        select user_id, conversation_id, id, 'completed' from messages
         where not is_from_user and created_at > now() - interval '20 seconds';
    insert into user_files (user_id, file_name, file_path, file_type, uploaded_at,
            openai_sync_status, content_sha256)
        select c.user_id, 'a.pdf', 'k', 'application/pdf', now(), 'synced', '\\x00'
          from conversations c;
    insert into user_sessions (user_id, token_hash, expires_at, idle_expires_at)
        select id, sha256(id::text::bytea), now() + interval '1 day', now() + interval '1 day'
          from users where phone_number <> '+0000000000';
    insert into otp_codes (phone_number, expires_at)
        select phone_number, now() from users;
    set session_replication_role = origin;
    analyze;";

#[tokio::test]
async fn the_hot_reads_scan_no_table_and_sort_no_messages() {
    let stack = Stack::start().await;
    stack.database.execute(FILL).await;
    assert!(stack.database.query_i64("select count(*) from messages").await >= 1_000_000);
    let big = "select user_id || ' ' || id || ' ' || (select encode(token_hash, 'hex')
           from user_sessions s where s.user_id = c.user_id) from conversations c order by id limit 1";
    let line = stack.database.query_text(big).await;
    let mut words = line.split(' ');
    let (user, conversation, digest) =
        (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());

    let enter = format!("select app.authenticate(decode('{digest}', 'hex'))");
    let api = Database::connect(stack.database.url(DatabaseRole::Api)).await.unwrap();
    for read in hot_reads(user, conversation) {
        let txn = api.begin().await.unwrap();
        txn.execute_unprepared(&enter).await.unwrap();
        let explain = format!("explain (analyze, buffers, timing off, summary off) {read}");
        let explain = Statement::from_string(DbBackend::Postgres, explain);
        // Six runs first, so that neither the catalogue's own pages count nor those that a function
        // reads while it plans its first five calls.
        for _ in 0..6 {
            txn.query_all_raw(explain.clone()).await.unwrap();
        }
        let rows = txn.query_all_raw(explain).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        let plan = plan.join("\n");
        for word in ["Seq Scan", "BitmapAnd"] {
            assert!(!plan.contains(word), "{word}: {read}\n{plan}");
        }
        if read.contains("from messages") {
            assert!(!plan.contains("Sort"), "{read}\n{plan}");
            assert!(buffers(&plan) <= 60, "{read}\n{plan}");
        }
    }
    others(&stack).await;
}

/// The hot reads of the request path.
fn hot_reads(user: &str, conversation: &str) -> Vec<String> {
    let page = format!(
        "select * from messages where user_id = '{user}' and conversation_id = '{conversation}'
           and (created_at, id) < ('2999-01-01', 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         order by created_at desc, id desc limit 51"
    );
    let deep = page.replace("'2999-01-01'", "now() - interval '50000 seconds'");
    let list = format!(
        "select * from conversations where user_id = '{user}' and archived = false
           and (active_at, id) < ('2999-01-01', 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         order by active_at desc, id desc limit 51"
    );
    let files = format!(
        "select * from user_files where user_id = '{user}' and uploaded_at is not null
           and deleted_at is null order by created_at desc, id desc limit 51"
    );
    vec![
        page,
        deep,
        list,
        files,
        format!("select * from conversations where id = '{conversation}'"),
        format!(
            "select * from responses where user_id = '{user}' and conversation_id = '{conversation}'
             order by created_at desc limit 1"
        ),
        format!("select id from user_sessions where user_id = '{user}' and revoked_at is null"),
        "select * from users where id = (select app.current_user_id())".to_owned(),
    ]
}

/// Hot reads of the other roles.
async fn others(stack: &Stack) {
    let auth = Database::connect(stack.database.url(DatabaseRole::Auth)).await.unwrap();
    let worker = Database::connect(stack.database.url(DatabaseRole::Worker)).await.unwrap();
    for (db, read) in [
        (&auth, "select id from users where phone_number = '+573000000007'".to_owned()),
        (
            &worker,
            "select id from user_files where deleted_at is null
            and openai_sync_status in ('pending', 'syncing') order by next_attempt_at limit 4"
                .to_owned(),
        ),
    ] {
        let explain = Statement::from_string(DbBackend::Postgres, format!("explain {read}"));
        let rows = db.query_all_raw(explain).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert!(!plan.join("\n").contains("Seq Scan"), "{read}\n{}", plan.join("\n"));
    }
}

/// Pages read by the whole statement: the figure of its topmost node, which includes the lookup of
/// the identity.
fn buffers(plan: &str) -> u64 {
    let line = plan.lines().find(|line| line.contains("Buffers:")).unwrap();
    line.split([' ', '=']).filter_map(|word| word.parse::<u64>().ok()).sum()
}
