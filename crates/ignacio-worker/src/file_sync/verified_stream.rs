//! Verifies bytes on their way to the provider against the digest computed on upload.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use futures_util::stream;
use ignacio_domain::ports::ByteStream;
use sha2::{Digest as _, Sha256};

/// What is known about the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// They match the digest.
    Intact,
    /// They do not match.
    Damaged,
    /// They could not be read to the end.
    Incomplete,
}

/// Holds the result once the stream has been read.
#[derive(Clone)]
pub(super) struct Verifier(Arc<OnceLock<Verification>>);

impl Verifier {
    /// The result so far; incomplete until the stream has been read to its end.
    pub(super) fn verification(&self) -> Verification {
        self.0.get().copied().unwrap_or(Verification::Incomplete)
    }

    fn set(&self, verification: Verification) {
        // The stream sets it only once.
        let _ = self.0.set(verification);
    }
}

struct Reader {
    content: ByteStream,
    digest: Sha256,
    expected: Vec<u8>,
    held: Option<Bytes>,
    has_ended: bool,
    verifier: Verifier,
}

/// The same bytes. The last ones are held back until the digest is known to match, so that the
/// provider never receives a complete damaged document.
pub(super) fn verified_stream(content: ByteStream, expected: Vec<u8>) -> (ByteStream, Verifier) {
    let verifier = Verifier(Arc::default());
    let reader = Reader {
        content,
        digest: Sha256::new(),
        expected,
        held: None,
        has_ended: false,
        verifier: verifier.clone(),
    };
    (Box::pin(stream::try_unfold(reader, Reader::step)), verifier)
}

impl Reader {
    async fn step(mut self) -> io::Result<Option<(Bytes, Self)>> {
        while !self.has_ended {
            match self.content.try_next().await {
                Ok(Some(chunk)) => {
                    self.digest.update(&chunk);
                    if let Some(earlier) = self.held.replace(chunk) {
                        return Ok(Some((earlier, self)));
                    }
                }
                Ok(None) => self.end()?,
                Err(error) => {
                    self.verifier.set(Verification::Incomplete);
                    return Err(error);
                }
            }
        }
        Ok(self.held.take().map(|last| (last, self)))
    }

    fn end(&mut self) -> io::Result<()> {
        self.has_ended = true;
        // Files from before digests were stored have none.
        if !self.expected.is_empty() && self.expected != self.digest.finalize_reset().as_slice() {
            self.verifier.set(Verification::Damaged);
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the bytes are damaged"));
        }
        self.verifier.set(Verification::Intact);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Intact bytes pass unchanged; damaged ones lack their end.

    use futures_util::StreamExt as _;

    use super::*;

    fn stream_of(chunks: Vec<io::Result<&'static str>>) -> ByteStream {
        Box::pin(stream::iter(chunks).map(|it| it.map(|text| Bytes::from_static(text.as_bytes()))))
    }

    async fn read(
        chunks: Vec<io::Result<&'static str>>,
        whole: &str,
    ) -> (String, bool, Verification) {
        let expected = Sha256::digest(whole).to_vec();
        let (mut content, verifier) = verified_stream(stream_of(chunks), expected);
        let mut text = String::new();
        loop {
            match content.next().await {
                Some(Ok(chunk)) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
                Some(Err(_)) => return (text, false, verifier.verification()),
                None => return (text, true, verifier.verification()),
            }
        }
    }

    #[tokio::test]
    async fn intact_bytes_pass_unchanged() {
        let whole = ("uno dos tres".to_owned(), true, Verification::Intact);
        assert_eq!(read(vec![Ok("uno "), Ok("dos "), Ok("tres")], "uno dos tres").await, whole);
        assert_eq!(read(vec![Ok("uno dos tres")], "uno dos tres").await, whole);
        assert_eq!(read(vec![], "").await, (String::new(), true, Verification::Intact));
    }

    #[tokio::test]
    async fn damaged_bytes_never_reach_their_end() {
        let (text, whole, verification) = read(vec![Ok("uno "), Ok("dOs")], "uno dos").await;
        assert_eq!((text.as_str(), whole, verification), ("uno ", false, Verification::Damaged));
        let (text, whole, verification) = read(vec![Ok("uno")], "uno dos").await;
        assert_eq!((text.as_str(), whole, verification), ("", false, Verification::Damaged));
    }

    #[tokio::test]
    async fn a_read_error_is_no_damage() {
        let cut = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
        let (_, whole, verification) = read(vec![Ok("uno "), cut()], "uno dos").await;
        assert_eq!((whole, verification), (false, Verification::Incomplete));
    }

    #[tokio::test]
    async fn a_file_without_a_digest_passes() {
        let (mut content, verifier) = verified_stream(stream_of(vec![Ok("uno")]), Vec::new());
        assert_eq!(verifier.verification(), Verification::Incomplete);
        assert_eq!(content.try_next().await.unwrap().as_deref(), Some(&b"uno"[..]));
        assert_eq!(content.try_next().await.unwrap(), None);
        assert_eq!(verifier.verification(), Verification::Intact);
    }
}
