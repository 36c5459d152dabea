//! A reply as a stream: reads one upstream stream up to its end and stops there.

use std::collections::VecDeque;

use async_openai::types::stream::StreamResponse;
use futures_util::{StreamExt as _, stream};
use ignacio_domain::ports::{AssistantError, AssistantEvent, AssistantEventKind, ReplyStream};
use serde_json::Value;

use super::{error, event_reader::EventReader};

/// Reads `upstream` until the provider's final event, the first error, or the end of the
/// connection, and then closes the connection. If the connection ends without a final event, the
/// stream just stops: it was interrupted.
pub(super) fn follow(upstream: StreamResponse<Value>, reader: EventReader) -> ReplyStream {
    let reply = Reply { upstream: Some(upstream), reader, ready: VecDeque::new() };
    Box::pin(stream::unfold(reply, |mut reply| async move {
        let item = reply.next().await?;
        Some((item, reply))
    }))
}

struct Reply {
    /// `None` once nothing more will come.
    upstream: Option<StreamResponse<Value>>,
    reader: EventReader,
    ready: VecDeque<AssistantEvent>,
}

impl Reply {
    async fn next(&mut self) -> Option<Result<AssistantEvent, AssistantError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            let read = match self.upstream.as_mut()?.next().await {
                Some(Ok(event)) => self.reader.read(&event),
                Some(Err(error)) => Err(error::assistant_error(error)),
                None => {
                    self.upstream = None;
                    return None;
                }
            };
            match read {
                Ok(events) => self.ready.extend(events),
                Err(error) => {
                    self.upstream = None;
                    return Some(Err(error));
                }
            }
            if self.ready.back().is_some_and(is_end) {
                self.upstream = None;
            }
        }
    }
}

const fn is_end(event: &AssistantEvent) -> bool {
    matches!(event.kind, AssistantEventKind::Ended { .. })
}
