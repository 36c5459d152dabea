//! The database roles: one login per code path, none a member of another.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, raw_sql};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::MigrateError;

/// The login roles of the service, one per code path.
pub const SERVICE_ROLES: [&str; 4] =
    ["ignacio_api", "ignacio_auth", "ignacio_worker", "ignacio_admin"];

/// The passwords that the service roles get.
#[derive(Clone, Debug)]
pub struct RolePasswords {
    /// For `ignacio_api`, the request path.
    pub api: SecretString,
    /// For `ignacio_auth`, codes and logins.
    pub auth: SecretString,
    /// For `ignacio_worker`, everything in the background.
    pub worker: SecretString,
    /// For `ignacio_admin`, the admins' routes.
    pub admin: SecretString,
}

impl RolePasswords {
    fn of(&self, role: &str) -> &SecretString {
        match role {
            "ignacio_auth" => &self.auth,
            "ignacio_worker" => &self.worker,
            "ignacio_admin" => &self.admin,
            _ => &self.api,
        }
    }
}

/// The migrating role's URL with another role and password in it: where a service role connects.
pub fn service_url(
    url: &SecretString,
    role: &str,
    password: &SecretString,
) -> Result<SecretString, MigrateError> {
    let mut url = Url::parse(url.expose_secret())?;
    let named = url.set_username(role).is_ok();
    if !named || url.set_password(Some(password.expose_secret())).is_err() {
        return Err(MigrateError::Url(url::ParseError::EmptyHost));
    }
    Ok(String::from(url).into())
}

/// Nothing that others put into `public` runs as the role that connected, which may be a superuser.
pub(crate) const SAFE_SEARCH_PATH: &str = "set local search_path = pg_catalog, pg_temp";

pub(crate) async fn act_as_owner(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    // The role first: the role that connected never runs with this path.
    txn.execute_unprepared("set local role ignacio_owner; set local search_path = public")
        .await
        .map(|_| ())
}

pub(crate) async fn act_as_connected_role(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    txn.execute_unprepared(SAFE_SEARCH_PATH).await?;
    txn.execute_unprepared("set local role none").await.map(|_| ())
}

/// Creates the roles that are missing, sets their passwords and limits, and gives the owner its
/// schema. Runs as the role that connected: a superuser, or one with CREATEROLE that owns the
/// database.
pub(crate) async fn ensure(
    txn: &DatabaseTransaction,
    passwords: &RolePasswords,
) -> Result<(), DbErr> {
    txn.execute_unprepared(ROLES).await?;
    for role in SERVICE_ROLES {
        let password = passwords.of(role).expose_secret();
        // A DO block takes no parameters, so the password travels in a setting of this transaction.
        txn.execute_raw(raw_sql!(
            Postgres,
            "select set_config('app.new_role', {role}, true),
                    set_config('app.new_password', {password}, true)"
        ))
        .await?;
        txn.execute_unprepared(PASSWORD).await?;
    }
    txn.execute_unprepared("select set_config('app.new_password', '', true)").await?;
    txn.execute_unprepared(SCHEMA).await?;
    Ok(())
}

const ROLES: &str = r"
do $$
declare
    v_role text;
begin
    foreach v_role in array array['ignacio_owner', 'ignacio_definer', 'ignacio_seeder'] loop
        if not exists (select 1 from pg_roles where rolname = v_role) then
            execute format('create role %I nologin noinherit', v_role);
        end if;
    end loop;
    foreach v_role in array
        array['ignacio_api', 'ignacio_auth', 'ignacio_worker', 'ignacio_admin'] loop
        if not exists (select 1 from pg_roles where rolname = v_role) then
            execute format('create role %I login noinherit', v_role);
        end if;
        execute format('alter role %I set statement_timeout = ''5s''', v_role);
        execute format('alter role %I set lock_timeout = ''2s''', v_role);
        execute format('alter role %I set idle_in_transaction_session_timeout = ''10s''', v_role);
    end loop;
    -- From 16 on, the role that creates another may grant it, but may act as it only by a grant.
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant ignacio_owner to %I', current_user)
            || case when current_setting('server_version_num')::int >= 160000
                    then ' with set true, inherit false' else '' end;
    end if;
    grant ignacio_definer, ignacio_seeder to ignacio_owner;
end $$;
";

const PASSWORD: &str = r"
do $$
begin
    execute format('alter role %I password %L',
        current_setting('app.new_role'), current_setting('app.new_password'));
end $$;
";

const SCHEMA: &str = r"
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
    execute format('grant create on database %I to ignacio_owner', current_database());
    revoke all on schema public from public;
    grant usage, create on schema public to ignacio_owner;
    grant usage on schema public to ignacio_api, ignacio_auth, ignacio_worker, ignacio_admin,
        ignacio_definer, ignacio_seeder;
end $$;
";
