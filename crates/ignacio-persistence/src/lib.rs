//! Everything that is kept in Postgres: scopes, repositories and the event log of replies.
//!
//! No row can be reached without an identity. A request goes through [`UserScope`], which begins by
//! verifying a session; administration goes through [`AdminScope`], which begins by verifying an
//! admin's session; a worker goes through [`WorkerDb`], whose jobs carry leases, and sees a user's
//! rows only in a [`ReplyScope`] or a [`FollowUpScope`], with the identity that the lease gives;
//! tools that run before anybody can log in go through [`OwnerDb`]. Each is another login role of
//! the database, and row level security narrows what its statements see. SeaORM does not leave this
//! crate.
//!
//! Statements are in `repos/`, by table or subject, and in `replies/`; `docs/adr/0016` says which
//! queries are built with SeaORM, written as statements or stored as routines.
//!
//! How to add a table:
//! 1. write the migration with its columns, indexes and grants, and its policies;
//! 2. add the domain type to `ignacio-domain`;
//! 3. add a repository under `repos/`, with the conversion of its rows, and reach it from the scope
//!    whose role may use it; conversions that several repositories share are in `rows.rs`;
//! 4. add an entity under `entities/` if the repository reads or inserts whole rows;
//! 5. add probes to the row level security matrix in `tests/it/rls/`;
//! 6. run `cargo xtask schema` and read the difference in `docs/schema.sql`.

mod admin_db;
mod api_db;
mod entities;
mod error;
mod identity;
mod leases;
mod owner_db;
mod pool;
mod replies;
mod repos;
mod role_check;
mod rows;
mod simple_query;
mod transaction_pooling;
mod user_scope;
mod worker_db;

pub use admin_db::{AdminDb, AdminScope};
pub use api_db::{ApiDb, ApiDbSettings};
pub use error::StoreError;
pub use identity::Identity;
pub use leases::{FILE_LEASE, REPLY_LEASE};
pub use owner_db::OwnerDb;
pub use replies::hub::ReplyHub;
pub use replies::publisher::ReplyPublisher;
pub use replies::subscriber::ReplySubscriber;
pub use replies::writer::{ReplyWriter, SummaryLimit};
pub use repos::access_log::AccessLog;
pub use repos::admin::audit_log::AuditLog;
pub use repos::admin::login_attempts::LoginAttempts;
pub use repos::admin::managed_users::ManagedUsers;
pub use repos::admin::usage_report::{MAX_USAGE_ROWS, UsageReport};
pub use repos::admin::user_content::UserContent;
pub use repos::audit_chain::{AuditFault, AuditHead, AuditHeadError, AuditReport};
pub use repos::codes::{CodeCheck, CodeRequest, CodeRequestOutcome, Codes, LoggedIn, NewSession};
pub use repos::conversations::Conversations;
pub use repos::feedback::Feedbacks;
pub use repos::file_jobs::{FileJob, FileJobs};
pub use repos::files::{FileFilter, Files, SyncFilter};
pub use repos::follow_up_jobs::{FollowUpJob, FollowUpJobs, FollowUpKind};
pub use repos::follow_up_scope::{FollowUpScope, PendingCitation};
pub use repos::idempotency_keys::{
    IdempotencyKeys, IdempotentRequest, KEY_LIFETIME, KeyState, StoredResponse,
};
pub use repos::inbox::{DeliveryUpdate, Inbox, InboxBatch, Processed, Webhook};
pub use repos::login_monitor::{LoginHealth, LoginMonitor, ProviderOutage};
pub use repos::message_versions::{Regenerated, Versioned};
pub use repos::messages::{Messages, NewReply, PostedMessage};
pub use repos::new_users::{CreateOutcome, NewUser};
pub use repos::outbox::{MessageKind, Outbox, OutboxJob};
pub use repos::purges::{Purge, PurgeTarget, Purges};
pub use repos::reply_jobs::{LeaseExtension, ReplyJob, ReplyJobs};
pub use repos::reply_scope::ReplyScope;
pub use repos::responses::Responses;
pub use repos::retention::{CLEANUP_BATCH, ExpiredRows, RetentionCleanup};
pub use repos::sessions::Sessions;
pub use repos::summaries::StoredSummary;
pub use repos::usage::UsageRecords;
pub use repos::users::Users;
pub use repos::verified_reads::{CursorPosition, Listed};
pub use role_check::{RoleCheckError, RoleFault, ServiceRole, check_roles};
pub use transaction_pooling::detect_transaction_pooling;
pub use user_scope::UserScope;
pub use worker_db::{WorkerDb, WorkerDbSettings};
