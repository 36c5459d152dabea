//! Sessions, as their owner sees them.

use ignacio_domain::session::{DeviceToken, Session, SessionToken};
use ignacio_persistence::LoggedIn;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::person::PersonView;

/// A logged-in device.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    id: Uuid,
    /// What the device called itself at login.
    #[schema(required)]
    device_name: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last seen, within five minutes.
    #[serde(with = "time::serde::rfc3339")]
    last_used_at: OffsetDateTime,
    /// When it ends at the latest.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When its token should be renewed, at `POST /v1/sessions/current/renewal`.
    #[serde(with = "time::serde::rfc3339")]
    renew_after: OffsetDateTime,
    /// Until when it may do what needs a fresh code.
    #[serde(with = "time::serde::rfc3339")]
    verified_until: OffsetDateTime,
    /// Whether it is the one that asks.
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

/// A fresh session, with the one showing of its token.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedSession)]
pub(crate) struct OpenedSessionView {
    /// Goes into `Authorization: Bearer …`. It is shown this once.
    token: String,
    session: SessionView,
    user: PersonView,
    /// Keep it on the device and show it when the next code is asked for there: then strangers who
    /// try the number cannot keep this device out. Null when the device has shown one.
    #[schema(required)]
    device_token: Option<String>,
}

impl OpenedSessionView {
    /// Shows the token of the session that was just opened, and the device's where it is new.
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
    /// Goes into `Authorization: Bearer …` from now on. The old one is good for a minute more; who
    /// shows it later ends the session.
    token: String,
    session: SessionView,
}

impl RenewedSessionView {
    /// Shows the new token.
    pub(crate) fn new(token: &SessionToken, session: Session) -> Self {
        Self { token: token.expose().to_owned(), session: session.into() }
    }
}
