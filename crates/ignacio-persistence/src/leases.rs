//! How long a worker holds what it claims. It extends the lease while it works; if it dies, another
//! worker may claim the row afterwards.

use std::time::Duration;

/// The lease of a reply. `app.append_response_events` extends it by as much.
pub const REPLY_LEASE: Duration = Duration::from_secs(30);
/// The lease of a file that is synced or deleted.
pub const FILE_LEASE: Duration = Duration::from_mins(1);
/// The lease of a code or notice that is sent. It is never extended.
pub const OUTBOX_LEASE: Duration = Duration::from_mins(1);
/// The lease of a follow-up job. It is never extended.
pub const FOLLOW_UP_LEASE: Duration = Duration::from_mins(2);
