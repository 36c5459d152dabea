//! An HTTP answer as it comes off the wire: its status, and its body out of the chunks.

/// An answer that is being read.
#[derive(Debug, Default)]
pub(super) struct ResponseParser {
    head: Vec<u8>,
    place: Place,
}

/// Where in the answer the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    /// In the line that gives a chunk's size; the size so far, and whether its digits are over.
    Size(usize, bool),
    /// In a chunk, with so many bytes to come.
    Chunk(usize),
    /// In the line end behind a chunk.
    Gap,
    /// In a body of known length.
    Whole(usize),
    Over,
}

impl ResponseParser {
    /// Takes bytes, and appends to `body` what of them belongs to the body.
    pub(super) fn feed(&mut self, mut bytes: &[u8], body: &mut Vec<u8>) {
        while !bytes.is_empty() && self.place != Place::Over {
            let taken = match self.place {
                Place::Chunk(left) | Place::Whole(left) => {
                    let (mine, _) = bytes.split_at(left.min(bytes.len()));
                    body.extend_from_slice(mine);
                    self.pass(mine.len());
                    mine.len()
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
        if self.place == Place::Head {
            return None;
        }
        let head = String::from_utf8_lossy(&self.head);
        head.split(' ').nth(1)?.parse().ok()
    }

    /// Whether the whole answer was read.
    pub(super) fn is_over(&self) -> bool {
        self.place == Place::Over
    }

    /// Goes on behind bytes of the body.
    fn pass(&mut self, n_bytes: usize) {
        self.place = match self.place {
            Place::Chunk(left) if left > n_bytes => Place::Chunk(left - n_bytes),
            Place::Chunk(_) => Place::Gap,
            Place::Whole(left) if left > n_bytes => Place::Whole(left - n_bytes),
            _ => Place::Over,
        };
    }

    /// Goes on behind a byte that is not of the body.
    fn step(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::Head, _) => {
                self.head.push(byte);
                if self.head.ends_with(b"\r\n\r\n") { self.body_place() } else { Place::Head }
            }
            (Place::Gap, b'\n') => Place::Size(0, false),
            (Place::Size(0, _), b'\n') => Place::Over,
            (Place::Size(size, _), b'\n') => Place::Chunk(size),
            (Place::Size(size, false), digit) => match char::from(digit).to_digit(16) {
                Some(digit) => {
                    let digit = usize::try_from(digit).unwrap_or_default();
                    Place::Size(size.saturating_mul(16).saturating_add(digit), false)
                }
                None => Place::Size(size, true),
            },
            (place, _) => place,
        };
    }

    /// Where the body begins, by the head.
    fn body_place(&self) -> Place {
        let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        if value("transfer-encoding:").is_some_and(|it| it.contains("chunked")) {
            return Place::Size(0, false);
        }
        match value("content-length:").and_then(|it| it.trim().parse().ok()) {
            Some(0) | None => Place::Over,
            Some(length) => Place::Whole(length),
        }
    }
}

#[cfg(test)]
mod tests {
    //! A body comes out whole, whatever it was cut into.

    use super::*;

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nid: 1\r\n1b;note=x\r\n\nevent: delta\ndata: {\"año\"\r\n0\r\n\r\n";

    #[test]
    fn chunks_are_put_together_however_they_are_cut() {
        for size in 1..CHUNKED.len() {
            let (mut answer, mut body) = (ResponseParser::default(), Vec::new());
            for piece in CHUNKED.as_bytes().chunks(size) {
                assert!(!answer.is_over() || piece.iter().all(|it| b"\r\n".contains(it)));
                answer.feed(piece, &mut body);
            }
            assert_eq!(String::from_utf8_lossy(&body), "id: 1\nevent: delta\ndata: {\"año\"");
            assert_eq!((answer.status(), answer.is_over()), (Some(200), true));
        }
    }

    #[test]
    fn a_length_ends_a_body_too() {
        let (mut answer, mut body) = (ResponseParser::default(), Vec::new());
        answer.feed(b"HTTP/1.1 409 Conflict\r\ncontent-le", &mut body);
        assert_eq!(answer.status(), None);
        answer.feed(b"ngth: 2\r\n\r\n{}", &mut body);
        assert_eq!(
            (answer.status(), answer.is_over(), body.as_slice()),
            (Some(409), true, &b"{}"[..])
        );
        let mut empty = ResponseParser::default();
        empty.feed(b"HTTP/1.1 204 No Content\r\n\r\n", &mut body);
        assert_eq!((empty.status(), empty.is_over()), (Some(204), true));
    }
}
