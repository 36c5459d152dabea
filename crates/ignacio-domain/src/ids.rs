//! Typed identifiers, and the only place that generates them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier: a `UUIDv7`, so that rows of one time are neighbours in an index.
            #[expect(clippy::new_without_default, reason = "a default would hide that each is new")]
            pub fn new() -> Self {
                Self(next())
            }

            /// Wraps a value read from the database or a path.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The plain UUID, for entities and views.
            pub const fn into_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A user: a participant or an admin.
    UserId
);
id!(
    /// A conversation of one user with Ignacio.
    ConversationId
);
id!(
    /// A message, written by the user or by Ignacio.
    MessageId
);
id!(
    /// A response: one run that writes a reply.
    ResponseId
);
id!(
    /// An uploaded file.
    FileId
);
id!(
    /// A logged-in device.
    SessionId
);
id!(
    /// A challenge: one request for a one-time code.
    OtpId
);
id!(
    /// A device that its user has logged in with before.
    DeviceId
);
id!(
    /// A citation in a reply.
    CitationId
);
id!(
    /// An event of the audit log.
    AuditEventId
);
id!(
    /// A grant to read a user's conversations.
    GrantId
);
id!(
    /// The erasure of a user.
    ErasureId
);
id!(
    /// A follow-up job of a reply.
    FollowUpId
);
id!(
    /// A worker process, as the holder of leases.
    WorkerId
);
id!(
    /// An HTTP request without a usable id of its own.
    RequestId
);

#[expect(clippy::disallowed_methods, reason = "this is the id source")]
fn next() -> Uuid {
    Uuid::now_v7()
}
