//! A migrated database for one test, copied from a template that is made once per process.

use std::{
    process::Command,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
};

use migration::RolePasswords;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::{Mutex, OnceCell};

use super::{Cluster, ClusterOptions, binaries::Binaries, connect, first_column, quoted, run};
use crate::{DevstackError, log_leak_scan, loopback};

/// The database that every test's own is a copy of.
const TEMPLATE: &str = "ignacio_template";

/// The role of a deployment's one URL: it owns the database and may make roles, no more.
const OWNER: &str = "ignacio_deployer";

/// The one cluster of the process. Statics are never dropped: its supervisor ends it with the process.
static SHARED: OnceCell<Shared> = OnceCell::const_new();

/// The number of the next test's database.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A login role of the service: one per code path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatabaseRole {
    /// Requests of participants.
    Api,
    /// Login and sessions.
    Auth,
    /// Work in the background.
    Worker,
    /// Administration.
    Admin,
}

impl DatabaseRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Api, Self::Auth, Self::Worker, Self::Admin];

    /// The role's name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "ignacio_api",
            Self::Auth => "ignacio_auth",
            Self::Worker => "ignacio_worker",
            Self::Admin => "ignacio_admin",
        }
    }
}

/// A migrated database of one test; dropping it removes it.
///
/// Every method panics on failure: a test without its database has nothing else to report.
#[derive(Debug)]
pub struct TestDatabase {
    shared: &'static Shared,
    name: String,
    admin: Mutex<Option<PgConnection>>,
}

impl TestDatabase {
    /// Copies the template. The first test of the process makes the cluster and the template.
    pub async fn create() -> Self {
        Self::try_create().await.unwrap_or_else(|error| fail(&error))
    }

    async fn try_create() -> Result<Self, DevstackError> {
        let (database, mut admin) = Self::from_template(TEMPLATE).await?;
        // What the migrations granted and revoked on the database itself is not copied with it.
        let grants = format!(
            "UPDATE pg_database SET datacl = (SELECT datacl FROM pg_database
             WHERE datname = '{TEMPLATE}') WHERE datname = '{}'",
            database.name
        );
        run(&mut admin, &grants).await?;
        Ok(database)
    }

    async fn from_template(template: &str) -> Result<(Self, PgConnection), DevstackError> {
        log_leak_scan::watch();
        let shared = SHARED.get_or_try_init(Shared::start).await?;
        let name = format!("t_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = shared.cluster.connect("postgres").await?;
        let statement = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}");
        run(&mut admin, &statement).await?;
        Ok((Self { shared, name, admin: Mutex::new(None) }, admin))
    }

    /// An empty database; the roles of the cluster exist.
    pub async fn empty() -> Self {
        Self::from_template("template1").await.unwrap_or_else(|error| fail(&error)).0
    }

    /// Makes a login role unless another test did, with attributes such as `CREATEROLE`; returns its
    /// URL for this database.
    pub async fn login(&self, role: &str, attributes: &str) -> String {
        let password = &self.shared.owner_password;
        let make = format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN {attributes} PASSWORD '{password}';
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        );
        self.execute(&make).await;
        self.shared.cluster.url(role, password, &self.name)
    }

    /// The passwords of the service's roles, the same in every database of the process.
    pub fn passwords(&self) -> RolePasswords {
        self.shared.passwords.clone()
    }

    /// What `pg_dump` prints with these arguments, without the marks that differ between dumps.
    pub fn dump(&self, arguments: &[&str]) -> String {
        self.try_dump(arguments).unwrap_or_else(|error| fail(&error))
    }

    fn try_dump(&self, arguments: &[&str]) -> Result<String, DevstackError> {
        let mut dump = Command::new(Binaries::require()?.program("pg_dump"));
        dump.arg("--dbname").arg(self.admin_url()).args(arguments);
        let output = dump.output().map_err(DevstackError::system("run pg_dump"))?;
        if !output.status.success() {
            let source =
                std::io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned());
            return Err(DevstackError::System { doing: "dump a database".to_owned(), source });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let is_mark = |it: &str| it.starts_with("\\restrict ") || it.starts_with("\\unrestrict ");
        Ok(text.lines().filter(|it| !is_mark(it)).collect::<Vec<_>>().join("\n"))
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL for one of the service's login roles.
    pub fn url(&self, role: DatabaseRole) -> String {
        self.shared.cluster.url(role.name(), self.shared.password(role), &self.name)
    }

    /// The URL that a deployment would have: of a role that owns the database, has CREATEROLE and may
    /// `SET ROLE ignacio_owner`. The migrations were applied with it.
    pub fn owner_url(&self) -> String {
        self.shared.cluster.url(OWNER, &self.shared.owner_password, &self.name)
    }

    /// The superuser's URL, whom no policy binds.
    pub fn admin_url(&self) -> String {
        self.shared.cluster.admin_url(&self.name)
    }

    /// Runs one or more statements as superuser; returns the number of rows that they touched.
    pub async fn execute(&self, statement: &str) -> u64 {
        let mut admin = self.admin.lock().await;
        let admin = self.connected(&mut admin).await;
        run(admin, statement).await.unwrap_or_else(|error| fail(&error))
    }

    /// The first column of the first row, as a number.
    ///
    /// # Panics
    /// If there is no row or no whole number in it.
    #[expect(clippy::panic, reason = "an assertion helper fails like an assertion")]
    pub async fn query_i64(&self, statement: &str) -> i64 {
        let text = self.query_text(statement).await;
        text.parse().unwrap_or_else(|_| panic!("`{statement}` gave `{text}`, not a whole number"))
    }

    /// The first column of the first row, as the text that psql would print.
    ///
    /// # Panics
    /// If there is no row or NULL in it.
    #[expect(clippy::panic, reason = "an assertion helper fails like an assertion")]
    pub async fn query_text(&self, statement: &str) -> String {
        match self.query_column(statement).await.into_iter().next() {
            Some(Some(text)) => text,
            Some(None) => panic!("`{statement}` gave NULL"),
            None => panic!("`{statement}` gave no row"),
        }
    }

    /// The first column of every row; `None` stands for NULL.
    pub async fn query_column(&self, statement: &str) -> Vec<Option<String>> {
        let mut admin = self.admin.lock().await;
        let admin = self.connected(&mut admin).await;
        first_column(admin, statement).await.unwrap_or_else(|error| fail(&error))
    }

    /// The superuser's connection, opened at the first use.
    async fn connected<'c>(&self, slot: &'c mut Option<PgConnection>) -> &'c mut PgConnection {
        let connection = match slot.take() {
            Some(connection) => connection,
            None => connect(&self.admin_url()).await.unwrap_or_else(|error| fail(&error)),
        };
        slot.insert(connection)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // If the thread is gone, the process is ending, and the cluster with it.
        let _ending = self.shared.discarded.send(std::mem::take(&mut self.name));
    }
}

