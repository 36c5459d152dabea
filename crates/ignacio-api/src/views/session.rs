//! Sessions, as their owner sees them.

use ignacio_domain::person::Person;
use ignacio_domain::session::{Session, SessionToken};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::person::PersonView;

/// A logged-in device.
#[derive(Debug, Serialize, ToSchema)]
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
}

impl OpenedSessionView {
    /// Shows the token of the session that was just opened.
    pub(crate) fn new(token: &SessionToken, session: Session, person: Person) -> Self {
        Self { token: token.expose().to_owned(), session: session.into(), user: person.into() }
    }
}
