//! The actors: a login role, and the identity that it claims.

use ignacio_devstack::{DatabaseRole, TestDatabase};

/// A login role with an identity.
#[derive(Clone, Copy)]
pub(super) struct Actor {
    pub(super) name: &'static str,
    /// The role that the connection logs in as; `None` is the role that deploys.
    pub(super) login: Option<DatabaseRole>,
    /// The statements that a transaction begins with.
    pub(super) enters: &'static str,
}

const fn actor(name: &'static str, login: DatabaseRole, enters: &'static str) -> Actor {
    Actor { name, login: Some(login), enters }
}

const fn deployed(name: &'static str, enters: &'static str) -> Actor {
    Actor { name, login: None, enters }
}

/// All actors: each login role without an identity, then with one, then the roles that own and
/// serve the tables. The deploying role has a test of its own: whether it inherits the owner's
/// rights depends on the version of Postgres.
pub(super) const ACTORS: [Actor; 16] = [
    actor("api[-]", DatabaseRole::Api, ""),
    actor("api[Ana]", DatabaseRole::Api, "select app.authenticate(sha256('ana'))"),
    // Neither can authenticate; they can only set by hand what authentication would have set.
    actor(
        "api[deactivated]",
        DatabaseRole::Api,
        "select set_config('app.session', encode(sha256('carla'), 'hex'), true)",
    ),
    actor(
        "api[expired]",
        DatabaseRole::Api,
        "select set_config('app.session', encode(sha256('ana old'), 'hex'), true)",
    ),
    actor("auth[-]", DatabaseRole::Auth, ""),
    actor("worker[-]", DatabaseRole::Worker, ""),
    actor(
        "worker[Ana]",
        DatabaseRole::Worker,
        "select app.assume_lease(md5('ana response')::uuid, md5('ana worker')::uuid, 1)",
    ),
    actor(
        "worker[lost lease]",
        DatabaseRole::Worker,
        "select app.assume_lease(md5('ana response')::uuid, md5('ana worker')::uuid, 2)",
    ),
    actor("admin[-]", DatabaseRole::Admin, ""),
    actor("admin[Ben]", DatabaseRole::Admin, "select app.authenticate(sha256('ben'))"),
    actor("admin[Ada]", DatabaseRole::Admin, "select app.authenticate(sha256('ada'))"),
    actor(
        "admin[reads Ana]",
        DatabaseRole::Admin,
        "select app.authenticate(sha256('ada')); select app.authorize_conversation_list(md5('ana')::uuid)",
    ),
    actor(
        "admin[reads a conversation]",
        DatabaseRole::Admin,
        "select app.authenticate(sha256('ada')); select app.authorize_conversation_read(md5('ana conversation')::uuid)",
    ),
    deployed("owner", "set local role ignacio_owner"),
    deployed("definer", "set local role ignacio_owner; set local role ignacio_definer"),
    deployed("seeder", "set local role ignacio_owner; set local role ignacio_seeder"),
];

impl Actor {
    pub(super) fn url(&self, database: &TestDatabase) -> String {
        self.login.map_or_else(|| database.owner_url(), |role| database.url(role))
    }

    /// The role whose rights apply.
    pub(super) fn role(&self) -> &'static str {
        match self.login {
            Some(role) => role.name(),
            None if self.name == "definer" => "ignacio_definer",
            None if self.name == "seeder" => "ignacio_seeder",
            None => "ignacio_owner",
        }
    }

    /// Owners' rights on their tables cannot be widened.
    pub(super) fn is_owner(&self) -> bool {
        self.role() == "ignacio_owner"
    }
}
