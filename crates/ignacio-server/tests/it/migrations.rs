//! `ignacio migrate` as a process: what it prints, and what is left when it is killed.

use std::process::{Child, Command, Stdio};

use ignacio_devstack::TestDatabase;

use crate::process::{Variables, command, run};
use crate::stack::until;

/// A possible schema of the old system.
const OLD: &str = "
    set role ignacio_deployer;
    create type message_type as enum ('text', 'image');
    create table users (
        id uuid primary key default gen_random_uuid(), phone_number text, name text,
        is_admin boolean default false, is_active boolean default true,
        created_at timestamptz default now());
    create table conversations (
        id uuid primary key default gen_random_uuid(),
        user_id uuid references users (id) on delete cascade, title text,
        created_at timestamp default now());
    create table messages (
        id uuid primary key default gen_random_uuid(),
        conversation_id uuid references conversations (id) on delete cascade, content text,
        message_type message_type default 'text', is_from_user boolean default true,
        created_at timestamp default now());
    create table user_sessions (
        id uuid primary key default gen_random_uuid(), session_token text not null);
    insert into users (phone_number, name)
        select '57 300 111 ' || lpad(n::text, 4, '0'), 'Persona ' || n from generate_series(1, 20) n;
    insert into conversations (user_id, title) select id, name from users;
    insert into messages (conversation_id, content)
        select c.id, 'mensaje ' || n from conversations c, generate_series(1, 20) n;
    insert into messages (content) values ('de ninguna');
    insert into user_sessions (session_token) values ('a-clear-token');
    reset role";

/// Stops a migration at one of its statements: there it waits for a lock that the test holds.
const STOP: &str = "
    create schema probe;
    create table probe.stop (at integer not null);
    insert into probe.stop values (0);
    create sequence probe.seen;
    create function probe.count() returns event_trigger language plpgsql security definer as $$
    declare
        v_count integer := coalesce(nullif(current_setting('probe.count', true), ''), '0')::integer;
    begin
        perform set_config('probe.count', (v_count + 1)::text, true);
        perform nextval('probe.seen');
        if v_count + 1 = (select at from probe.stop) then
            perform set_config('lock_timeout', '0', true);
            perform pg_advisory_xact_lock(4711);
        end if;
    end $$;
    create event trigger probe on ddl_command_end
        when tag in ('CREATE TABLE', 'ALTER TABLE', 'CREATE POLICY', 'CREATE FUNCTION')
        execute function probe.count()";

/// How often it is killed, at statements spread evenly between the first and the last.
const KILLS: i64 = 12;

#[tokio::test]
async fn a_plan_predicts_the_migration_and_changes_nothing() {
    let database = TestDatabase::empty().await;
    database.execute(OLD).await;
    let variables = Variables::for_serve(&database);
    let before = database.dump(&[]);
    let plans =
        [run(&["migrate", "--plan"], &variables), run(&["migrate", "up", "--plan"], &variables)];
    assert_eq!(database.dump(&[]), before);
    let up = run(&["migrate"], &variables);
    assert_eq!(up.code, Some(0), "{}", up.stderr);

    let n_migrations = migration::names().len();
    let printed = up.stdout.strip_suffix(&format!("{n_migrations} applied\n")).unwrap();
    for plan in plans {
        assert_eq!(plan.code, Some(0), "{}", plan.stderr);
        let end = format!("{n_migrations} to apply; nothing was changed\n");
        assert_eq!(plan.stdout.strip_suffix(&end), Some(printed));
    }
    let row = |table: &str| {
        let line = printed.lines().find(|line| line.starts_with(table)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("users"), "20 20 0 0 0");
    assert_eq!(row("messages"), "401 400 0 1 0");
    assert_eq!(row("user_sessions"), "1 0 0 0 1");
    assert!(
        printed.contains(
            "messages: are in no imported conversation and stay in legacy.messages (1)\n"
        ),
        "{printed}"
    );
    assert!(
        printed
            .contains("users: had a number in another form: now in the form +573001110001 (20)\n"),
        "{printed}"
    );
    // The output of a deployment, which may be kept, contains no phone numbers.
    assert!(!printed.contains("300 111"), "{printed}");
    assert_eq!(up.stderr.lines().next(), Some("importing users"));
    assert_eq!(run(&["migrate"], &variables).stdout, "0 applied\n");
}

#[tokio::test]
async fn old_tables_of_another_role_are_refused_in_one_sentence() {
    let database = TestDatabase::empty().await;
    database.execute(OLD).await;
    database.execute("alter table messages owner to current_user").await;
    let before = database.dump(&[]);
    for arguments in [&["migrate"][..], &["migrate", "--plan"]] {
        let ended = run(arguments, &Variables::for_serve(&database));
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("public.messages belongs to"), "{}", ended.stderr);
    }
    assert_eq!(database.dump(&[]), before);
}

