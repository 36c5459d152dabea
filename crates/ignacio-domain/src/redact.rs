//! How types that hold what people say, or how they can be reached, print: without it.

use std::fmt;

use crate::ports::{AssistantEventKind, ProviderFile};
use crate::session::Session;

/// Implements `Debug` for a struct by the fields that may be seen. All others are left out, so that
/// a new field is hidden until somebody decides otherwise.
macro_rules! debug_only {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.debug_struct(stringify!($type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use debug_only;

// These stand here and not beside their types, which have more to tell there.
debug_only!(ProviderFile { id });
debug_only!(Session {
    id,
    created_at,
    last_used_at,
    expires_at,
    renew_after,
    verified_until,
    is_current
});

impl fmt::Debug for AssistantEventKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { provider_id } => write!(out, "Started({provider_id})"),
            Self::ToolStarted(tool) => write!(out, "ToolStarted({tool:?})"),
            Self::ToolFinished(tool) => write!(out, "ToolFinished({tool:?})"),
            Self::Retrieved { provider_file_id, text } => {
                write!(out, "Retrieved({provider_file_id}, {} bytes)", text.len())
            }
            Self::Delta(text) => write!(out, "Delta({} bytes)", text.len()),
            Self::Cited { provider_file_id, position, .. } => {
                write!(out, "Cited({provider_file_id}, at {position})")
            }
            Self::Ended { outcome, usage } => write!(out, "Ended({outcome:?}, {usage:?})"),
        }
    }
}

#[cfg(test)]
mod tests;
