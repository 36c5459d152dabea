//! Audit events, as admins see them.

use ignacio_domain::audit::{ActorRole, AuditAction, AuditDetail, AuditEvent};
use ignacio_domain::ids::UserId;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::user::RoleView;

/// The action of an event, by the domain's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActionView(pub(crate) AuditAction);

impl Serialize for ActionView {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for ActionView {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        AuditAction::parse(&word).map(Self).ok_or_else(|| D::Error::custom("unknown action"))
    }
}

impl PartialSchema for ActionView {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What was done."))
            .enum_values(Some(AuditAction::ALL.map(AuditAction::as_str)))
            .into()
    }
}

impl ToSchema for ActionView {
    fn name() -> std::borrow::Cow<'static, str> {
        "AuditAction".into()
    }
}

/// The role in which an actor acted.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActorRole)]
pub(crate) enum ActorRoleView {
    Participant,
    Admin,
    /// A command-line tool, the worker, or the service itself.
    System,
}

impl From<ActorRole> for ActorRoleView {
    fn from(role: ActorRole) -> Self {
        match role {
            ActorRole::Participant => Self::Participant,
            ActorRole::Admin => Self::Admin,
            ActorRole::System => Self::System,
        }
    }
}

/// Who acted, with name and role at that time.
#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorView {
    /// Null for the system.
    #[schema(required)]
    id: Option<Uuid>,
    #[schema(required)]
    name: Option<String>,
    role: ActorRoleView,
}

/// Details of an event; never anything that a user wrote.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditDetail)]
pub(crate) struct AuditDetailView {
    /// Which fields of the user were changed.
    changed: Vec<String>,
    /// The user's new role.
    #[schema(required)]
    role: Option<RoleView>,
    /// Whether the user may log in from then on.
    #[schema(required)]
    active: Option<bool>,
    /// How many rows a list returned.
    #[schema(required)]
    rows: Option<i64>,
}

impl From<AuditDetail> for AuditDetailView {
    fn from(detail: AuditDetail) -> Self {
        Self {
            changed: detail.changed.into_iter().map(field).collect(),
            role: detail.is_admin.map(RoleView::of_flag),
            active: detail.is_active,
            rows: detail.n_rows,
        }
    }
}

/// The API's name of a column.
fn field(column: String) -> String {
    match column.as_str() {
        "is_admin" => "role".to_owned(),
        "is_active" => "active".to_owned(),
        _ => column,
    }
}

/// An audit event.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(crate) struct AuditEventView {
    id: Uuid,
    /// Its place in the chain, from 1, without gaps.
    seq: i64,
    actor: ActorView,
    action: ActionView,
    /// The user whose data it concerns.
    #[schema(required)]
    subject_id: Option<Uuid>,
    /// The session, conversation, file or grant.
    #[schema(required)]
    target_id: Option<Uuid>,
    /// The reason that the actor gave.
    #[schema(required)]
    reason: Option<String>,
    detail: AuditDetailView,
    /// SHA-256 over the event and the hash of the one before it, in hex.
    hash: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<AuditEvent> for AuditEventView {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id.into_uuid(),
            seq: event.seq,
            actor: ActorView {
                id: event.actor.map(UserId::into_uuid),
                name: event.actor_name,
                role: event.actor_role.into(),
            },
            action: ActionView(event.action),
            subject_id: event.subject.map(UserId::into_uuid),
            target_id: event.target,
            reason: event.reason,
            detail: event.detail.into(),
            hash: hex::encode(&event.hash),
            created_at: event.created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    //! Actions and fields carry the API's names.

    use super::*;

    #[test]
    fn actions_round_trip() {
        for action in AuditAction::ALL {
            let word = serde_json::to_value(ActionView(action)).unwrap();
            let read: ActionView = serde_json::from_value(word).unwrap();
            assert_eq!(read.0, action);
        }
        assert!(serde_json::from_str::<ActionView>("\"user.unknown\"").is_err());
    }

    #[test]
    fn details_name_fields_and_not_columns() {
        let detail = AuditDetail {
            changed: vec!["name".to_owned(), "is_admin".to_owned(), "is_active".to_owned()],
            is_admin: Some(false),
            is_active: Some(true),
            n_rows: None,
        };
        let expected = serde_json::json!({
            "changed": ["name", "role", "active"],
            "role": "participant",
            "active": true,
            "rows": null,
        });
        assert_eq!(serde_json::to_value(AuditDetailView::from(detail)).unwrap(), expected);
    }
}
