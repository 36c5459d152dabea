//! A private PostgreSQL cluster, and a migrated database of its own for every test.

mod archive;
mod binaries;
mod data_dir;
mod initdb;
mod os_user;
mod server;
mod stale_instance;
mod test_database;

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _};

use self::{binaries::Binaries, data_dir::DataDir, server::Server};
use crate::DevstackError;

pub use self::test_database::{DatabaseRole, TestDatabase};

/// The superuser of every private cluster.
const SUPERUSER: &str = "ignacio_super";

/// What a cluster is started with; the default is a temporary one on any free port.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// Where the data stay; without it they are temporary and removed with the cluster.
    pub data: Option<PathBuf>,
    /// The port on 127.0.0.1; without it any free one.
    pub port: Option<u16>,
    /// Whether a commit survives a power failure. Tests do without, which is much faster.
    pub durable: bool,
}

/// A running private cluster; dropping it stops the server.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    password: String,
}

impl Cluster {
    /// Starts a cluster; a second start on the same data finds what was stored.
    ///
    /// It blocks, for about a second if the cluster has to be made first.
    pub fn start(options: ClusterOptions) -> Result<Self, DevstackError> {
        let ClusterOptions { data, port, durable } = options;
        let dir = DataDir::open(data.as_deref())?;
        let binaries = dir.binaries()?;
        stale_instance::stop(&dir, &binaries)?;
        initdb::ensure(&dir, &binaries)?;
        let password = dir.read_password()?;
        let server = Server::start(dir, &binaries, port, durable)?;
        tracing::debug!(port = server.port(), "a private database cluster is up");
        Ok(Self { server, password })
    }

    /// The superuser's address of one of the cluster's databases.
    pub fn admin_url(&self, database: &str) -> String {
        self.url(SUPERUSER, &self.password, database)
    }

    /// The address of a database for any role of the cluster.
    pub fn url(&self, role: &str, password: &str, database: &str) -> String {
        let port = self.server.port();
        format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// The port on 127.0.0.1 that the server listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Where the data really are: not always in the requested folder, see [`Cluster::wipe`].
    pub fn data(&self) -> &Path {
        self.server.root()
    }

    /// Makes a database unless it exists; returns whether it made one.
    pub async fn ensure_database(&self, name: &str) -> Result<bool, DevstackError> {
        let mut admin = self.connect("postgres").await?;
        let found = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
            .bind(name)
            .fetch_optional(&mut admin)
            .await
            .map_err(DevstackError::sql("look for a database"))?;
        if found.is_none() {
            let statement = format!("CREATE DATABASE {}", quoted(name));
            run(&mut admin, &statement).await?;
        }
        admin.close().await.map_err(DevstackError::sql("close a connection"))?;
        Ok(found.is_none())
    }

    /// Runs one or more statements in one of the cluster's databases, as superuser.
    pub async fn execute(&self, database: &str, statements: &str) -> Result<(), DevstackError> {
        let mut admin = self.connect(database).await?;
        run(&mut admin, statements).await?;
        admin.close().await.map_err(DevstackError::sql("close a connection"))
    }

    /// Stops the server, and waits until it is gone.
    pub fn stop(mut self) -> Result<(), DevstackError> {
        self.server.stop()
    }

    /// Removes the data that [`Cluster::start`] keeps for this folder, as `--fresh` does. Stops the
    /// server that a killed process left behind first.
    pub fn wipe(data: &Path) -> Result<(), DevstackError> {
        let requested = std::path::absolute(data)
            .map_err(DevstackError::system(format!("resolve {}", data.display())))?;
        if !data_dir::resolve(&requested)?.0.exists() {
            return Ok(());
        }
        let dir = DataDir::open(Some(&requested))?;
        if let Some(binaries) = Binaries::find(dir.made_by().as_deref())? {
            stale_instance::stop(&dir, &binaries)?;
        }
        dir.remove()
    }

    /// A connection as the superuser.
    async fn connect(&self, database: &str) -> Result<PgConnection, DevstackError> {
        connect(&self.admin_url(database)).await
    }
}

pub(crate) async fn connect(url: &str) -> Result<PgConnection, DevstackError> {
    let doing = "connect to the private cluster";
    let options: sqlx::postgres::PgConnectOptions =
        url.parse().map_err(DevstackError::sql(doing))?;
    options.disable_statement_logging().connect().await.map_err(DevstackError::sql(doing))
}

/// Runs one statement that returns nothing of interest; returns the number of rows that it touched.
async fn run(connection: &mut PgConnection, statement: &str) -> Result<u64, DevstackError> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(DevstackError::sql(format!("run `{statement}`")))
}

/// The first column of every row, as text whatever its type.
pub(crate) async fn first_column(
    connection: &mut PgConnection,
    statement: &str,
) -> Result<Vec<Option<String>>, DevstackError> {
    let doing = format!("run `{statement}`");
    let rows = sqlx::raw_sql(AssertSqlSafe(statement))
        .fetch_all(connection)
        .await
        .map_err(DevstackError::sql(doing.clone()))?;
    rows.iter()
        .map(|row| row.try_get_unchecked(0))
        .collect::<Result<_, _>>()
        .map_err(DevstackError::sql(doing))
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
