//! The database settings: the URL of the migrating role, and one URL per service role.

use ignacio_domain::keys::MasterSecret;
use ignacio_persistence::ServiceRole;
use migration::{MigrateError, RolePasswords, service_url};
use secrecy::{ExposeSecret as _, SecretString};

use super::environment::Reader;

/// The port of the transaction-mode pooler at Supabase and others.
const POOLER_PORT: &str = "6543";

/// The largest sensible pool; by default Postgres itself allows 100 connections.
const MAX_CONNECTIONS: u32 = 500;

/// On this Supabase host the part of the user name after the dot names the tenant.
const SHARED_POOLER: &str = ".pooler.supabase.com";

/// The message about a pooler in transaction mode.
pub(crate) const TRANSACTION_POOLER: &str = "points to a pooler in transaction mode, which loses prepared \
    statements: use the direct connection or session mode (on Supabase, port 5432)";

/// The database, its roles' passwords, and how many connections each of them may have.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseSettings {
    /// The migrating role's URL.
    pub(crate) url: SecretString,
    /// The passwords of the service's roles.
    pub(crate) passwords: RolePasswords,
    /// The roles whose passwords were set individually.
    given: Vec<ServiceRole>,
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
    /// For the background jobs.
    pub(crate) worker: u32,
    /// For the requests of admins.
    pub(crate) admin: u32,
}

impl DatabaseSettings {
    pub(super) fn read(reader: &mut Reader<'_>, secret: Option<&MasterSecret>) -> Self {
        let mut given = Vec::new();
        let mut password = |role: ServiceRole| match reader.secret(variable(role)) {
            Some(password) => {
                given.push(role);
                password
            }
            None => secret.map(|secret| role_password(secret, role)).unwrap_or_default(),
        };
        let passwords = RolePasswords {
            api: password(ServiceRole::Api),
            auth: password(ServiceRole::Auth),
            worker: password(ServiceRole::Worker),
            admin: password(ServiceRole::Admin),
        };
        let pools = Pools {
            api: pool(reader, "IGNACIO_DB_POOL_API", 10),
            auth: pool(reader, "IGNACIO_DB_POOL_AUTH", 4),
            worker: pool(reader, "IGNACIO_DB_POOL_WORKER", 8),
            admin: pool(reader, "IGNACIO_DB_POOL_ADMIN", 2),
        };
        Self { url: url(reader), passwords, given, pools }
    }

    /// The URL for a service role.
    pub(crate) fn url_of(&self, role: ServiceRole) -> Result<SecretString, MigrateError> {
        let password = match role {
            ServiceRole::Api => &self.passwords.api,
            ServiceRole::Auth => &self.passwords.auth,
            ServiceRole::Worker => &self.passwords.worker,
            ServiceRole::Admin => &self.passwords.admin,
        };
        let name = match tenant(self.url.expose_secret()) {
            Some(tenant) => format!("{}.{tenant}", role.name()),
            None => role.name().to_owned(),
        };
        service_url(&self.url, &name, password)
    }

    /// The variable that determined the password of a role.
    pub(crate) fn password_came_from(&self, role: ServiceRole) -> &'static str {
        if self.given.contains(&role) { variable(role) } else { "IGNACIO_SECRET" }
    }
}

/// The variable that sets the password of a role individually.
const fn variable(role: ServiceRole) -> &'static str {
    match role {
        ServiceRole::Api => "IGNACIO_DB_PASSWORD_API",
        ServiceRole::Auth => "IGNACIO_DB_PASSWORD_AUTH",
        ServiceRole::Worker => "IGNACIO_DB_PASSWORD_WORKER",
        ServiceRole::Admin => "IGNACIO_DB_PASSWORD_ADMIN",
    }
}

/// The derived password of a role. `cargo xtask` derives the same one.
fn role_password(secret: &MasterSecret, role: ServiceRole) -> SecretString {
    secret.derive(&format!("db-role:{}", role.name())).to_hex()
}

/// The tenant, on a host that serves many and takes the tenant from the user name.
fn tenant(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (user, place) = rest.split(['/', '?']).next()?.rsplit_once('@')?;
    let host = place.split(':').next()?;
    let (_, tenant) = user.split(':').next()?.split_once('.')?;
    host.ends_with(SHARED_POOLER).then_some(tenant)
}

pub(super) fn url(reader: &mut Reader<'_>) -> SecretString {
    let name = "DATABASE_URL";
    let purpose = "the URL of the migrating role, postgres://user:password@host:5432/database";
    let Some(url) = reader.required_secret(name, purpose) else { return SecretString::default() };
    if let Some(what) = url_error(url.expose_secret()) {
        reader.error(name, what);
    }
    url
}

/// What is wrong with a database URL. The text never quotes the URL.
fn url_error(url: &str) -> Option<String> {
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
        return Some(TRANSACTION_POOLER.to_owned());
    }
    None
}

fn pool(reader: &mut Reader<'_>, name: &str, default: u32) -> u32 {
    reader.within(name, default, 1..=MAX_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    //! Transaction-mode poolers are detected, and a URL is never shown.

    use super::*;

    #[test]
    fn direct_connections_are_accepted() {
        for url in [
            "postgres://ada:secret@db.example:5432/ignacio",
            "postgresql://ada:6543@db.example/ignacio?sslmode=verify-full",
            "postgres://ada@[::1]:5432/ignacio",
            "postgres://ada@db.example/6543",
        ] {
            assert_eq!(url_error(url), None, "{url}");
        }
    }

    #[test]
    fn a_shared_pooler_gets_the_tenant() {
        let shared = "postgres://postgres.abcd:pw@aws-0-eu.pooler.supabase.com:5432/postgres";
        assert_eq!(tenant(shared), Some("abcd"));
        for url in [
            "postgres://postgres:pw.d@aws-0-eu.pooler.supabase.com/postgres",
            "postgres://ada.lovelace:pw@db.example:5432/ignacio",
            "postgres://db.example/ignacio",
        ] {
            assert_eq!(tenant(url), None, "{url}");
        }
    }

    #[test]
    fn poolers_and_other_urls_are_rejected_without_being_quoted() {
        for url in [
            "postgres://ada:secret@db.example:6543/ignacio",
            "postgres://ada:secret@db.example/ignacio?sslmode=require&pgbouncer=true",
            "mysql://ada:secret@db.example/ignacio",
            "secret",
        ] {
            let what = url_error(url).expect(url);
            assert!(!what.contains("secret"), "{what}");
        }
    }
}
