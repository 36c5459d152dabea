//! Encodes reply events as lines of an event stream.

use bytes::{BufMut as _, BytesMut};
use ignacio_domain::locale::Locale;
use ignacio_domain::reply::{NumberedEvent, ReplyEvent, ToolKind};
use ignacio_domain::response::ReplyOutcome;
use serde::Serialize;

use self::events::{
    CreatedEvent, DeltaEvent, EmptyEvent, FailedEvent, FilePendingEvent, IncompleteEvent,
    TitleEvent, ToolEvent,
};
use crate::problem::{Problem, ProblemCode};
use crate::request_context::RequestContext;
use crate::views::message::CitationView;
use crate::views::response::UsageView;

/// The data of each event, as the OpenAPI document describes it.
pub(crate) mod events {
    use serde::Serialize;
    use utoipa::ToSchema;
    use uuid::Uuid;

    use crate::problem::Problem;

    /// `response.created`: a worker has started.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct CreatedEvent {
        pub(super) response_id: Uuid,
        /// The message that is being written.
        pub(super) message_id: Uuid,
    }

    /// `tool.started` and `tool.finished`.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct ToolEvent {
        /// `file_search` or `web_search`; more may be added.
        pub(super) kind: &'static str,
        /// A status text to show, in the caller's language.
        pub(super) label: &'static str,
    }

    /// `delta`: more text. All deltas together are the stored text.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct DeltaEvent<'t> {
        pub(super) text: &'t str,
    }

    /// `file.pending`: a document attached to the question cannot be searched yet; the reply continues
    /// without it.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct FilePendingEvent<'t> {
        pub(super) file_id: Uuid,
        pub(super) name: &'t str,
    }

    /// `title`: the conversation has been given a title. If that happens after the reply, the title
    /// only appears in the conversation.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct TitleEvent<'t> {
        pub(super) text: &'t str,
    }

    /// `response.incomplete`: the provider ended the reply early.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct IncompleteEvent<'t> {
        /// The provider's reason, such as `max_output_tokens`.
        pub(super) reason: &'t str,
    }

    /// `response.failed`, and `unauthenticated` if the session has ended.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct FailedEvent {
        pub(super) problem: Problem,
    }

    /// `response.completed`, `response.cancelled`, `response.deleted`, and `reconnect` when this server
    /// shuts down: reconnect with the last number.
    #[derive(Serialize, ToSchema)]
    pub(crate) struct EmptyEvent {}
}

/// The first bytes of every stream: how long to wait before reconnecting, in ms.
pub(super) const OPENING: &[u8] = b"retry: 2000\n\n";
/// Keeps an idle connection open.
pub(super) const PING: &[u8] = b": ping\n\n";

/// Appends an event; true if it is the last one.
pub(super) fn append(
    out: &mut BytesMut,
    numbered: NumberedEvent,
    context: &RequestContext,
) -> bool {
    let id = Some(numbered.seq);
    match numbered.event {
        ReplyEvent::Created { response, message } => {
            let created =
                CreatedEvent { response_id: response.into_uuid(), message_id: message.into_uuid() };
            write(out, id, "response.created", &created);
        }
        ReplyEvent::ToolStarted(tool) => {
            write(out, id, "tool.started", &tool_event(tool, context.locale));
        }
        ReplyEvent::ToolFinished(tool) => {
            write(out, id, "tool.finished", &tool_event(tool, context.locale));
        }
        ReplyEvent::Delta(text) => write(out, id, "delta", &DeltaEvent { text: &text }),
        ReplyEvent::Cited(citation) => write(out, id, "citation", &CitationView::from(citation)),
        ReplyEvent::FilePending { file, name } => {
            let pending = FilePendingEvent { file_id: file.into_uuid(), name: &name };
            write(out, id, "file.pending", &pending);
        }
        ReplyEvent::Titled(text) => write(out, id, "title", &TitleEvent { text: &text }),
        ReplyEvent::Used(usage) => write(out, id, "usage", &UsageView::from(usage)),
        ReplyEvent::Ended(outcome) => {
            append_end(out, id, &outcome, context);
            return true;
        }
    }
    false
}

fn append_end(
    out: &mut BytesMut,
    id: Option<i64>,
    outcome: &ReplyOutcome,
    context: &RequestContext,
) {
    match outcome {
        ReplyOutcome::Completed => write(out, id, "response.completed", &EmptyEvent {}),
        ReplyOutcome::Cancelled => write(out, id, "response.cancelled", &EmptyEvent {}),
        ReplyOutcome::Incomplete { reason } => {
            write(out, id, "response.incomplete", &IncompleteEvent { reason });
        }
        ReplyOutcome::Failed(failure) => {
            let problem = Problem::of_reply(*failure, &context.request_id, context.locale);
            write(out, id, "response.failed", &FailedEvent { problem });
        }
    }
}

/// Appends a request to reconnect.
pub(super) fn append_reconnect(out: &mut BytesMut) {
    write(out, None, "reconnect", &EmptyEvent {});
}

/// Appends that the response has been deleted.
pub(super) fn append_deleted(out: &mut BytesMut) {
    write(out, None, "response.deleted", &EmptyEvent {});
}

/// Appends that the session has ended.
pub(super) fn append_unauthenticated(out: &mut BytesMut, context: &RequestContext) {
    let problem = Problem::of(ProblemCode::Unauthenticated, &context.request_id, context.locale);
    write(out, None, "unauthenticated", &FailedEvent { problem });
}

fn tool_event(tool: ToolKind, locale: Locale) -> ToolEvent {
    let (es, en) = match tool {
        ToolKind::FileSearch => ("Buscando en tus documentos", "Searching your documents"),
        ToolKind::WebSearch => ("Buscando en la web", "Searching the web"),
    };
    let label = match locale {
        Locale::Es => es,
        Locale::En => en,
    };
    ToolEvent { kind: tool.as_str(), label }
}

/// Compact JSON has no line breaks, so one `data:` line holds it.
fn write(out: &mut BytesMut, id: Option<i64>, name: &str, data: &impl Serialize) {
    if let Some(id) = id {
        out.put_slice(b"id: ");
        out.put_slice(id.to_string().as_bytes());
        out.put_slice(b"\n");
    }
    out.put_slice(b"event: ");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\ndata: ");
    if let Err(error) = serde_json::to_writer((&mut *out).writer(), data) {
        tracing::error!(%error, event = name, "could not serialize an event");
    }
    out.put_slice(b"\n\n");
}

#[cfg(test)]
mod tests;
