//! The database: one URL for whoever migrates, and from it one per role of the service.

use ignacio_domain::keys::MasterSecret;
use migration::{MigrateError, RolePasswords, service_url};
use secrecy::{ExposeSecret as _, SecretString};

use super::environment::Reader;

/// The port on which Supabase and others put their transaction-mode pooler.
const POOLER_PORT: &str = "6543";

/// The largest pool that makes sense; Postgres itself takes 100 connections unless told otherwise.
const MOST_CONNECTIONS: u32 = 500;

/// The database, its roles' passwords, and how many connections each of them may have.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseSettings {
    /// The migrating role's URL.
    pub(crate) url: SecretString,
    /// The passwords of the service's roles.
    pub(crate) passwords: RolePasswords,
    /// The sizes of the pools.
    pub(crate) pools: Pools,
}

/// Connections per role of one process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pools {
    /// For requests.
    pub(crate) api: u32,
    /// For logins.
    pub(crate) auth: u32,
    /// For the background work.
    pub(crate) worker: u32,
}

impl DatabaseSettings {
    pub(super) fn read(reader: &mut Reader<'_>, secret: Option<&MasterSecret>) -> Self {
        let mut password = |name: &str, role: &str| {
            let given = reader.secret(name);
            given.or_else(|| Some(role_password(secret?, role))).unwrap_or_default()
        };
        let passwords = RolePasswords {
            api: password("IGNACIO_DB_PASSWORD_API", "ignacio_api"),
            auth: password("IGNACIO_DB_PASSWORD_AUTH", "ignacio_auth"),
            worker: password("IGNACIO_DB_PASSWORD_WORKER", "ignacio_worker"),
            admin: password("IGNACIO_DB_PASSWORD_ADMIN", "ignacio_admin"),
        };
        let pools = Pools {
            api: pool(reader, "IGNACIO_DB_POOL_API", 10),
            auth: pool(reader, "IGNACIO_DB_POOL_AUTH", 4),
            worker: pool(reader, "IGNACIO_DB_POOL_WORKER", 8),
        };
        Self { url: url(reader), passwords, pools }
    }

    /// Where requests connect.
    pub(crate) fn api_url(&self) -> Result<SecretString, MigrateError> {
        service_url(&self.url, "ignacio_api", &self.passwords.api)
    }

    /// Where logins connect.
    pub(crate) fn auth_url(&self) -> Result<SecretString, MigrateError> {
        service_url(&self.url, "ignacio_auth", &self.passwords.auth)
    }

    /// Where the background work connects.
    pub(crate) fn worker_url(&self) -> Result<SecretString, MigrateError> {
        service_url(&self.url, "ignacio_worker", &self.passwords.worker)
    }
}

/// The password of a role unless it is given by itself. `cargo xtask` derives the same.
fn role_password(secret: &MasterSecret, role: &str) -> SecretString {
    secret.derive(&format!("db-role:{role}")).to_hex()
}

pub(super) fn url(reader: &mut Reader<'_>) -> SecretString {
    let name = "DATABASE_URL";
    let purpose = "the migrating role's address, postgres://user:password@host:5432/database";
    let Some(url) = reader.required_secret(name, purpose) else { return SecretString::default() };
    if let Some(what) = objection(url.expose_secret()) {
        reader.fault(name, what);
    }
    url
}

/// What is wrong with a database URL; the text never quotes it.
fn objection(url: &str) -> Option<String> {
    let Some((_, rest)) =
        url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"))
    else {
        return Some("does not start with postgres:// or postgresql://".to_owned());
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = place.split('/').next().unwrap_or_default();
    let port = host.rsplit('@').next().unwrap_or_default().rsplit(':').next().unwrap_or_default();
    let is_pooled = query.split('&').any(|it| it.eq_ignore_ascii_case("pgbouncer=true"));
    if port == POOLER_PORT || is_pooled {
        return Some(
            "leads to a pooler in transaction mode, through which prepared statements get lost: \
             use the direct connection or session mode (on Supabase, port 5432)"
                .to_owned(),
        );
    }
    None
}

fn pool(reader: &mut Reader<'_>, name: &str, default: u32) -> u32 {
    reader.within(name, default, 1..=MOST_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    //! A transaction-mode pooler is recognised, and a URL is never shown.

    use super::*;

    #[test]
    fn direct_connections_are_taken() {
        for url in [
            "postgres://ada:secret@db.example:5432/ignacio",
            "postgresql://ada:6543@db.example/ignacio?sslmode=verify-full",
            "postgres://ada@[::1]:5432/ignacio",
            "postgres://ada@db.example/6543",
        ] {
            assert_eq!(objection(url), None, "{url}");
        }
    }

    #[test]
    fn poolers_and_other_addresses_are_refused_without_being_quoted() {
        for url in [
            "postgres://ada:secret@db.example:6543/ignacio",
            "postgres://ada:secret@db.example/ignacio?sslmode=require&pgbouncer=true",
            "mysql://ada:secret@db.example/ignacio",
            "secret",
        ] {
            let what = objection(url).expect(url);
            assert!(!what.contains("secret"), "{what}");
        }
    }
}
