//! The events of a running reply, in compact form: nearly all are deltas, which share one text.

use ignacio_domain::reply::{NumberedEvent, ReplyEvent};

/// Numbered events in order.
#[derive(Default)]
pub(crate) struct EventBuffer {
    /// The text of all deltas.
    text: String,
    entries: Vec<Entry>,
}

struct Entry {
    seq: i64,
    content: Content,
}

enum Content {
    /// A delta: the shared text up to this offset.
    Delta { end: usize },
    /// Boxed, because it is rare and large.
    Other(Box<ReplyEvent>),
}

impl EventBuffer {
    /// Adds an event whose number is greater than all others.
    pub(crate) fn push(&mut self, event: &NumberedEvent) {
        let content = match &event.event {
            ReplyEvent::Delta(text) => {
                self.text.push_str(text);
                Content::Delta { end: self.text.len() }
            }
            other => Content::Other(Box::new(other.clone())),
        };
        self.entries.push(Entry { seq: event.seq, content });
    }

    /// The events after a number.
    pub(crate) fn after(&self, seq: i64) -> impl Iterator<Item = NumberedEvent> {
        let first = self.entries.partition_point(|it| it.seq <= seq);
        let (before, rest) = self.entries.split_at(first);
        let before = before.iter().rev().find_map(|it| match it.content {
            Content::Delta { end } => Some(end),
            Content::Other(_) => None,
        });
        rest.iter().scan(before.unwrap_or(0), |start, it| {
            let event = match &it.content {
                Content::Delta { end } => {
                    let text = self.text.get(*start..*end).unwrap_or_default();
                    *start = *end;
                    ReplyEvent::Delta(text.to_owned())
                }
                Content::Other(event) => ReplyEvent::clone(event),
            };
            Some(NumberedEvent { seq: it.seq, event })
        })
    }
}

impl<'e> FromIterator<&'e NumberedEvent> for EventBuffer {
    fn from_iter<I: IntoIterator<Item = &'e NumberedEvent>>(events: I) -> Self {
        let mut transcript = Self::default();
        events.into_iter().for_each(|it| transcript.push(it));
        transcript
    }
}

#[cfg(test)]
mod tests {
    //! Events come out as they went in, from any number on.

    use ignacio_domain::reply::ToolKind;
    use ignacio_domain::response::ReplyOutcome;

    use super::*;

    #[test]
    fn events_read_back_from_every_number() {
        let delta = |text: &str| ReplyEvent::Delta(text.to_owned());
        let events = [
            ReplyEvent::ToolStarted(ToolKind::FileSearch),
            delta("El año"),
            delta(" de la nieve"),
            ReplyEvent::ToolFinished(ToolKind::FileSearch),
            delta(""),
            delta("."),
            ReplyEvent::Ended(ReplyOutcome::Completed),
        ];
        // A log that was read has gaps where deltas were merged.
        let events: Vec<NumberedEvent> = events
            .into_iter()
            .zip([1, 5, 6, 7, 8, 9, 10])
            .map(|(event, seq)| NumberedEvent { seq, event })
            .collect();
        let transcript: EventBuffer = events.iter().collect();
        for after in 0..=10 {
            let expected: Vec<_> = events.iter().filter(|it| it.seq > after).cloned().collect();
            assert_eq!(transcript.after(after).collect::<Vec<_>>(), expected, "after {after}");
        }
    }
}
