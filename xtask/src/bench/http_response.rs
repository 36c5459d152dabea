//! An incremental parser of HTTP responses: the status, and the body without the chunk framing.

/// Parses one response.
#[derive(Debug, Default)]
pub(super) struct ResponseParser {
    head: Vec<u8>,
    state: State,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// The line with a chunk's size: the size so far, and whether its digits have ended.
    Size(usize, bool),
    /// A chunk, with this many bytes left.
    Chunk(usize),
    /// The line end after a chunk.
    Gap,
    /// A body of known length, with this many bytes left.
    Whole(usize),
    Over,
}

impl ResponseParser {
    /// Parses bytes and appends those of the body to `body`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], body: &mut Vec<u8>) {
        while !bytes.is_empty() && self.state != State::Over {
            let taken = match self.state {
                State::Chunk(left) | State::Whole(left) => {
                    let (body_bytes, _) = bytes.split_at(left.min(bytes.len()));
                    body.extend_from_slice(body_bytes);
                    self.pass(body_bytes.len());
                    body_bytes.len()
                }
                _ => {
                    let first = bytes.first().copied().unwrap_or_default();
                    self.step(first);
                    1
                }
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// The status, once it is known.
    pub(super) fn status(&self) -> Option<u16> {
        if self.state == State::Head {
            return None;
        }
        let head = String::from_utf8_lossy(&self.head);
        head.split(' ').nth(1)?.parse().ok()
    }

    /// Whether the response is complete.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Advances past bytes of the body.
    fn pass(&mut self, n_bytes: usize) {
        self.state = match self.state {
            State::Chunk(left) if left > n_bytes => State::Chunk(left - n_bytes),
            State::Chunk(_) => State::Gap,
            State::Whole(left) if left > n_bytes => State::Whole(left - n_bytes),
            _ => State::Over,
        };
    }

    /// Advances past a byte outside the body.
    fn step(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (State::Head, _) => {
                self.head.push(byte);
                if self.head.ends_with(b"\r\n\r\n") { self.body_state() } else { State::Head }
            }
            (State::Gap, b'\n') => State::Size(0, false),
            (State::Size(0, _), b'\n') => State::Over,
            (State::Size(size, _), b'\n') => State::Chunk(size),
            (State::Size(size, false), digit) => match char::from(digit).to_digit(16) {
                Some(digit) => {
                    let digit = usize::try_from(digit).unwrap_or_default();
                    State::Size(size.saturating_mul(16).saturating_add(digit), false)
                }
                None => State::Size(size, true),
            },
            (state, _) => state,
        };
    }

    /// How the body is framed, from the head.
    fn body_state(&self) -> State {
        let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        if value("transfer-encoding:").is_some_and(|it| it.contains("chunked")) {
            return State::Size(0, false);
        }
        match value("content-length:").and_then(|it| it.trim().parse().ok()) {
            Some(0) | None => State::Over,
            Some(length) => State::Whole(length),
        }
    }
}

#[cfg(test)]
mod tests {
    //! The body is complete, however the bytes are split.

    use super::*;

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nid: 1\r\n1b;note=x\r\n\nevent: delta\ndata: {\"año\"\r\n0\r\n\r\n";

    #[test]
    fn chunks_are_joined_however_they_are_split() {
        for size in 1..CHUNKED.len() {
            let (mut response, mut body) = (ResponseParser::default(), Vec::new());
            for piece in CHUNKED.as_bytes().chunks(size) {
                assert!(!response.is_over() || piece.iter().all(|it| b"\r\n".contains(it)));
                response.feed(piece, &mut body);
            }
            assert_eq!(String::from_utf8_lossy(&body), "id: 1\nevent: delta\ndata: {\"año\"");
            assert_eq!((response.status(), response.is_over()), (Some(200), true));
        }
    }

    #[test]
    fn a_content_length_ends_a_body() {
        let (mut response, mut body) = (ResponseParser::default(), Vec::new());
        response.feed(b"HTTP/1.1 409 Conflict\r\ncontent-le", &mut body);
        assert_eq!(response.status(), None);
        response.feed(b"ngth: 2\r\n\r\n{}", &mut body);
        assert_eq!(
            (response.status(), response.is_over(), body.as_slice()),
            (Some(409), true, &b"{}"[..])
        );
        let mut empty = ResponseParser::default();
        empty.feed(b"HTTP/1.1 204 No Content\r\n\r\n", &mut body);
        assert_eq!((empty.status(), empty.is_over()), (Some(204), true));
    }
}
