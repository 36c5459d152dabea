//! Everything that is kept in Postgres: scopes, repositories and the event log of replies.
//!
//! Conversations and messages cannot be reached without an identity. A request goes through
//! [`UserScope`] or one of the single-statement reads of [`ApiDb`], which begin by verifying a
//! session; administration goes through [`AdminScope`], which begins by verifying an admin's
//! session; a worker goes through [`WorkerDb`], which claims jobs, and sees a user's conversations
//! only with the identity that a job's lease gives ([`ReplyScope`], [`FollowUpScope`],
//! [`ReplyWriter`]). Before there is an identity, [`Codes`] serves the login; the operators' tools
//! go through [`OwnerDb`]. Each code path has a database role of its own, and row level security
//! limits what its statements see. SeaORM does not leave this crate.
//!
//! Queries are in `repos/`, by table or subject, and in `replies/`;
//! `docs/adr/0016-where-a-query-lives.md` says which are built with SeaORM, written as statements or
//! stored as routines. `docs/adding-an-endpoint.md` says how to add a table, a column or a query.

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
pub use leases::{FILE_LEASE, FOLLOW_UP_LEASE, OUTBOX_LEASE, REPLY_LEASE};
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
