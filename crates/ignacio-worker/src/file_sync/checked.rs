//! Bytes on their way to the provider, checked against the sum that was taken when they came in.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use futures_util::stream;
use ignacio_domain::ports::ByteStream;
use sha2::{Digest as _, Sha256};

/// What was found out about the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// They are what came in.
    Intact,
    /// They are not.
    Damaged,
    /// They could not be read to their end.
    Unread,
}

/// Learns what the stream finds out.
#[derive(Clone)]
pub(super) struct Check(Arc<OnceLock<Finding>>);

impl Check {
    /// The finding so far. Who stopped reading before the end has not read them.
    pub(super) fn finding(&self) -> Finding {
        self.0.get().copied().unwrap_or(Finding::Unread)
    }

    fn found(&self, finding: Finding) {
        // Only the first finding counts, and the stream makes only one.
        let _ = self.0.set(finding);
    }
}

struct Reader {
    content: ByteStream,
    sum: Sha256,
    expected: Vec<u8>,
    held: Option<Bytes>,
    has_ended: bool,
    check: Check,
}

/// The same bytes; the last of them are held back until the sum is known to be right, so that a
/// damaged document never becomes whole at the other end.
pub(super) fn checked(content: ByteStream, expected: Vec<u8>) -> (ByteStream, Check) {
    let check = Check(Arc::default());
    let reader = Reader {
        content,
        sum: Sha256::new(),
        expected,
        held: None,
        has_ended: false,
        check: check.clone(),
    };
    (Box::pin(stream::try_unfold(reader, Reader::step)), check)
}

impl Reader {
    async fn step(mut self) -> io::Result<Option<(Bytes, Self)>> {
        while !self.has_ended {
            match self.content.try_next().await {
                Ok(Some(chunk)) => {
                    self.sum.update(&chunk);
                    if let Some(earlier) = self.held.replace(chunk) {
                        return Ok(Some((earlier, self)));
                    }
                }
                Ok(None) => self.end()?,
                Err(error) => {
                    self.check.found(Finding::Unread);
                    return Err(error);
                }
            }
        }
        Ok(self.held.take().map(|last| (last, self)))
    }

    fn end(&mut self) -> io::Result<()> {
        self.has_ended = true;
        // Files from before sums were taken have none.
        if !self.expected.is_empty() && self.expected != self.sum.finalize_reset().as_slice() {
            self.check.found(Finding::Damaged);
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the bytes are damaged"));
        }
        self.check.found(Finding::Intact);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Intact bytes pass unchanged; of damaged ones the end is missing.

    use futures_util::StreamExt as _;

    use super::*;

    fn stream_of(chunks: Vec<io::Result<&'static str>>) -> ByteStream {
        Box::pin(stream::iter(chunks).map(|it| it.map(|text| Bytes::from_static(text.as_bytes()))))
    }

    async fn read(chunks: Vec<io::Result<&'static str>>, whole: &str) -> (String, bool, Finding) {
        let (mut content, check) = checked(stream_of(chunks), Sha256::digest(whole).to_vec());
        let mut text = String::new();
        loop {
            match content.next().await {
                Some(Ok(chunk)) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
                Some(Err(_)) => return (text, false, check.finding()),
                None => return (text, true, check.finding()),
            }
        }
    }

    #[tokio::test]
    async fn intact_bytes_pass_unchanged() {
        let whole = ("uno dos tres".to_owned(), true, Finding::Intact);
        assert_eq!(read(vec![Ok("uno "), Ok("dos "), Ok("tres")], "uno dos tres").await, whole);
        assert_eq!(read(vec![Ok("uno dos tres")], "uno dos tres").await, whole);
        assert_eq!(read(vec![], "").await, (String::new(), true, Finding::Intact));
    }

    #[tokio::test]
    async fn damaged_bytes_never_come_to_their_end() {
        let (text, whole, finding) = read(vec![Ok("uno "), Ok("dOs")], "uno dos").await;
        assert_eq!((text.as_str(), whole, finding), ("uno ", false, Finding::Damaged));
        let (text, whole, finding) = read(vec![Ok("uno")], "uno dos").await;
        assert_eq!((text.as_str(), whole, finding), ("", false, Finding::Damaged));
    }

    #[tokio::test]
    async fn a_read_error_is_no_damage() {
        let cut = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
        let (_, whole, finding) = read(vec![Ok("uno "), cut()], "uno dos").await;
        assert_eq!((whole, finding), (false, Finding::Unread));
    }

    #[tokio::test]
    async fn a_file_without_a_sum_passes() {
        let (mut content, check) = checked(stream_of(vec![Ok("uno")]), Vec::new());
        assert_eq!(check.finding(), Finding::Unread);
        assert_eq!(content.try_next().await.unwrap().as_deref(), Some(&b"uno"[..]));
        assert_eq!(content.try_next().await.unwrap(), None);
        assert_eq!(check.finding(), Finding::Intact);
    }
}
