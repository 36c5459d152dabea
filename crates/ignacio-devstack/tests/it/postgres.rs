//! A private cluster starts for every user, keeps its data, and never outlives its process.

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use ignacio_devstack::{Cluster, ClusterOptions, DatabaseRole, DevstackError, TestDatabase};
use sqlx::{Connection as _, PgConnection};

use crate::patience::{until, until_async};

#[tokio::test]
async fn a_temporary_cluster_answers_and_leaves_nothing() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let (data, pid) = (cluster.data().to_owned(), server_pid(cluster.data()));

    let url = cluster.admin_url("postgres");
    assert_eq!(text(&url, "SELECT current_user::text").await, "ignacio_super");
    assert_eq!(text(&url, "SHOW max_connections").await, "200");
    assert_eq!(text(&url, "SHOW log_parameter_max_length_on_error").await, "0");
    assert_eq!(text(&url, "SHOW listen_addresses").await, "127.0.0.1");
    assert!(data.join(format!(".s.PGSQL.{}", cluster.port())).exists());

    cluster.stop().unwrap();
    assert!(!data.exists());
    assert!(!is_running(&pid));
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let wrong = cluster.url("ignacio_super", "a-guess", "postgres");
    let refused = PgConnection::connect(&wrong).await.unwrap_err();
    let code = refused.as_database_error().and_then(|error| error.code().map(String::from));
    assert_eq!(code.as_deref(), Some("28P01"));
}

#[tokio::test]
async fn a_second_start_finds_the_data() {
    let folder = open_folder();
    keeps_its_data(&folder.path().join("data")).await;
}

#[tokio::test]
async fn a_folder_that_the_server_cannot_enter_is_replaced_by_one_that_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();

    keeps_its_data(&data).await;

    Cluster::wipe(&data).unwrap();
    let cluster = Cluster::start(lasting(&data)).unwrap();
    assert!(cluster.ensure_database("kept").await.unwrap(), "the data were wiped");
    let lies_in = cluster.data().to_owned();
    cluster.stop().unwrap();
    Cluster::wipe(&data).unwrap();
    assert!(!lies_in.exists());
}

#[test]
fn data_in_use_are_refused() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let _first = Cluster::start(lasting(&data)).unwrap();

    let refused = Cluster::start(lasting(&data)).unwrap_err();

    assert!(matches!(refused, DevstackError::InUse { .. }), "{refused}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();

    let options = ClusterOptions { port: Some(port), ..ClusterOptions::default() };
    let refused = Cluster::start(options).unwrap_err();

    assert!(matches!(refused, DevstackError::PortTaken { .. }), "{refused}");
    assert!(refused.to_string().contains(&port.to_string()));
}

#[test]
fn damaged_data_are_named_and_can_be_wiped() {
    let folder = open_folder();
    let data = folder.path().join("data");
    Cluster::start(lasting(&data)).unwrap().stop().unwrap();
    fs::write(data.join("pgdata/global/pg_control"), "no longer a control file").unwrap();

    let refused = Cluster::start(lasting(&data)).unwrap_err();
    assert!(matches!(refused, DevstackError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("--fresh"));

    Cluster::wipe(&data).unwrap();
    Cluster::start(lasting(&data)).unwrap().stop().unwrap();
}

#[test]
fn a_stale_pid_file_with_the_number_of_another_process_is_no_obstacle() {
    let folder = open_folder();
    let data = folder.path().join("data");
    Cluster::start(lasting(&data)).unwrap().stop().unwrap();
    // Alive and of the server's own user: the server would refuse to start.
    let mut stranger = as_owner_of(&data, Command::new("sleep").arg("600")).spawn().unwrap();
    let pid_file = format!("{}\n{}/pgdata\n1\n1\n\n\n", stranger.id(), data.display());
    let path = data.join("pgdata/postmaster.pid");
    fs::write(&path, pid_file).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();

    let cluster = Cluster::start(lasting(&data));

    assert!(is_running(&stranger.id().to_string()), "the stranger was left alone");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    cluster.unwrap().stop().unwrap();
}

#[test]
fn a_killed_holder_leaves_no_server_and_no_folder() {
    let mut holder = Holder::start(None);
    assert!(is_running(&holder.server));

    holder.process.kill().unwrap();
    holder.process.wait().unwrap();

    until("the server is gone", || !is_running(&holder.server));
    until("the folder is gone", || !holder.data.exists());
}

#[tokio::test]
async fn a_server_whose_holder_and_watcher_were_killed_is_stopped_by_the_next_start() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let mut holder = Holder::start(Some(&data));
    let watcher = parent_of(&holder.server);
    assert!(Command::new("kill").args(["-KILL", &watcher]).status().unwrap().success());
    holder.process.kill().unwrap();
    holder.process.wait().unwrap();
    assert!(is_running(&holder.server), "the server is an orphan now");

    let cluster = Cluster::start(lasting(&data)).unwrap();

    until("the old server is gone", || !is_running(&holder.server));
    assert!(!cluster.ensure_database("kept").await.unwrap(), "the data are there");
}

