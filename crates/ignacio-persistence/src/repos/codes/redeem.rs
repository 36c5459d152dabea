//! Redeeming a correct code: for a session, or for a step-up.

use ignacio_domain::ids::{DeviceId, OtpId, SessionId};
use ignacio_domain::session::{self, DEVICE_LIFETIME, DeviceDigest, Session, SessionDigest};
use ignacio_domain::user::User;
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, FromQueryResult, TransactionTrait as _, raw_sql,
};
use uuid::Uuid;

use super::Codes;
use crate::error::StoreError;
use crate::repos::sessions::SessionRow;
use crate::rows::UserRow;

/// The most live sessions of a user; a new one ends the oldest.
const MAX_SESSIONS: i64 = 10;
/// The most known devices of a user; a new one replaces the least recently used.
const MAX_DEVICES: i64 = 20;

/// What a login provides.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'n> {
    /// The new token.
    pub token: &'n SessionDigest,
    /// The new token of the device, if it is not known yet.
    pub device: &'n DeviceDigest,
    /// The device's name for itself.
    pub device_name: Option<&'n str>,
}

/// A user who has just logged in.
#[derive(Debug)]
pub struct LoggedIn {
    /// The user.
    pub user: User,
    /// The session.
    pub session: Session,
    /// Whether the device was unknown, so that it needs its token.
    pub is_new_device: bool,
}

#[derive(FromQueryResult)]
struct UsedRow {
    #[sea_orm(nested)]
    user: UserRow,
    device_id: Option<Uuid>,
}

impl Codes<'_> {
    /// Redeems the code and opens a session; the user's other codes become void, and failed
    /// attempts are cleared. `None` when another request redeemed it first, or the user is gone,
    /// inactive, or has another number by now.
    #[tracing::instrument(name = "db.codes.redeem", skip_all, err(level = "debug"))]
    pub async fn redeem(
        &self,
        id: OtpId,
        new: NewSession<'_>,
    ) -> Result<Option<LoggedIn>, StoreError> {
        let txn = self.auth.begin().await?;
        let Some((user, known)) = use_code(&txn, id).await? else {
            return Ok(None);
        };
        let (device, is_new_device) = match known {
            Some(device) => (device, false),
            None => (remember_device(&txn, &user, &new).await?, true),
        };
        let session = open_session(&txn, &user, device, &new).await?;
        txn.commit().await?;
        Ok(Some(LoggedIn { user, session, is_new_device }))
    }

    /// Redeems a code that this session requested, which completes the step-up. False when another
    /// request redeemed it first, or the session is over.
    #[tracing::instrument(name = "db.codes.redeem_step_up", skip_all, err(level = "debug"))]
    pub async fn redeem_step_up(&self, id: OtpId, session: SessionId) -> Result<bool, StoreError> {
        let (id, session) = (id.into_uuid(), session.into_uuid());
        let write = raw_sql!(
            Postgres,
            "with used as (
                 update otp_codes set used_at = now(), redeemed_at = now()
                  where id = {id} and session_id = {session} and used_at is null
                    and expires_at > now() and user_id is not null
                 returning budget_id),
             cleared as (delete from login_failures f using used where f.id = used.budget_id)
             update user_sessions s set verified_at = now()
               from used
              where s.id = {session} and s.revoked_at is null
             returning s.id"
        );
        Ok(self.auth.query_one_raw(write).await?.is_some())
    }
}

