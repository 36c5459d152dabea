//! Role by table by operation: what the database lets each of its roles do to Ana's and to Ben's
//! rows, when Ana asks and when nobody does. The expected matrix is `rls_matrix.txt` beside this
//! file: a new table without its lines, or a cell that changes, fails here.

use std::fmt::Write as _;

use ignacio_devstack::{Role, TestDatabase};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, TransactionTrait as _};

use crate::support::{Person, Stack};

/// Every table of the schema, and a column that some role may change.
const TABLES: [(&str, &str); 13] = [
    ("citations", "quote = 'x'"),
    ("conversations", "title = 'x'"),
    ("message_files", "created_at = now()"),
    ("messages", "content = 'x'"),
    ("otp_codes", "attempts = attempts"),
    ("outbox", "attempts = attempts"),
    ("purge_queue", "attempts = attempts"),
    ("response_events", "kind = 'x'"),
    ("responses", "attempts = attempts"),
    ("user_files", "file_name = 'x'"),
    ("user_sessions", "revoked_at = now()"),
    ("user_vector_stores", "openai_vector_store_id = 'x'"),
    ("users", "name = 'x'"),
];

/// Who connects, and as whom it acts.
#[derive(Clone, Copy)]
enum Actor {
    /// A login role without any identity.
    Bare(Role),
    /// The request path with Ana's session.
    Ana,
    /// A worker that holds Ana's reply.
    Leased,
}

impl Actor {
    fn name(self) -> String {
        match self {
            Self::Bare(role) => format!("{}[-]", role.name().trim_start_matches("ignacio_")),
            Self::Ana => "api[Ana]".to_owned(),
            Self::Leased => "worker[Ana]".to_owned(),
        }
    }

    fn role(self) -> Role {
        match self {
            Self::Bare(role) => role,
            Self::Ana => Role::Api,
            Self::Leased => Role::Worker,
        }
    }
}

struct World {
    stack: Stack,
    ana: Person,
    ben: Person,
    enter: String,
    lease: String,
}

#[tokio::test]
async fn the_matrix_is_as_reviewed() {
    let world = world().await;
    let tables = "select string_agg(tablename, ' ' order by tablename) from pg_tables
         where schemaname = 'public' and tablename <> 'seaql_migrations'";
    let known = TABLES.map(|(table, _)| table).join(" ");
    assert_eq!(world.stack.database.query_text(tables).await, known, "a table without its lines");

    let mut matrix = String::from(
        "# rows seen or changed of Ana's / of Ben's; E is a refusal\n\
         # actor        table               select  insert  update  delete\n",
    );
    let actors = Role::ALL.map(Actor::Bare).into_iter().chain([Actor::Ana, Actor::Leased]);
    for actor in actors {
        let db = connect(&world.stack.database, actor.role()).await;
        for (table, change) in TABLES {
            let mut line = format!("{:<14} {table:<20}", actor.name());
            for operation in ["select", "insert", "update", "delete"] {
                let mut cell = Vec::new();
                for person in [&world.ana, &world.ben] {
                    let statement = statement(operation, table, change, person);
                    cell.push(attempt(&world, actor, &db, &statement).await);
                }
                write!(line, "{:<8}", cell.join("/")).unwrap();
            }
            writeln!(matrix, "{}", line.trim_end()).unwrap();
        }
    }
    let expected = include_str!("rls_matrix.txt");
    if matrix != expected {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/rls_matrix.txt");
        std::fs::write(path, &matrix).unwrap();
        let changed: Vec<_> =
            matrix.lines().filter(|line| !expected.lines().any(|it| it == *line)).collect();
        panic!("these cells changed (the whole matrix is in {path}):\n{}", changed.join("\n"));
    }
}

#[tokio::test]
async fn no_role_can_truncate_become_another_or_switch_the_policies_off() {
    let stack = Stack::start().await;
    for role in Role::ALL {
        let db = connect(&stack.database, role).await;
        for statement in [
            "truncate messages",
            "set role ignacio_owner",
            "set role ignacio_definer",
            "set role ignacio_seeder",
            "create table public.mine (x int)",
            "create temp table mine (x int)",
            "alter table users disable row level security",
            "copy users to stdout",
        ] {
            let refused = db.execute_unprepared(statement).await;
            assert!(refused.is_err(), "{} may {statement}", role.name());
        }
        let off = db.execute_unprepared("set row_security = off; select id from user_files").await;
        assert!(off.is_err(), "{} reads past its policies", role.name());
    }
}

