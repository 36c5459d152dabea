//! What the program refuses to start with, and how it stops.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use ignacio_devstack::TestDatabase;

use crate::process::{Running, Variables, run};

#[tokio::test]
async fn pending_migrations_are_refused_by_name() {
    let database = TestDatabase::create().await;
    let variables = Variables::for_serve(&database);
    let down = run(&["migrate", "down", "--steps", "1"], &variables);
    assert_eq!(down.code, Some(0), "{}", down.stderr);
    let undone = down.stdout.lines().next().unwrap().to_owned();

    let ended = run(&["serve"], &variables);
    assert_eq!(ended.code, Some(78), "{}", ended.stderr);
    assert!(ended.stderr.contains(&undone), "{}", ended.stderr);
    assert!(ended.stderr.contains("ignacio migrate up"), "{}", ended.stderr);

    let status = run(&["migrate", "status"], &variables).stdout;
    let pending: Vec<&str> = status.lines().filter(|line| line.ends_with("pending")).collect();
    assert_eq!(pending.len(), 1);
    assert!(pending[0].starts_with(&undone));
}

#[tokio::test]
async fn an_unreachable_database_is_distinguished_from_wrong_settings() {
    let database = TestDatabase::create().await;
    let nowhere = "postgres://ada:hunter2@127.0.0.1:9/ignacio";
    let ended = run(&["serve"], &Variables::for_serve(&database).with("DATABASE_URL", nowhere));
    assert_eq!(ended.code, Some(69), "{}", ended.stderr);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_wrong_role_password_is_reported_with_its_variable() {
    let database = TestDatabase::create().await;
    for (password, from) in [("another", "IGNACIO_DB_PASSWORD_API"), ("", "IGNACIO_SECRET")] {
        let variables = Variables::for_serve(&database).with("IGNACIO_DB_PASSWORD_API", password);
        let ended = run(&["serve"], &variables);
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        assert!(ended.stderr.starts_with(from), "{}", ended.stderr);
        assert!(ended.stderr.contains("\"ignacio_api\""), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_port_in_use_is_reported_in_one_sentence() {
    let database = TestDatabase::create().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let variables = Variables::for_serve(&database).with("IGNACIO_LISTEN", address.to_string());
    let ended = run(&["serve"], &variables);
    assert_eq!(ended.code, Some(69));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(&address.port().to_string()), "{}", ended.stderr);
}

#[tokio::test]
async fn a_signal_stops_it_gracefully() {
    let database = TestDatabase::create().await;
    for signal in ["TERM", "INT"] {
        let mut running = Running::start(&["serve"], &Variables::for_serve(&database));
        let metrics = running.metrics.trim_start_matches("http://").trim_end_matches("/metrics");
        assert!(get(metrics, "/metrics").starts_with("HTTP/1.1 200 OK"));
        running.signal(signal);
        running.wait_for_line("stopped gracefully");
        assert_eq!(running.wait(), Some(0));
    }
}

#[tokio::test]
async fn creating_an_admin_twice_makes_one() {
    let database = TestDatabase::create().await;
    let variables = Variables::for_serve(&database);
    let create = ["admin", "create", "--phone", "+57 300 555 0001", "--name", "Ada"];
    assert!(run(&create, &variables).stdout.starts_with("created admin"));
    let again = run(&create, &variables);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.contains("nothing changed"), "{}", again.stdout);
    let admins = "select count(*) from users where phone_number = '+573005550001' and is_admin";
    assert_eq!(database.query_i64(admins).await, 1);
}

/// The schema in the catalogue: columns, constraints, indexes, triggers, policies, rights and
/// functions.
const SCHEMA: &str = "
    with lines as (
        select concat_ws(' ', 'column', table_schema, table_name, column_name, data_type,
                   is_nullable, column_default, generation_expression) as it
          from information_schema.columns where table_schema in ('public', 'app')
        union all
        select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
          from pg_constraint where connamespace = 'public'::regnamespace
        union all
        select concat_ws(' ', 'index', indexdef) from pg_indexes where schemaname = 'public'
        union all
        select concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid)) from pg_trigger t
          join pg_class c on c.oid = t.tgrelid
         where not t.tgisinternal and c.relnamespace = 'public'::regnamespace
        union all
        select concat_ws(' ', 'policy', tablename, policyname, roles, cmd, qual, with_check)
          from pg_policies where schemaname = 'public'
        union all
        select concat_ws(' ', 'table', relname, relrowsecurity, relforcerowsecurity,
                   pg_get_userbyid(relowner), relacl)
          from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace)
        union all
        select concat_ws(' ', 'rights', attrelid::regclass, attname, attacl) from pg_attribute
         where attacl is not null and attrelid::regclass::text not like 'pg_%'
        union all
        select concat_ws(' ', 'function', pg_get_functiondef(oid), proacl,
                   pg_get_userbyid(proowner))
          from pg_proc where pronamespace = 'app'::regnamespace)
    select string_agg(it, E'\\n' order by it) from lines";

#[tokio::test]
async fn migrating_goes_down_and_up_again() {
    let database = TestDatabase::create().await;
    let variables = Variables::for_serve(&database);
    assert_eq!(run(&["migrate", "up"], &variables).stdout, "0 applied\n");
    let before = database.query_text(SCHEMA).await;
    assert!(before.contains("messages_page_idx") && before.contains("messages_api_select"));
    let down = run(&["migrate", "down", "--all"], &variables);
    assert_eq!(down.code, Some(0), "{}", down.stderr);
    let up = run(&["migrate"], &variables);
    assert_eq!(up.code, Some(0), "{}", up.stderr);
    assert!(up.stdout.starts_with("001_initial_schema\n"), "{}", up.stdout);
    assert_eq!(database.query_text(SCHEMA).await, before);
}

/// The whole response to a plain request.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}
