//! Login codes: requesting one and checking one.

mod redeem;

use std::time::Duration;

use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::ids::{OtpId, SessionId};
use ignacio_domain::lockout::{LOCKOUT_LIMIT, LOCKOUT_STEPS};
use ignacio_domain::otp::{CODE_LIFETIME, Challenge, MAX_TRIES, MAX_TRIES_IN_ALARM, OtpDigest};
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::rate_limit::{
    PER_ADDRESS, PER_NUMBER, RateLimit, RateLimitKey, RateLimitKeys, SERVICE, SERVICE_IN_ALARM,
};
use ignacio_domain::session::DeviceDigest;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

pub use self::redeem::{LoggedIn, NewSession};
use crate::error::StoreError;
use crate::identity::Identity;

/// The number stored for a challenge whose number cannot exist.
const NO_PHONE: &str = "+0";

/// Codes and logins, with the role that may see them.
pub struct Codes<'d> {
    auth: &'d DatabaseConnection,
}

/// A request for a code.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    /// The number; `None` for one that cannot exist.
    pub phone: Option<PhoneNumber>,
    /// The keys of the rate limits that the request counts towards.
    pub buckets: RateLimitKeys,
    /// A device from which the number's user claims to have logged in before.
    pub device: Option<DeviceDigest>,
    /// How many codes one address may request in an hour.
    pub address_per_hour: u16,
    /// How many codes the service sends in an hour.
    pub service_per_hour: u16,
}

/// The outcome of a code request. It does not reveal whether the number belongs to a user.
#[derive(Clone, Copy, Debug)]
pub enum CodeRequestOutcome {
    /// A code is on its way, if the number belongs to a user.
    Opened(Challenge),
    /// Too many codes for this number, from this address or in all.
    Limited {
        /// How long.
        wait: Duration,
    },
    /// Too many failed attempts.
    Paused {
        /// How long; `None` until an admin unlocks the user.
        wait: Option<Duration>,
    },
}

/// The outcome of recording an attempt at a code.
#[derive(Debug)]
pub enum CodeCheck {
    /// The attempt is counted; compare. Without a digest no code was sent, or it never will be.
    Open {
        /// The number of the challenge; `None` on a decoy for no number at all.
        phone: Option<PhoneNumber>,
        /// The stored digest.
        digest: Option<OtpDigest>,
    },
    /// The challenge has expired.
    Expired,
    /// Unknown, used, or attempted too often.
    Refused,
    /// Too many failed attempts at this number.
    Paused {
        /// How long; `None` until an admin unlocks the user.
        wait: Option<Duration>,
    },
}

#[derive(FromQueryResult)]
struct RequestRow {
    outcome: String,
    seconds: Option<f64>,
    expires_at: Option<OffsetDateTime>,
    resend_after: Option<OffsetDateTime>,
}

#[derive(FromQueryResult)]
struct AttemptRow {
    outcome: String,
    seconds: Option<f64>,
    phone_number: Option<String>,
    code_hash: Option<Vec<u8>>,
}

#[derive(FromQueryResult)]
struct DeliveryRow {
    is_delivered: bool,
    is_sent: bool,
    is_failed: bool,
    expires_at: OffsetDateTime,
}

impl<'d> Codes<'d> {
    pub(crate) const fn new(auth: &'d DatabaseConnection) -> Self {
        Self { auth }
    }

    /// Opens a challenge for a number and queues a code. Nothing reveals whether the number belongs
    /// to an active user: if not, and for `None`, the challenge is a decoy that takes the same
    /// steps.
    #[tracing::instrument(name = "db.codes.request", skip_all, err(level = "debug"))]
    pub async fn request(&self, request: &CodeRequest) -> Result<CodeRequestOutcome, StoreError> {
        self.open_challenge(request, None).await
    }

    /// Opens a challenge for a logged-in user, as a step-up. It is counted by session, not by number.
    #[tracing::instrument(name = "db.codes.request_step_up", skip_all, err(level = "debug"))]
    pub async fn request_step_up(
        &self,
        caller: &Identity,
        request: &CodeRequest,
    ) -> Result<CodeRequestOutcome, StoreError> {
        self.open_challenge(request, Some(caller)).await
    }