#[tokio::test]
async fn arbitrary_sql_on_the_request_role_cannot_choose_its_victim() {
    let world = world().await;
    let db = connect(&world.stack.database, Role::Api).await;
    let ben = world.ben.id;
    for forged in [
        format!("select set_config('app.user_id', '{ben}', true)"),
        format!("select set_config('app.session', '{}', true)", "00".repeat(32)),
        "select set_config('app.session', (select encode(token_hash, 'hex') from user_sessions
             limit 1), true)"
            .to_owned(),
        format!("select app.act_for('{ben}', '{ben}', 1)"),
    ] {
        let txn = db.begin().await.unwrap();
        let set = txn.execute_unprepared(&forged).await;
        if set.is_ok() {
            let seen = count(&txn, "select count(*) as n from conversations").await;
            assert_eq!(seen, 0, "{forged}");
        }
    }
}

#[tokio::test]
async fn nobody_makes_himself_admin_or_moves_a_row_to_another_owner() {
    let world = world().await;
    let db = connect(&world.stack.database, Role::Api).await;
    let ben = world.ben.id;
    for statement in [
        "update users set is_admin = true".to_owned(),
        "update users set is_active = true".to_owned(),
        "update users set phone_number = '+573000000001'".to_owned(),
        format!("update conversations set user_id = '{ben}'"),
        format!("update user_files set user_id = '{ben}'"),
        "update user_files set openai_file_id = 'file-of-ben'".to_owned(),
        format!(
            "insert into user_files (id, user_id, file_name, file_path, file_type)
             values (gen_random_uuid(), '{}', 'x', 'users/{ben}/x', 'text/plain')",
            world.ana.id
        ),
        "update conversations set message_count = 0".to_owned(),
        "select token_hash from user_sessions".to_owned(),
    ] {
        let answer = attempt(&world, Actor::Ana, &db, &statement).await;
        assert_eq!(answer, "E", "{statement}");
    }
}

#[tokio::test]
async fn a_child_cannot_hang_on_a_foreign_parent_and_learns_nothing_by_trying() {
    let world = world().await;
    let db = connect(&world.stack.database, Role::Api).await;
    let ana = world.ana.id;
    let foreign = world
        .stack
        .database
        .query_text(&format!("select id from conversations where user_id = '{}'", world.ben.id))
        .await;
    let absent = "00000000-0000-7000-8000-000000000000".to_owned();
    let mut errors = Vec::new();
    for conversation in [foreign, absent] {
        let txn = db.begin().await.unwrap();
        txn.execute_unprepared(&world.enter).await.unwrap();
        let insert = format!(
            "insert into messages (user_id, conversation_id, content, is_from_user)
             values ('{ana}', '{conversation}', 'x', true)"
        );
        let error = txn.execute_unprepared(&insert).await.unwrap_err().to_string();
        errors.push(error.replace(&conversation, "[id]"));
    }
    assert_eq!(errors[0], errors[1]);
}

async fn world() -> World {
    let stack = Stack::start().await;
    let ana = stack.person("+573001110002").await;
    let ben = stack.person("+573001110003").await;
    for person in [&ana, &ben] {
        let talk = stack.conversation(person).await;
        let file = stack.file(person, "plan.pdf").await;
        stack.post_with(person, talk.id, "hola", &[file.id]).await.unwrap();
        stack.api.codes().challenge(Some(&person.phone)).await.unwrap();
        stack
            .worker
            .file_jobs()
            .adopt_vector_store(person.id, &person.id.to_string())
            .await
            .unwrap();
    }
    // What only workers write, for both, in one go; and one reply of Ana's held by a worker.
    stack
        .database
        .execute(
            "insert into response_events (response_id, user_id, seq, first_seq, kind, payload)
             select id, user_id, 1, 1, 'completed', '{}' from responses;
             insert into citations (message_id, user_id, file_name, position)
             select message_id, user_id, 'plan.pdf', 0 from responses;
             insert into purge_queue (kind, target) select 'object', phone_number from users;",
        )
        .await;
    let worker = stack.worker.id();
    stack
        .database
        .execute(&format!(
            "update responses set state = 'running', lease_owner = '{worker}', lease_epoch = 1,
                 lease_until = now() + interval '1 hour' where user_id = '{}'",
            ana.id
        ))
        .await;
    let response = stack
        .database
        .query_text(&format!("select id from responses where user_id = '{}'", ana.id))
        .await;
    let digest = stack
        .database
        .query_text(&format!(
            "select encode(token_hash, 'hex') from user_sessions where user_id = '{}'",
            ana.id
        ))
        .await;
    let enter = format!("select app.enter(decode('{digest}', 'hex'))");
    let lease = format!("select app.act_for('{response}', '{worker}', 1)");
    World { stack, ana, ben, enter, lease }
}

async fn connect(database: &TestDatabase, role: Role) -> DatabaseConnection {
    Database::connect(database.url(role)).await.unwrap()
}

