//! The audit log: what was done, by whom, and to whose data.

use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::ids::{AuditEventId, UserId};
use crate::redacted_debug::redacted_debug;

/// What was done. The words are those of the column's CHECK constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// A user logged in.
    SessionOpened,
    /// A session was ended.
    SessionEnded,
    /// A session was ended because a token was used that had been replaced long before.
    SessionReused,
    /// A logged-in user entered a fresh code.
    SessionVerified,
    /// A user was created.
    UserCreated,
    /// A user was changed by an admin.
    UserChanged,
    /// A user was deleted with all their data.
    UserDeleted,
    /// An admin read a user.
    UserRead,
    /// An admin listed users.
    UsersListed,
    /// An admin ended a lockout.
    UserUnlocked,
    /// An admin listed a user's codes.
    CodesListed,
    /// A conversation was deleted.
    ConversationDeleted,
    /// An admin listed a user's conversations.
    ConversationsListed,
    /// An admin read messages.
    MessagesListed,
    /// A file was deleted.
    FileDeleted,
    /// An admin listed a user's files.
    FilesListed,
    /// An admin read the usage report.
    UsageListed,
    /// An admin was granted access to a user's conversations.
    GrantCreated,
    /// An admin read the audit log.
    AuditListed,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 19] = [
        Self::SessionOpened,
        Self::SessionEnded,
        Self::SessionReused,
        Self::SessionVerified,
        Self::UserCreated,
        Self::UserChanged,
        Self::UserDeleted,
        Self::UserRead,
        Self::UsersListed,
        Self::UserUnlocked,
        Self::CodesListed,
        Self::ConversationDeleted,
        Self::ConversationsListed,
        Self::MessagesListed,
        Self::FileDeleted,
        Self::FilesListed,
        Self::UsageListed,
        Self::GrantCreated,
        Self::AuditListed,
    ];

    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionOpened => "session.opened",
            Self::SessionEnded => "session.ended",
            Self::SessionReused => "session.reused",
            Self::SessionVerified => "session.verified",
            Self::UserCreated => "user.created",
            Self::UserChanged => "user.changed",
            Self::UserDeleted => "user.deleted",
            Self::UserRead => "user.read",
            Self::UsersListed => "users.listed",
            Self::UserUnlocked => "user.unlocked",
            Self::CodesListed => "codes.listed",
            Self::ConversationDeleted => "conversation.deleted",
            Self::ConversationsListed => "conversations.listed",
            Self::MessagesListed => "messages.listed",
            Self::FileDeleted => "file.deleted",
            Self::FilesListed => "files.listed",
            Self::UsageListed => "usage.listed",
            Self::GrantCreated => "grant.created",
            Self::AuditListed => "audit.listed",
        }
    }

    /// Parses the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// The role of the actor at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorRole {
    /// A participant.
    Participant,
    /// An admin.
    Admin,
    /// A tool, a worker, or the service itself.
    System,
}

impl ActorRole {
    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Participant => "participant",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }

    /// Parses the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Participant, Self::Admin, Self::System].into_iter().find(|it| it.as_str() == word)
    }
}

/// Details of an event; never user content or a phone number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuditDetail {
    /// The fields of a user that were changed.
    pub changed: Vec<String>,
    /// Whether the user is now an admin.
    pub is_admin: Option<bool>,
    /// Whether the user may now log in.
    pub is_active: Option<bool>,
    /// How many rows a list returned.
    pub n_rows: Option<i64>,
}

/// One event of the audit log, as admins see it.
#[derive(Clone)]
pub struct AuditEvent {
    /// The identifier.
    pub id: AuditEventId,
    /// Its position in the hash chain, from 1, without gaps.
    pub seq: i64,
    /// The actor; `None` for the system.
    pub actor: Option<UserId>,
    /// The actor's name at that time.
    pub actor_name: Option<String>,
    /// The actor's role at that time.
    pub actor_role: ActorRole,
    /// What was done.
    pub action: AuditAction,
    /// The user whose data it concerned.
    pub subject: Option<UserId>,
    /// The session, conversation, file or grant that it concerned.
    pub target: Option<Uuid>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// Further details.
    pub detail: AuditDetail,
    /// SHA-256 of the event and the previous event's hash.
    pub hash: Vec<u8>,
    /// When it happened.
    pub created_at: OffsetDateTime,
}

redacted_debug!(AuditEvent {
    id,
    seq,
    actor,
    actor_role,
    action,
    subject,
    target,
    detail,
    created_at
});

/// Which events to list; `None` does not filter.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditFilter {
    /// The actor.
    pub actor: Option<UserId>,
    /// The user whose data it concerned.
    pub subject: Option<UserId>,
    /// What was done.
    pub action: Option<AuditAction>,
    /// The earliest time, inclusive.
    pub from: Option<OffsetDateTime>,
    /// The latest time, exclusive.
    pub to: Option<OffsetDateTime>,
}
