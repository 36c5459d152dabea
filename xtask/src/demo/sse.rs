//! A decoder of server-sent events.

/// One event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: String,
}

/// Decodes bytes into events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    pending: Vec<u8>,
    event: Event,
}

impl Decoder {
    /// Decodes more bytes and returns the events that are complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.pending.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        events
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (!event.kind.is_empty() || !event.data.is_empty()).then_some(event);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => value.clone_into(&mut self.event.id),
            "event" => value.clone_into(&mut self.event.kind),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // Comments keep the connection alive; other fields are for newer clients.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    //! Events are complete, wherever the bytes are split.

    use super::*;

    #[test]
    fn an_event_can_arrive_in_pieces() {
        let stream = "retry: 2000\n\n: ping\n\nid: 7\nevent: delta\ndata: {\"text\":\"año\"}\n\n\
                      data: one\r\ndata: two\r\n\r\n";
        let mut decoder = Decoder::default();
        let events: Vec<Event> =
            stream.as_bytes().iter().flat_map(|byte| decoder.feed(&[*byte])).collect();
        let event = |id: &str, kind: &str, data: &str| Event {
            id: id.to_owned(),
            kind: kind.to_owned(),
            data: data.to_owned(),
        };
        assert_eq!(events, [event("7", "delta", "{\"text\":\"año\"}"), event("", "", "one\ntwo")]);
    }
}