/// The rows that a statement touches, or `E` when it is refused; nothing is kept.
async fn attempt(world: &World, actor: Actor, db: &DatabaseConnection, statement: &str) -> String {
    let txn = db.begin().await.unwrap();
    match actor {
        Actor::Bare(_) => {}
        Actor::Ana => drop(txn.execute_unprepared(&world.enter).await.unwrap()),
        Actor::Leased => drop(txn.execute_unprepared(&world.lease).await.unwrap()),
    }
    let answer = if statement.starts_with("select count") {
        let counted = txn.query_one_raw(raw(statement)).await;
        counted.map(|row| row.unwrap().try_get::<i64>("", "n").unwrap().unsigned_abs())
    } else {
        txn.execute_unprepared(statement).await.map(|done| done.rows_affected())
    };
    txn.rollback().await.unwrap();
    match answer {
        Ok(rows) => rows.to_string(),
        Err(error) => {
            let text = format!("{error:?}");
            assert!(text.contains("42501"), "not a refusal: {statement}: {text}");
            "E".to_owned()
        }
    }
}

async fn count(txn: &sea_orm::DatabaseTransaction, statement: &str) -> i64 {
    txn.query_one_raw(raw(statement)).await.unwrap().unwrap().try_get("", "n").unwrap()
}

fn raw(statement: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, statement)
}

fn statement(operation: &str, table: &str, change: &str, person: &Person) -> String {
    let whose = whose(table, person);
    match operation {
        "select" => format!("select count(*) as n from {table} where {whose}"),
        "update" => format!("update {table} set {change} where {whose}"),
        "delete" => format!("delete from {table} where {whose}"),
        _ => insert(table, person),
    }
}

fn whose(table: &str, person: &Person) -> String {
    let (id, phone) = (person.id, person.phone.expose());
    match table {
        "users" => format!("id = '{id}'"),
        "otp_codes" => format!("phone_number = '{phone}'"),
        // Both name no person: the first half stands for Ana, the second for Ben.
        "outbox" => format!("otp_id in (select id from otp_codes where phone_number = '{phone}')"),
        "purge_queue" => format!("target = '{phone}'"),
        _ => format!("user_id = '{id}'"),
    }
}

fn insert(table: &str, person: &Person) -> String {
    let (id, phone) = (person.id, person.phone.expose());
    let new = "gen_random_uuid()";
    // Where a parent is needed, one that does not exist: policies and rights are judged first,
    // and a refusal is all that counts. Foreign keys are put off.
    match table {
        "users" => {
            format!("insert into users (id, phone_number, name) values ({new}, '+1{new}', 'x')")
                .replace("'+1gen_random_uuid()'", "'+19999999'")
        }
        "conversations" => {
            format!("insert into conversations (id, user_id) values ({new}, '{id}')")
        }
        "messages" => format!(
            "insert into messages (id, user_id, conversation_id, content, is_from_user)
             select {new}, '{id}', c.id, 'x', true from conversations c where c.user_id = '{id}'"
        ),
        "user_files" => format!(
            "insert into user_files (id, user_id, file_name, file_path, file_type)
             select it, '{id}', 'x', 'users/{id}/' || it, 'text/plain' from (select {new} it) new"
        ),
        "user_sessions" => format!(
            "insert into user_sessions (id, user_id, token_hash, expires_at, idle_expires_at)
             values ({new}, '{id}', '\\x00', now(), now())"
        ),
        "otp_codes" => format!(
            "insert into otp_codes (id, phone_number, expires_at) values ({new}, '{phone}', now())"
        ),
        "outbox" => format!(
            "insert into outbox (id, otp_id)
             select {new}, id from otp_codes where phone_number = '{phone}' and sent_at is not null
                and id not in (select otp_id from outbox)"
        ),
        "purge_queue" => "insert into purge_queue (kind, target) values ('object', 'x')".to_owned(),
        "responses" => format!(
            "insert into responses (id, user_id, conversation_id, message_id)
             select {new}, '{id}', m.conversation_id, m.id from messages m
              where m.user_id = '{id}' and not m.is_from_user and false"
        ),
        "response_events" => format!(
            "insert into response_events (response_id, user_id, seq, first_seq, kind, payload)
             select r.id, '{id}', 99, 99, 'x', '{{}}' from responses r where r.user_id = '{id}'"
        ),
        "message_files" => format!(
            "insert into message_files (message_id, user_id, file_id)
             select m.id, '{id}', f.id from messages m, user_files f
              where m.user_id = '{id}' and f.user_id = '{id}' and false"
        ),
        "citations" => format!(
            "insert into citations (id, message_id, user_id, file_name, position)
             select {new}, m.id, '{id}', 'x', 1 from messages m
              where m.user_id = '{id}' and not m.is_from_user"
        ),
        _ => format!(
            "insert into {table} (user_id, openai_vector_store_id) values ('{id}', 'x{id}')
             on conflict do nothing"
        ),
    }
}
