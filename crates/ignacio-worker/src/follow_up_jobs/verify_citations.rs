//! Verifies that the document that a citation names contains the quoted words.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ignacio_domain::citation::contains_quote;
use ignacio_domain::ids::MessageId;
use ignacio_domain::ports::PortError;
use ignacio_persistence::PendingCitation;

use super::run::FollowUpRun;
use crate::jobs::JobError;
use crate::object_reader::read_object;

/// Larger documents are not read.
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The media types that are text, apart from `text/…`.
const TEXT_TYPES: [&str; 1] = ["application/json"];

impl FollowUpRun<'_> {
    pub(super) async fn verify_citations(&self, message: MessageId) -> Result<(), JobError> {
        let scope = self.begin().await?;
        let citations = scope.pending_citations(message).await?;
        scope.commit().await?;
        let mut texts = HashMap::new();
        let mut verified = Vec::new();
        for citation in citations.iter().filter(|it| is_text(it)) {
            let text = match texts.entry(citation.file) {
                Entry::Occupied(text) => text.into_mut(),
                Entry::Vacant(place) => place.insert(self.text_of(citation).await?),
            };
            if let Some(text) = text {
                verified.push((citation.id, contains_quote(&citation.quote, text)));
            }
        }
        let scope = self.begin().await?;
        scope.set_verified(&verified).await?;
        Ok(scope.complete().await?)
    }

    /// A document's text; `None` if it has none.
    async fn text_of(&self, citation: &PendingCitation) -> Result<Option<String>, PortError> {
        match read_object(&*self.context.ports.objects, &citation.key, MAX_BYTES).await {
            Ok(content) => Ok(decode(&content)),
            Err(PortError::NotFound | PortError::Rejected { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn is_text(citation: &PendingCitation) -> bool {
    let media_type = citation.media_type.as_str();
    let is_small = usize::try_from(citation.size).is_ok_and(|it| it <= MAX_BYTES);
    is_small && (media_type.starts_with("text/") || TEXT_TYPES.contains(&media_type))
}

/// Decodes UTF-8, or else Latin-1, which old spreadsheets use; content with a NUL is neither.
fn decode(content: &[u8]) -> Option<String> {
    if content.contains(&0) {
        return None;
    }
    let text = match std::str::from_utf8(content) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => content.iter().copied().map(char::from).collect(),
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    //! Texts are decoded in the encoding that they were written in.

    use super::decode;

    #[test]
    fn a_text_is_decoded_in_its_own_encoding() {
        assert_eq!(decode("\u{feff}Año".as_bytes()).unwrap(), "Año");
        assert_eq!(decode(b"A\xf1o").unwrap(), "Año");
        assert_eq!(decode(b"A\0\xf1\0o\0"), None);
    }
}