/// The user whose code it was, and the device that requested it, if it is known. The user is locked
/// first, so that they can neither be deactivated nor get another number while the session is
/// opened.
async fn use_code(
    txn: &DatabaseTransaction,
    id: OtpId,
) -> Result<Option<(User, Option<DeviceId>)>, StoreError> {
    let id = id.into_uuid();
    let lifetime = DEVICE_LIFETIME.as_seconds_f64();
    let write = raw_sql!(
        Postgres,
        "with code_owner as (
             select u.* from users u join otp_codes c on c.user_id = u.id
              where c.id = {id} and u.is_active and u.phone_number = c.phone_number
                for no key update of u),
         used as (
             update otp_codes c set used_at = now(), redeemed_at = now()
               from code_owner p
              where c.id = {id} and c.user_id = p.id and c.session_id is null
                and c.used_at is null and c.expires_at > now()
             returning c.user_id, c.budget_id, c.device_id),
         voided as (
             update otp_codes o set used_at = now()
               from used
              where o.user_id = used.user_id and o.id <> {id} and o.session_id is null
                and o.used_at is null),
         cleared as (delete from login_failures f using used where f.id = used.budget_id),
         known as (
             update known_devices d
                set last_used_at = now(), expires_at = now() + make_interval(secs => {lifetime})
               from used where d.id = used.device_id)
         select p.id, p.phone_number, p.name, p.is_admin, p.locale, p.web_search, p.created_at,
                p.updated_at, used.device_id
           from code_owner p join used on used.user_id = p.id"
    );
    let Some(row) = UsedRow::find_by_statement(write).one(txn).await? else { return Ok(None) };
    Ok(Some((row.user.try_into()?, row.device_id.map(DeviceId::from_uuid))))
}

/// Makes a device known, and notifies the user unless it is the first one.
async fn remember_device(
    txn: &DatabaseTransaction,
    user: &User,
    new: &NewSession<'_>,
) -> Result<DeviceId, StoreError> {
    let device = DeviceId::new();
    let (id, notice) = (device.into_uuid(), DeviceId::new().into_uuid());
    let (user, phone) = (user.id.into_uuid(), user.phone.expose().to_owned());
    let digest = new.device.as_bytes().to_vec();
    let name = new.device_name.map(str::to_owned);
    let (lifetime, max) = (DEVICE_LIFETIME.as_seconds_f64(), MAX_DEVICES);
    let write = raw_sql!(
        Postgres,
        "with new as (
             insert into known_devices (id, user_id, token_hash, name, expires_at)
             values ({id}, {user}, {digest}, {name}, now() + make_interval(secs => {lifetime}))),
         surplus as (
             delete from known_devices where id in (
                 select id from known_devices where user_id = {user}
                  order by last_used_at desc, id desc offset {max} - 1))
         insert into outbox (id, kind, user_id, phone_number)
         select {notice}, 'new_device', {user}, {phone}
          where exists (select 1 from known_devices where user_id = {user})
             or exists (select 1 from user_sessions where user_id = {user})"
    );
    txn.execute_raw(write).await?;
    Ok(device)
}

async fn open_session(
    txn: &DatabaseTransaction,
    user: &User,
    device: DeviceId,
    new: &NewSession<'_>,
) -> Result<Session, StoreError> {
    let id = SessionId::new();
    let lifetime = session::lifetime(user.role).as_seconds_f64();
    let idle = session::idle_limit(user.role).as_seconds_f64();
    let (row_id, user): (Uuid, Uuid) = (id.into_uuid(), user.id.into_uuid());
    let digest = new.token.as_bytes().to_vec();
    let (device, device_name) = (device.into_uuid(), new.device_name.map(str::to_owned));
    let max = MAX_SESSIONS;
    // One statement: its triggers end with the audit's chain, for which others wait until the commit.
    let write = raw_sql!(
        Postgres,
        "with new as (
             insert into user_sessions
                 (id, user_id, token_hash, device_id, device_name, expires_at, idle_expires_at)
             values ({row_id}, {user}, {digest}, {device}, {device_name},
                 now() + make_interval(secs => {lifetime}), now() + make_interval(secs => {idle}))
             returning id, device_name, created_at, last_used_at, expires_at, renewed_at,
                 verified_at),
         oldest as (
             update user_sessions set revoked_at = now()
              where id in (
                  select id from user_sessions
                   where user_id = {user} and revoked_at is null and expires_at > now()
                   order by created_at desc, id desc offset {max} - 1))
         select * from new"
    );
    let row = SessionRow::find_by_statement(write).one(txn).await?;
    Ok(row.ok_or(StoreError::corrupt("user_sessions", "id"))?.into_session(id))
}
