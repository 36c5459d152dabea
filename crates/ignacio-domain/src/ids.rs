//! Typed identifiers, and the one place that makes new ones.

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
            /// A new identifier: a `UUIDv7`, so that rows made together lie together in an index.
            #[expect(clippy::new_without_default, reason = "a default would hide that each is new")]
            pub fn new() -> Self {
                Self(next())
            }

            /// Wraps a value read from the database or a path.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The bare value, for entities and views.
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
    /// A person: a participant or somebody of the staff.
    UserId
);
id!(
    /// A conversation of one person with Ignacio.
    ConversationId
);
id!(
    /// A message, written by the person or by Ignacio.
    MessageId
);
id!(
    /// One generation of a reply.
    ResponseId
);
id!(
    /// A stored document, image or recording.
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
    /// A device that its person has logged in with before.
    DeviceId
);
id!(
    /// A citation in a reply.
    CitationId
);
id!(
    /// An event of the audit.
    AuditEventId
);
id!(
    /// A grant to look into somebody's conversations.
    GrantId
);
id!(
    /// The removal of a person.
    ErasureId
);
id!(
    /// Something to do beside a reply.
    FollowUpId
);
id!(
    /// A running worker process, as it signs its leases.
    WorkerId
);
id!(
    /// A request that came without a usable id of its own, as logs and problems name it.
    RequestId
);

#[expect(clippy::disallowed_methods, reason = "this is the id source")]
fn next() -> Uuid {
    Uuid::now_v7()
}
