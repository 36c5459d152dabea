//! Sessions, as their owner sees them.

use ignacio_domain::session::{DeviceToken, Session, SessionToken};
use ignacio_persistence::LoggedIn;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::user::UserView;

/// A logged-in device.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    id: Uuid,
    /// The name that the device gave at login.
    #[schema(required)]
    device_name: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last used, to within five minutes.
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    /// When it expires at the latest.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When its token should be renewed, at `POST /v1/sessions/current/renewal`.
    #[serde(with = "time::serde::rfc3339")]
    renew_after: OffsetDateTime,
    /// Until when it may do what requires a step-up.
    #[serde(with = "time::serde::rfc3339")]
    verified_until: OffsetDateTime,
    /// Whether this request uses it.
    is_current: bool,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.into_uuid(),
            device_name: session.device_name,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            renew_after: session.renew_after,
            verified_until: session.verified_until,
            is_current: session.is_current,
        }
    }
}

/// A new session with its token, which is shown only this once.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedSession)]
pub(crate) struct OpenedSessionView {
    /// Send it as `Authorization: Bearer …`. It is shown only this once.
    token: String,
    session: SessionView,
    user: UserView,
    /// Store it on the device and send it with the next request for a code: then strangers who try the
    /// number cannot lock this device out. Null if the device sent a valid one.
    #[schema(required)]
    device_token: Option<String>,
}

impl OpenedSessionView {
    /// Shows the new session's token, and the device's if it is new.
    pub(crate) fn new(
        token: &SessionToken,
        device: Option<&DeviceToken>,
        opened: LoggedIn,
    ) -> Self {
        Self {
            token: token.expose().to_owned(),
            session: opened.session.into(),
            user: opened.user.into(),
            device_token: device.map(|it| it.expose().to_owned()),
        }
    }
}

/// A session with its new token.
#[derive(Serialize, ToSchema)]
#[schema(as = RenewedSession)]
pub(crate) struct RenewedSessionView {
    /// Send it as `Authorization: Bearer …` from now on. The old one stays valid for another minute;
    /// presenting it later ends the session.
    token: String,
    session: SessionView,
}

impl RenewedSessionView {
    /// Shows the new token.
    pub(crate) fn new(token: &SessionToken, session: Session) -> Self {
        Self { token: token.expose().to_owned(), session: session.into() }
    }
}
