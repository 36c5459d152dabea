//! Looks up whether the words that a reply quotes stand in the document that it names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ignacio_domain::citation::contains_quote;
use ignacio_domain::ids::MessageId;
use ignacio_domain::ports::PortError;
use ignacio_persistence::{FollowUpJob, PendingCitation};

use super::{FollowUps, Halt};
use crate::objects::read_whole;

/// Of larger documents nothing is looked up.
const MOST_BYTES: usize = 5 * 1024 * 1024;
/// What is text as it lies there, besides `text/…`.
const TEXT_TYPES: [&str; 1] = ["application/json"];

impl FollowUps {
    pub(super) async fn quotes(&self, job: &FollowUpJob, message: MessageId) -> Result<(), Halt> {
        let scope = self.begin(job).await?;
        let quotes = scope.pending_citations(message).await?;
        scope.commit().await?;
        let mut texts = HashMap::new();
        let mut found = Vec::new();
        for quoted in quotes.iter().filter(|it| is_text(it)) {
            let text = match texts.entry(quoted.file) {
                Entry::Occupied(text) => text.into_mut(),
                Entry::Vacant(place) => place.insert(self.text_of(quoted).await?),
            };
            if let Some(text) = text {
                found.push((quoted.id, contains_quote(&quoted.quote, text)));
            }
        }
        let scope = self.begin(job).await?;
        scope.set_verified(&found).await?;
        Ok(scope.complete().await?)
    }

    /// A document's text; `None` where there is none to look into.
    async fn text_of(&self, quoted: &PendingCitation) -> Result<Option<String>, PortError> {
        match read_whole(&*self.shared.ports.objects, &quoted.key, MOST_BYTES).await {
            Ok(content) => Ok(text(&content)),
            Err(PortError::NotFound | PortError::Rejected { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn is_text(quoted: &PendingCitation) -> bool {
    let media_type = quoted.media_type.as_str();
    let is_small = usize::try_from(quoted.size).is_ok_and(|it| it <= MOST_BYTES);
    is_small && (media_type.starts_with("text/") || TEXT_TYPES.contains(&media_type))
}

/// Reads UTF-8, and else Latin-1, which old spreadsheets write; anything with a NUL is neither.
fn text(content: &[u8]) -> Option<String> {
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
    //! Texts are read as they were written.

    use super::text;

    #[test]
    fn a_text_is_read_in_the_encoding_that_it_has() {
        assert_eq!(text("\u{feff}Año".as_bytes()).unwrap(), "Año");
        assert_eq!(text(b"A\xf1o").unwrap(), "Año");
        assert_eq!(text(b"A\0\xf1\0o\0"), None);
    }
}
