//! Who tries: a login role, and whom it says it acts for.

use ignacio_devstack::{Role, TestDatabase};

/// Somebody who connects and tries.
#[derive(Clone, Copy)]
pub(super) struct Actor {
    pub(super) name: &'static str,
    /// The role that the connection logs in as; `None` is the role that deploys.
    pub(super) login: Option<Role>,
    /// What a transaction begins with.
    pub(super) enters: &'static str,
}

const fn actor(name: &'static str, login: Role, enters: &'static str) -> Actor {
    Actor { name, login: Some(login), enters }
}

const fn deployed(name: &'static str, enters: &'static str) -> Actor {
    Actor { name, login: None, enters }
}

/// Everybody: each login role with nobody's identity, then with somebody's, then the roles that own
/// and serve the tables. The role that deploys has a test of its own: whether it inherits the
/// owner's rights depends on the version of Postgres.
pub(super) const ACTORS: [Actor; 16] = [
    actor("api[-]", Role::Api, ""),
    actor("api[Ana]", Role::Api, "select app.authenticate(sha256('ana'))"),
    // Neither can enter; what they can do is to set by hand what entering would have set.
    actor(
        "api[deactivated]",
        Role::Api,
        "select set_config('app.session', encode(sha256('carla'), 'hex'), true)",
    ),
    actor(
        "api[expired]",
        Role::Api,
        "select set_config('app.session', encode(sha256('ana old'), 'hex'), true)",
    ),
    actor("auth[-]", Role::Auth, ""),
    actor("worker[-]", Role::Worker, ""),
    actor(
        "worker[Ana]",
        Role::Worker,
        "select app.assume_lease(md5('ana response')::uuid, md5('ana worker')::uuid, 1)",
    ),
    actor(
        "worker[lost lease]",
        Role::Worker,
        "select app.assume_lease(md5('ana response')::uuid, md5('ana worker')::uuid, 2)",
    ),
    actor("admin[-]", Role::Admin, ""),
    actor("admin[Ben]", Role::Admin, "select app.authenticate(sha256('ben'))"),
    actor("admin[Ada]", Role::Admin, "select app.authenticate(sha256('ada'))"),
    actor(
        "admin[reads Ana]",
        Role::Admin,
        "select app.authenticate(sha256('ada')); select app.authorize_conversation_list(md5('ana')::uuid)",
    ),
    actor(
        "admin[reads a talk]",
        Role::Admin,
        "select app.authenticate(sha256('ada')); select app.authorize_conversation_read(md5('ana talk')::uuid)",
    ),
    deployed("owner", "set local role ignacio_owner"),
    deployed("definer", "set local role ignacio_owner; set local role ignacio_definer"),
    deployed("seeder", "set local role ignacio_owner; set local role ignacio_seeder"),
];

impl Actor {
    pub(super) fn url(&self, database: &TestDatabase) -> String {
        self.login.map_or_else(|| database.owner_url(), |role| database.url(role))
    }

    /// The role whose rights count.
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