#[test]
fn an_ordinary_user_gets_a_cluster_too() {
    let folder = tempfile::tempdir().unwrap();
    if fs::metadata(folder.path()).unwrap().uid() != 0 {
        println!("skipped: every other test shows it, because this is not root");
        return;
    }
    let output = rerun("postgres::a_second_start_finds_the_data").uid(65534).gid(65534).output();
    let output = output.unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.contains("1 passed"), "{report}");
}

#[tokio::test]
async fn two_test_databases_are_apart() {
    let (ana, ben) = tokio::join!(TestDatabase::create(), TestDatabase::create());

    ana.execute("CREATE TABLE only_here (word text); INSERT INTO only_here VALUES ('hola')").await;

    assert_eq!(ana.query_text("SELECT word FROM only_here").await, "hola");
    let there = "SELECT count(*) FROM pg_class WHERE relname = 'only_here'";
    assert_eq!(ana.query_i64(there).await, 1);
    assert_eq!(ben.query_i64(there).await, 0);
    assert_ne!(ana.name(), ben.name());
}

#[tokio::test]
async fn every_role_of_the_service_reaches_its_test_database() {
    let database = TestDatabase::create().await;
    for role in DatabaseRole::ALL {
        let url = database.url(role);
        assert_eq!(text(&url, "SELECT current_user::text").await, role.name());
        assert_eq!(text(&url, "SELECT current_database()::text").await, database.name());
    }
    let owner = database.owner_url();
    let may_own = "SELECT pg_has_role('ignacio_owner', 'MEMBER')::text";
    assert_eq!(text(&owner, may_own).await, "true");
    let grants = "SELECT has_database_privilege(current_database(), 'TEMPORARY')::text";
    let api = database.url(DatabaseRole::Api);
    assert_eq!(text(&api, grants).await, "false", "what the migrations revoked stays revoked");
    let tables = "SELECT count(*) FROM pg_class WHERE relname IN ('users', 'messages')";
    assert_eq!(database.query_i64(tables).await, 2, "the copy is migrated");
}

#[tokio::test]
async fn a_dropped_test_database_is_removed() {
    let other = TestDatabase::create().await;
    let database = TestDatabase::create().await;
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", database.name());
    let _still_connected = PgConnection::connect(&database.url(DatabaseRole::Api)).await.unwrap();
    assert_eq!(other.query_i64(&left).await, 1);

    drop(database);

    until_async("the database is gone", async || other.query_i64(&left).await == 0).await;
}

/// Not a test: a process that holds a cluster until it is killed or its input ends.
#[tokio::test]
#[ignore = "started by other tests as a process of its own"]
async fn holder() {
    let mut data = String::new();
    std::io::stdin().read_line(&mut data).unwrap();
    let data = (!data.trim().is_empty()).then(|| PathBuf::from(data.trim()));
    let durable = data.is_some();
    let cluster = Cluster::start(ClusterOptions { data, port: None, durable }).unwrap();
    cluster.ensure_database("kept").await.unwrap();
    println!("\nholds {} {}", server_pid(cluster.data()), cluster.data().display());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// A process of its own that holds a cluster.
struct Holder {
    process: Child,
    server: String,
    data: PathBuf,
}

impl Holder {
    fn start(data: Option<&Path>) -> Self {
        let mut process = rerun("postgres::holder")
            .arg("--ignored")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = process.stdin.take().unwrap();
        let data = data.map_or_else(String::new, |path| path.display().to_string());
        std::io::Write::write_all(&mut input, format!("{data}\n").as_bytes()).unwrap();
        let report = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("holds ").map(String::from))
            .expect("the holder starts its cluster");
        process.stdin = Some(input);
        let (server, data) = report.split_once(' ').unwrap();
        Self { process, server: server.to_owned(), data: data.into() }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _already_gone = self.process.kill();
        let _already_reaped = self.process.wait();
    }
}

/// This test binary again, for one test.
fn rerun(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command
}

/// Starts twice on the same folder and looks for what the first start left.
async fn keeps_its_data(data: &Path) {
    let first = Cluster::start(lasting(data)).unwrap();
    assert!(first.ensure_database("kept").await.unwrap());
    let fsync = text(&first.admin_url("kept"), "SHOW fsync").await;
    assert_eq!(fsync, "on");
    first.stop().unwrap();

    let second = Cluster::start(lasting(data)).unwrap();
    assert!(!second.ensure_database("kept").await.unwrap());
}

/// A folder that every user can enter.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

fn lasting(data: &Path) -> ClusterOptions {
    ClusterOptions { data: Some(data.to_owned()), port: None, durable: true }
}

fn server_pid(data: &Path) -> String {
    let file = fs::read_to_string(data.join("pgdata/postmaster.pid")).unwrap();
    file.lines().next().unwrap().to_owned()
}

fn is_running(pid: &str) -> bool {
    Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success()
}

fn parent_of(pid: &str) -> String {
    let answer = Command::new("ps").args(["-o", "ppid=", "-p", pid]).output().unwrap();
    String::from_utf8(answer.stdout).unwrap().trim().to_owned()
}

/// Makes a command run as the owner of `path`, which only root can and must do.
fn as_owner_of<'c>(path: &Path, command: &'c mut Command) -> &'c mut Command {
    let owner = fs::metadata(path).unwrap();
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != owner.uid()) {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command
}

async fn text(url: &str, statement: &'static str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(statement).fetch_one(&mut connection).await.unwrap()
}
