//! Everything that is kept in Postgres: entities, scopes, repositories and the log of replies.
//!
//! There is no way to a row without saying who asks. A request goes through [`UserScope`], which
//! begins with the proof of a session; a worker goes through [`WorkerDb`], whose jobs carry leases,
//! and reads a person's rows only in a [`ReplyScope`], which acts for that person alone; the staff go
//! through [`AdminScope`], which begins with the proof of an admin's session; tools that run before
//! there is anybody go through [`OwnerDb`]. Each is another login role of the database,
//! and row level security narrows what its statements see. SeaORM does not leave this crate.
//!
//! How to add a table:
//! 1. write the migration, with policies, grants and indexes in the same script;
//! 2. add the entity under `entities/`;
//! 3. add the domain type, and the conversion to `rows.rs`;
//! 4. add a repository under `repos/` and reach it from the scope whose role may use it;
//! 5. add its rows to the row level security matrix in `tests/it/rls.rs`;
//! 6. run `cargo xtask schema` and read the difference in `docs/schema.sql`.

mod admin_db;
mod api_db;
mod bare;
mod chore_scope;
mod entities;
mod error;
mod events;
mod feed;
mod history;
mod live;
mod log_writer;
mod owner_db;
mod pool;
mod pooler;
mod publisher;
mod reply_scope;
mod repos;
mod role_check;
mod rows;
mod tail;
mod transcript;
mod user_scope;
mod worker_db;

pub use admin_db::{AdminDb, AdminScope};
pub use api_db::{ApiDb, ApiDbSettings, Caller, CursorPosition, Listed};
pub use chore_scope::{FollowUpScope, PendingCitation};
pub use error::StoreError;
pub use feed::ReplySubscriber;
pub use history::StoredSummary;
pub use live::ReplyHub;
pub use owner_db::{
    AuditFault, AuditHead, AuditHeadError, AuditReport, CreateOutcome, NewUser, OwnerDb,
};
pub use pooler::detect_transaction_pooling;
pub use publisher::{ReplyPublisher, ReplyWriter, SummaryLimit};
pub use reply_scope::ReplyScope;
pub use repos::access_log::AccessLog;
pub use repos::admin::accounts::ManagedUsers;
pub use repos::admin::audit::Audit;
pub use repos::admin::logins::LoginAttempts;
pub use repos::admin::readings::UserContent;
pub use repos::admin::spending::{MAX_USAGE_ROWS, UsageReport};
pub use repos::chores::{FollowUpJob, FollowUpJobs, FollowUpKind};
pub use repos::codes::{CodeCheck, CodeRequest, CodeRequestOutcome, Codes, LoggedIn, NewSession};
pub use repos::conversations::Conversations;
pub use repos::feedback::Feedbacks;
pub use repos::file_jobs::{FileJob, FileJobs};
pub use repos::files::{FileFilter, Files, SyncFilter};
pub use repos::inbox::{DeliveryUpdate, Inbox, InboxBatch, Processed, Webhook};
pub use repos::messages::{Messages, NewReply, PostedMessage};
pub use repos::outbox::{MessageKind, Outbox, OutboxJob};
pub use repos::people::Users;
pub use repos::purges::{Purge, PurgeTarget, Purges};
pub use repos::repeats::{IdempotencyKeys, IdempotentRequest, KeyState, StoredResponse};
pub use repos::reply_jobs::{LeaseExtension, ReplyJob, ReplyJobs};
pub use repos::responses::Responses;
pub use repos::sessions::Sessions;
pub use repos::spending::UsageRecords;
pub use repos::sweep::{CLEANUP_BATCH, ExpiredRows, RetentionCleanup};
pub use repos::versions::{Renewed, Versioned};
pub use repos::watch::{LoginHealth, LoginMonitor, ProviderOutage};
pub use role_check::{RoleCheckError, RoleFault, ServiceRole, check_roles};
pub use user_scope::UserScope;
pub use worker_db::{WorkerDb, WorkerDbSettings};