#[tokio::test]
async fn a_newer_database_is_refused_by_every_command() {
    let database = TestDatabase::create().await;
    let variables = Variables::for_serve(&database)
        .with("OPENAI_API_KEY", "sk-nobody")
        .with("WHATSAPP_PHONE_NUMBER_ID", "1")
        .with("WHATSAPP_ACCESS_TOKEN", "a token");
    database.execute("insert into seaql_migrations values ('999_of_tomorrow', 0)").await;
    for arguments in [
        &["serve"][..],
        &["work"],
        &["migrate"],
        &["migrate", "--plan"],
        &["migrate", "down", "--all"],
        &["migrate", "status"],
    ] {
        let ended = run(arguments, &variables);
        assert_eq!(ended.code, Some(78), "{arguments:?}: {}", ended.stderr);
        let contents = ended.stderr.lines().last().unwrap();
        assert!(
            contents.contains("newer version") && contents.contains("999_of_tomorrow"),
            "{contents}"
        );
    }
    let status = run(&["migrate", "status"], &variables);
    assert_eq!(status.stdout, "999_of_tomorrow  unknown\n");
    let applied = format!("select count(*) - {} from seaql_migrations", migration::names().len());
    assert_eq!(database.query_i64(&applied).await, 1);
}

#[tokio::test]
async fn a_migration_killed_anywhere_leaves_no_trace() {
    let database = TestDatabase::empty().await;
    killed_everywhere(&database).await;
    let up = run(&["migrate"], &Variables::for_serve(&database));
    assert_eq!(up.code, Some(0), "{}", up.stderr);
    assert!(
        up.stdout.ends_with(&format!("{} applied\n", migration::names().len())),
        "{}",
        up.stdout
    );
}

#[tokio::test]
async fn a_legacy_import_killed_anywhere_loses_nothing() {
    let database = TestDatabase::empty().await;
    database.execute(OLD).await;
    killed_everywhere(&database).await;
    let up = run(&["migrate"], &Variables::for_serve(&database));
    assert_eq!(up.code, Some(0), "{}", up.stderr);
    assert_eq!(database.query_i64("select count(*) from public.messages").await, 400);
    assert_eq!(database.query_i64("select count(*) from legacy.messages").await, 1);
}

/// Kills `ignacio migrate` at many of its statements, and checks each time that nothing has
/// changed.
async fn killed_everywhere(database: &TestDatabase) {
    database.execute(STOP).await;
    let variables = Variables::for_serve(database);
    let plan = run(&["migrate", "--plan"], &variables);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    let n_statements = database.query_i64("select last_value from probe.seen").await;
    assert!(n_statements > 100, "{n_statements}");
    for kill_number in 0..KILLS {
        let stop = 1 + kill_number * (n_statements - 1) / (KILLS - 1);
        database.execute(&format!("update probe.stop set at = {stop}")).await;
        let before = dump(database);
        database.execute("select pg_advisory_lock(4711)").await;
        let process = command(&["migrate", "up"], &variables)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let waits = "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event = 'advisory'";
        until("a migration that is stopped", async || database.query_i64(waits).await == 1).await;
        kill(process);
        database.execute("select pg_advisory_unlock(4711)").await;
        let others = "select count(*) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()
               and backend_type = 'client backend'";
        until("the end of its session", async || database.query_i64(others).await == 0).await;
        assert_eq!(dump(database), before, "killed at statement {stop} of {n_statements}");
    }
    database.execute("update probe.stop set at = 0").await;
}

/// Everything but the number of statements, which no rollback resets.
fn dump(database: &TestDatabase) -> String {
    database.dump(&["--exclude-table-data=probe.seen"])
}

fn kill(mut process: Child) {
    let pid = process.id().to_string();
    assert!(Command::new("kill").args(["-s", "KILL", &pid]).status().unwrap().success());
    assert_eq!(process.wait().unwrap().code(), None);
}
