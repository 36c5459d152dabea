//! The audit: what was done, by whom, and to whose data.

use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::ids::{AuditEventId, UserId};
use crate::redacted_debug::redacted_debug;

/// What an event says was done. The words are those of the column's CHECK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// Somebody logged in.
    SessionOpened,
    /// A session was ended.
    SessionEnded,
    /// A session was ended because a token was shown that it had replaced long before.
    SessionReused,
    /// Somebody who was logged in has shown a fresh code.
    SessionVerified,
    /// An account was made.
    UserCreated,
    /// An account was changed by somebody else.
    UserChanged,
    /// A person was removed with all their data.
    UserDeleted,
    /// The staff looked at an account.
    UserRead,
    /// The staff listed accounts.
    UsersListed,
    /// The staff let new devices log in again after too many failed tries.
    UserUnlocked,
    /// The staff looked at what became of somebody's codes.
    CodesListed,
    /// A conversation was deleted.
    ConversationDeleted,
    /// The staff listed somebody's conversations.
    ConversationsListed,
    /// The staff read messages.
    MessagesListed,
    /// A file was deleted.
    FileDeleted,
    /// The staff listed somebody's files.
    FilesListed,
    /// The staff looked at who used how much.
    UsageListed,
    /// A grant to read conversations was given.
    GrantCreated,
    /// The staff looked into the audit.
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

    /// The word for it, as stored and as sent.
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

    /// The action of a word; `None` where there is none.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// Who did something, by the role of that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorRole {
    /// A participant.
    Participant,
    /// Somebody of the staff.
    Admin,
    /// Nobody: a tool, a worker, or the service itself.
    System,
}

impl ActorRole {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Participant => "participant",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }

    /// The role of a word; `None` where there is none.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Participant, Self::Admin, Self::System].into_iter().find(|it| it.as_str() == word)
    }
}

/// What an event says beyond its action; never a text or a number of somebody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuditDetail {
    /// Which things of an account were changed.
    pub changed: Vec<String>,
    /// Whether the person is an admin from then on.
    pub is_admin: Option<bool>,
    /// Whether the person may log in from then on.
    pub is_active: Option<bool>,
    /// How many rows a list showed.
    pub n_rows: Option<i64>,
}

/// One event, as the staff see it.
#[derive(Clone)]
pub struct AuditEvent {
    /// Which one it is.
    pub id: AuditEventId,
    /// Its place in the chain, from 1 on, without gaps.
    pub seq: i64,
    /// Who did it; `None` for the system.
    pub actor: Option<UserId>,
    /// Their name at that time.
    pub actor_name: Option<String>,
    /// Their role at that time.
    pub actor_role: ActorRole,
    /// What was done.
    pub action: AuditAction,
    /// Whose data it was about.
    pub subject: Option<UserId>,
    /// The session, conversation, file or grant.
    pub target: Option<Uuid>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// What else there is to say.
    pub detail: AuditDetail,
    /// SHA-256 over the event and the hash of the one before it.
    pub hash: Vec<u8>,
    /// When.
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

/// Which events to list; `None` lets all through.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditFilter {
    /// Who did it.
    pub actor: Option<UserId>,
    /// Whose data it was about.
    pub subject: Option<UserId>,
    /// What was done.
    pub action: Option<AuditAction>,
    /// Not before.
    pub from: Option<OffsetDateTime>,
    /// Before.
    pub to: Option<OffsetDateTime>,
}