/// What all tests of a process have in common.
#[derive(Debug)]
struct Shared {
    cluster: Cluster,
    owner_password: String,
    passwords: RolePasswords,
    discarded: mpsc::Sender<String>,
}

impl Shared {
    async fn start() -> Result<Self, DevstackError> {
        let starting = tokio::task::spawn_blocking(|| Cluster::start(ClusterOptions::default()));
        let cluster = starting.await.map_err(|error| DevstackError::System {
            doing: "start a cluster for the tests".to_owned(),
            source: error.into(),
        })??;
        let discarded = start_remover(&cluster)?;
        let passwords = RolePasswords {
            api: loopback::secret().into(),
            auth: loopback::secret().into(),
            worker: loopback::secret().into(),
            admin: loopback::secret().into(),
        };
        let shared = Self { cluster, owner_password: loopback::secret(), passwords, discarded };
        log_leak_scan::note(&shared.owner_password);
        for role in DatabaseRole::ALL {
            log_leak_scan::note(shared.password(role));
        }
        shared.make_template().await?;
        Ok(shared)
    }

    /// Makes the one database that is migrated.
    async fn make_template(&self) -> Result<(), DevstackError> {
        let mut admin = self.cluster.connect("postgres").await?;
        let owner =
            format!("CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{}'", self.owner_password);
        run(&mut admin, &owner).await?;
        run(&mut admin, &format!("CREATE DATABASE {TEMPLATE} OWNER {OWNER}")).await?;

        let url = self.cluster.url(OWNER, &self.owner_password, TEMPLATE);
        migration::apply(&SecretString::from(url), &self.passwords)
            .await
            .map_err(|source| DevstackError::Migrations { source })?;

        // A database can be copied only while it has no connections.
        run(&mut admin, &format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")).await?;
        let leave = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'"
        );
        run(&mut admin, &leave).await?;
        admin.close().await.map_err(DevstackError::sql("close a connection"))
    }

    fn password(&self, role: DatabaseRole) -> &str {
        let password = match role {
            DatabaseRole::Api => &self.passwords.api,
            DatabaseRole::Auth => &self.passwords.auth,
            DatabaseRole::Worker => &self.passwords.worker,
            DatabaseRole::Admin => &self.passwords.admin,
        };
        password.expose_secret()
    }
}

/// Starts the thread that drops the databases of finished tests, so that no test waits for it.
fn start_remover(cluster: &Cluster) -> Result<mpsc::Sender<String>, DevstackError> {
    let url = cluster.admin_url("postgres");
    let (sender, receiver) = mpsc::channel::<String>();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(DevstackError::system("start a runtime"))?;
    let work = async move {
        let mut admin = connect(&url).await?;
        for name in receiver {
            log_leak_scan::note_database(&url.replace("/postgres?", &format!("/{name}?"))).await;
            let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&name));
            run(&mut admin, &statement).await?;
        }
        Ok::<(), DevstackError>(())
    };
    std::thread::Builder::new()
        .name("devstack-remover".to_owned())
        .spawn(move || {
            if let Err(error) = runtime.block_on(work) {
                tracing::debug!(%error, "the databases of finished tests stay until the end");
            }
        })
        .map_err(DevstackError::system("start a thread to remove databases"))?;
    Ok(sender)
}

/// Ends the test with the error and its causes.
#[expect(clippy::panic, reason = "a test without its database cannot go on")]
fn fail(error: &DevstackError) -> ! {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str("\n  because: ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    panic!("{text}")
}
