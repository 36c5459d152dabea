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
pub use chore_scope::{ChoreScope, Quoted};
pub use error::StoreError;
pub use feed::ReplyFeed;
pub use history::Summary;
pub use live::LiveReplies;
pub use owner_db::{Added, AuditFault, AuditHead, AuditHeadError, AuditReport, NewPerson, OwnerDb};
pub use pooler::lends_backends;
pub use publisher::{LiveReply, ReplyPublisher, SummaryLimit};
pub use reply_scope::ReplyScope;
pub use repos::access_log::AccessLog;
pub use repos::admin::accounts::Accounts;
pub use repos::admin::audit::Audit;
pub use repos::admin::logins::Logins;
pub use repos::admin::readings::Readings;
pub use repos::admin::spending::{AllSpending, MOST_SPENT_ROWS};
pub use repos::chores::{ChoreJob, ChoreKind, Chores};
pub use repos::codes::{Asked, Attempt, CodeRequest, Codes, LoggedIn, NewSession};
pub use repos::conversations::Conversations;
pub use repos::feedback::Feedbacks;
pub use repos::file_jobs::{FileJob, FileJobs};
pub use repos::files::{FileFilter, Files, SyncFilter};
pub use repos::inbox::{Inbox, InboxBatch, Learnt, Processed, Webhook};
pub use repos::messages::{Messages, NewReply, Posted};
pub use repos::outbox::{Outbox, OutboxJob, Sending};
pub use repos::people::People;
pub use repos::purges::{Purge, PurgeTarget, Purges};
pub use repos::repeats::{Answered, Claim, RepeatKey, Repeats};
pub use repos::reply_jobs::{Extended, ReplyJob, ReplyJobs};
pub use repos::responses::Responses;
pub use repos::sessions::Sessions;
pub use repos::spending::Spending;
pub use repos::sweep::{SWEEP_BATCH, Sweep, Swept};
pub use repos::versions::{Renewed, Versioned};
pub use repos::watch::{LoginHealth, LoginWatch, SenderFault};
pub use role_check::{RoleFault, RoleRefusal, ServiceRole, check_roles};
pub use user_scope::UserScope;
pub use worker_db::{WorkerDb, WorkerDbSettings};