    async fn open_challenge(
        &self,
        request: &CodeRequest,
        caller: Option<&Identity>,
    ) -> Result<CodeRequestOutcome, StoreError> {
        let id = OtpId::new();
        let (otp, outbox) = (id.into_uuid(), OtpId::new().into_uuid());
        let number = request.phone.as_ref().map_or(NO_PHONE, PhoneNumber::expose).to_owned();
        let device = request.device.map(|it| it.as_bytes().to_vec());
        let (user, session): (Option<Uuid>, Option<Uuid>) =
            (caller.map(|it| it.user.into_uuid()), caller.map(|it| it.session.into_uuid()));
        let RateLimitKeys { number: of_number, address, service, decoys, known } = request.buckets;
        let buckets: Vec<Uuid> =
            [of_number, address, service, decoys, known].map(RateLimitKey::into_uuid).into();
        let of_address = RateLimit { max: request.address_per_hour, ..PER_ADDRESS };
        let of_service = RateLimit { max: request.service_per_hour, ..SERVICE };
        let limits = [PER_NUMBER.as_slice(), &[of_address, of_service]].concat();
        let windows: Vec<i32> = limits.iter().map(|it| seconds(it.window)).collect();
        let max: Vec<i32> = limits.iter().map(|it| i32::from(it.max)).collect();
        let (max_in_alarm, lockout_limit) = (i32::from(SERVICE_IN_ALARM), i32::from(LOCKOUT_LIMIT));
        let lifetime = seconds(CODE_LIFETIME);
        // One statement, so that known and unknown numbers cost the same round trip.
        let write = raw_sql!(
            Postgres,
            "select outcome, extract(epoch from wait)::float8 as seconds, expires_at, resend_after
               from app.request_code({otp}, {outbox}, {number}, {user}, {session}, {device}, {buckets},
                   {windows}, {max}, {max_in_alarm}, {lockout_limit}, {lifetime})"
        );
        let row = RequestRow::find_by_statement(write).one(self.auth).await?;
        let row = row.ok_or(StoreError::corrupt("otp_codes", "id"))?;
        let wait = row.seconds.map(to_duration);
        match (row.outcome.as_str(), row.expires_at, row.resend_after) {
            ("opened", Some(expires_at), Some(resend_after)) => {
                Ok(CodeRequestOutcome::Opened(Challenge { id, expires_at, resend_after }))
            }
            ("limited", ..) => Ok(CodeRequestOutcome::Limited { wait: wait.unwrap_or_default() }),
            ("paused", ..) => Ok(CodeRequestOutcome::Paused { wait }),
            _ => Err(StoreError::corrupt("otp_codes", "expires_at")),
        }
    }

    /// Counts an attempt and commits it before anything is compared, so that no race allows a
    /// sixth. A code that a session requested can be used only with that session, other codes only
    /// without one.
    #[tracing::instrument(name = "db.codes.check", skip_all, err(level = "debug"))]
    pub async fn check(
        &self,
        id: OtpId,
        session: Option<SessionId>,
    ) -> Result<CodeCheck, StoreError> {
        let (id, session) = (id.into_uuid(), session.map(SessionId::into_uuid));
        let (max, max_in_alarm) = (i32::from(MAX_TRIES), i32::from(MAX_TRIES_IN_ALARM));
        let steps: Vec<i32> =
            LOCKOUT_STEPS.iter().map(|(failures, _)| i32::from(*failures)).collect();
        let pauses: Vec<i32> = LOCKOUT_STEPS.iter().map(|(_, pause)| seconds(*pause)).collect();
        let lockout_limit = i32::from(LOCKOUT_LIMIT);
        let write = raw_sql!(
            Postgres,
            "select outcome, extract(epoch from wait)::float8 as seconds, phone_number, code_hash
               from app.record_code_attempt({id}, {session}, {max}, {max_in_alarm}, {steps},
                   {pauses}, {lockout_limit})"
        );
        let row = AttemptRow::find_by_statement(write).one(self.auth).await?;
        let Some(row) = row else { return Ok(CodeCheck::Refused) };
        Ok(match row.outcome.as_str() {
            "open" => CodeCheck::Open {
                phone: row.phone_number.and_then(|it| PhoneNumber::parse(&it).ok()),
                digest: row.code_hash.as_deref().and_then(OtpDigest::from_slice),
            },
            "over" => CodeCheck::Expired,
            "paused" => CodeCheck::Paused { wait: row.seconds.map(to_duration) },
            _ => CodeCheck::Refused,
        })
    }

    /// Whether codes can be sent at all, as far as the workers know.
    #[tracing::instrument(name = "db.codes.can_be_sent", skip_all, err(level = "debug"))]
    pub async fn can_be_sent(&self) -> Result<bool, StoreError> {
        let read = raw_sql!(Postgres, "select 1 from login_monitor where provider_outage is null");
        Ok(self.auth.query_one_raw(read).await?.is_some())
    }

    /// The delivery status of a code, and when it expires; `None` when there is no such challenge.
    /// What happened to one number alone is not reported: that would reveal that it belongs to a
    /// user.
    #[tracing::instrument(name = "db.codes.delivery", skip_all, err(level = "debug"))]
    pub async fn delivery(
        &self,
        id: OtpId,
    ) -> Result<Option<(DeliveryStatus, OffsetDateTime)>, StoreError> {
        let id = id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select coalesce(least(o.delivered_at, o.read_at) <= now(), false) as is_delivered,
                    coalesce(least(o.sent_at, case when not o.is_misconfigured then o.failed_at end)
                        <= now(), false) as is_sent,
                    coalesce(o.is_misconfigured and o.failed_at <= now(), false) as is_failed,
                    c.expires_at
               from otp_codes c join outbox o on o.otp_id = c.id
              where c.id = {id} and c.session_id is null"
        );
        let row = DeliveryRow::find_by_statement(read).one(self.auth).await?;
        Ok(row.map(|row| {
            let delivery = match (row.is_delivered, row.is_failed, row.is_sent) {
                (true, ..) => DeliveryStatus::Delivered,
                (_, true, _) => DeliveryStatus::Failed,
                (_, _, true) => DeliveryStatus::Sent,
                _ => DeliveryStatus::Queued,
            };
            (delivery, row.expires_at)
        }))
    }
}

/// Whole seconds, as the statements take them.
fn seconds(duration: time::Duration) -> i32 {
    i32::try_from(duration.whole_seconds()).unwrap_or(i32::MAX)
}

/// A time to wait, at least a second.
fn to_duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(1.0)).unwrap_or(Duration::MAX)
}
