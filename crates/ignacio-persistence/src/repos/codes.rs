//! Login: challenges, tries, and the session at the end.

use ignacio_domain::ids::{OtpId, SessionId};
use ignacio_domain::otp::{Challenge, LIFE, MAX_TRIES, OtpDigest, RESEND_PAUSE};
use ignacio_domain::person::Person;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::session::{Session, SessionDigest};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, FromQueryResult,
    TransactionTrait as _, raw_sql,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entities::otp_codes;
use crate::error::StoreError;
use crate::repos::sessions::SessionRow;
use crate::rows::{self, PersonRow};

/// What a challenge for a number that cannot exist is filed under.
const NO_PHONE: &str = "+0";
/// Live sessions of one person; the oldest ends when one more begins.
const MAX_SESSIONS: i64 = 10;

/// Codes and logins, as the role that may see them.
pub struct Codes<'d> {
    auth: &'d DatabaseConnection,
}

/// What a try at a code met.
#[derive(Debug)]
pub enum Attempt {
    /// Compare, this try is counted. Without a digest no code was sent, or it never will be.
    Open {
        /// The number that the challenge is for; `None` on a decoy for no number at all.
        phone: Option<PhoneNumber>,
        /// The stored digest.
        digest: Option<OtpDigest>,
    },
    /// There was such a challenge, and its time is over.
    Expired,
    /// Unknown, used, or tried too often.
    Refused,
}

#[derive(FromQueryResult)]
struct ChallengeRow {
    expires_at: OffsetDateTime,
    created_at: OffsetDateTime,
}

impl<'d> Codes<'d> {
    pub(crate) const fn new(auth: &'d DatabaseConnection) -> Self {
        Self { auth }
    }

    /// Opens a challenge, and queues the sending of a code when the number is an active person's.
    /// For any other number, and for `None`, a number that cannot exist, it is a decoy that looks
    /// the same.
    #[tracing::instrument(name = "db.codes.challenge", skip_all, err(level = "debug"))]
    pub async fn challenge(&self, phone: Option<&PhoneNumber>) -> Result<Challenge, StoreError> {
        let id = OtpId::new();
        let (otp, outbox) = (id.into_uuid(), OtpId::new().into_uuid());
        let number = phone.map_or(NO_PHONE, PhoneNumber::expose).to_owned();
        let life = LIFE.as_seconds_f64();
        // One statement, so that known and unknown numbers cost the same round trip.
        let write = raw_sql!(
            Postgres,
            "with person as (
                 select id from users
                  where phone_number = {number} and is_active
                    and id <> '00000000-0000-0000-0000-000000000000'),
             challenge as (
                 insert into otp_codes (id, user_id, phone_number, expires_at)
                 values ({otp}, (select id from person), {number},
                     now() + make_interval(secs => {life}))
                 returning expires_at, created_at),
             sending as (
                 insert into outbox (id, otp_id) select {outbox}, {otp} from person)
             select expires_at, created_at from challenge"
        );
        let row = ChallengeRow::find_by_statement(write).one(self.auth).await?;
        let row = row.ok_or(StoreError::corrupt("otp_codes", "id"))?;
        Ok(Challenge {
            id,
            expires_at: row.expires_at,
            resend_after: row.created_at + RESEND_PAUSE,
        })
    }

    /// Counts one try, committed before anything is compared, so that no race gives a sixth.
    #[tracing::instrument(name = "db.codes.attempt", skip_all, err(level = "debug"))]
    pub async fn attempt(&self, id: OtpId) -> Result<Attempt, StoreError> {
        let id = id.into_uuid();
        let max = MAX_TRIES;
        let write = raw_sql!(
            Postgres,
            "update otp_codes set attempts = attempts + 1
              where id = {id} and attempts < {max} and used_at is null and expires_at > now()
             returning *"
        );
        if let Some(row) = otp_codes::Model::find_by_statement(write).one(self.auth).await? {
            let digest = row.code_hash.as_deref().and_then(OtpDigest::from_slice);
            return Ok(Attempt::Open { phone: PhoneNumber::parse(&row.phone_number).ok(), digest });
        }
        let read = raw_sql!(
            Postgres,
            "select 1 from otp_codes
              where id = {id} and used_at is null and expires_at <= now()"
        );
        let is_over = self.auth.query_one_raw(read).await?.is_some();
        Ok(if is_over { Attempt::Expired } else { Attempt::Refused })
    }

    /// Uses the code up and opens a session; the person's other codes are void from then on.
    /// `None` when somebody else used it first, or the account is gone, inactive, or has another
    /// number by now.
    #[tracing::instrument(name = "db.codes.redeem", skip_all, err(level = "debug"))]
    pub async fn redeem(
        &self,
        id: OtpId,
        session: &SessionDigest,
        device_name: Option<&str>,
    ) -> Result<Option<(Person, Session)>, StoreError> {
        let txn = self.auth.begin().await?;
        let Some(person) = use_up(&txn, id).await? else {
            return Ok(None);
        };
        let session = open_session(&txn, &person, session, device_name).await?;
        txn.commit().await?;
        Ok(Some((person, session)))
    }
}

async fn use_up(txn: &DatabaseTransaction, id: OtpId) -> Result<Option<Person>, StoreError> {
    let id = id.into_uuid();
    let write = raw_sql!(
        Postgres,
        "with used as (
             update otp_codes set used_at = now()
              where id = {id} and used_at is null and expires_at > now() and user_id is not null
             returning user_id, phone_number),
         others as (
             update otp_codes o set used_at = now()
               from used where o.user_id = used.user_id and o.id <> {id} and o.used_at is null)
         select u.id, u.phone_number, u.name, u.is_admin, u.locale, u.created_at, u.updated_at
           from users u join used on used.user_id = u.id
          where u.is_active and u.phone_number = used.phone_number"
    );
    let row = PersonRow::find_by_statement(write).one(txn).await?;
    row.map(Person::try_from).transpose()
}

async fn open_session(
    txn: &DatabaseTransaction,
    person: &Person,
    digest: &SessionDigest,
    device_name: Option<&str>,
) -> Result<Session, StoreError> {
    let id = SessionId::new();
    let (row_id, user): (Uuid, Uuid) = (id.into_uuid(), person.id.into_uuid());
    let digest = digest.as_bytes().to_vec();
    let device_name = device_name.map(str::to_owned);
    let is_admin = person.role == rows::role(true);
    let keep = MAX_SESSIONS;
    // NIST SP 800-63B: participants at AAL1 (30 days), staff at AAL2 (12 hours, 30 minutes idle).
    // One statement: its triggers end with the audit's chain, for which others wait until the commit.
    let write = raw_sql!(
        Postgres,
        "with new as (
             insert into user_sessions
                 (id, user_id, token_hash, device_name, expires_at, idle_expires_at)
             values ({row_id}, {user}, {digest}, {device_name},
                 now() + case when {is_admin} then interval '12 hours' else interval '30 days' end,
                 now() + case when {is_admin} then interval '30 minutes' else interval '7 days' end)
             returning id, device_name, created_at, last_used_at, expires_at),
         oldest as (
             update user_sessions set revoked_at = now()
              where id in (
                  select id from user_sessions
                   where user_id = {user} and revoked_at is null and expires_at > now()
                   order by created_at desc, id desc offset {keep} - 1))
         select * from new"
    );
    let row = SessionRow::find_by_statement(write).one(txn).await?;
    Ok(row.ok_or(StoreError::corrupt("user_sessions", "id"))?.into_session(id))
}
