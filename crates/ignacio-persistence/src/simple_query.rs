//! A connection outside the pools, for checks before the service starts.
//!
//! It uses only the simple query protocol, which prepares no statements: a pooler in transaction
//! mode would confuse prepared statements before the check could report what is wrong.

use std::time::Duration;

use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Error, PgConnection, Row as _,
    postgres::PgConnectOptions, raw_sql,
};
use secrecy::{ExposeSecret as _, SecretString};

/// The time limit for all queries of one connection.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// A connection outside the pools.
pub(crate) struct SimpleQueryConnection(PgConnection);

impl SimpleQueryConnection {
    pub(crate) async fn connect(url: &SecretString) -> Result<Self, Error> {
        let options: PgConnectOptions = url.expose_secret().parse()?;
        let options = options.application_name("ignacio").disable_statement_logging();
        Ok(Self(options.connect().await?))
    }

    /// Runs a script and returns its rows; all columns are text.
    pub(crate) async fn read<const N: usize>(
        &mut self,
        script: &str,
    ) -> Result<Vec<[String; N]>, Error> {
        let rows = raw_sql(AssertSqlSafe(script)).fetch_all(&mut self.0).await?;
        rows.iter()
            .map(|row| {
                let mut texts = [const { String::new() }; N];
                for (index, text) in texts.iter_mut().enumerate() {
                    *text = row.try_get_unchecked(index)?;
                }
                Ok(texts)
            })
            .collect()
    }

    /// Closes the connection. Dropping it instead leaves a message in the server's log.
    pub(crate) async fn close(self) {
        // The socket is closed even if this fails.
        let _closed = self.0.close().await;
    }
}
