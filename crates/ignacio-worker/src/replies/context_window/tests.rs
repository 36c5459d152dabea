//! The history is given in order, with its attachments, within its limits.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use ignacio_domain::ids::UserId;
use ignacio_domain::ports::{ByteRange, ByteStream, ObjectContent, PortError};

use super::*;
use crate::testing::message;

fn file(name: &str, media_type: &str) -> Attachment {
    Attachment { id: FileId::new(), name: name.to_owned(), media_type: media_type.to_owned() }
}

fn texts(drafts: &[TurnDraft]) -> Vec<&str> {
    drafts.iter().map(|it| it.text.as_str()).collect()
}

/// Has every image except those of one user.
struct Images(UserId);

#[async_trait]
impl ObjectStore for Images {
    async fn put(&self, _: &ObjectKey, _: &str, _: ByteStream) -> Result<(), PortError> {
        Ok(())
    }

    async fn get(&self, key: &ObjectKey, _: Option<ByteRange>) -> Result<ObjectContent, PortError> {
        if key.as_str().contains(&self.0.to_string()) {
            return Err(PortError::NotFound);
        }
        let bytes = stream::iter([Ok(Bytes::from_static(b"\x89PNG"))]);
        Ok(ObjectContent { size: 4, bytes: Box::pin(bytes) })
    }

    async fn delete(&self, _: &ObjectKey) -> Result<(), PortError> {
        Ok(())
    }

    async fn ensure_bucket(&self) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn check(&self) -> Result<(), PortError> {
        Ok(())
    }
}

#[test]
fn attachments_are_named_and_empty_replies_left_out() {
    let mut with_files = message(Author::User, "Lee esto");
    with_files.attachments =
        vec![file("guía.pdf", "application/pdf"), file("plan.txt", "text/plain")];
    let pending = with_files.attachments[1].id;
    let messages = [with_files, message(Author::Ignacio, ""), message(Author::User, "¿Y?")];
    let attachments =
        Attachments { pending: vec![(pending, "plan.txt".to_owned())], ..Attachments::default() };
    assert_eq!(
        texts(&drafts_of(&messages, &attachments)),
        [
            "[documento adjunto: guía.pdf]",
            "[documento adjunto: plan.txt, todavía se está procesando]",
            "Lee esto",
            "¿Y?"
        ]
    );
    assert!(!has_new_documents(&messages));
    assert!(has_new_documents(&messages[..2]));
}

#[test]
fn the_newest_part_of_a_long_history_is_given() {
    let third = "x".repeat(30);
    let mut messages = vec![message(Author::User, "first")];
    messages.extend((0..3).map(|_| message(Author::User, &third)));
    messages.push(message(Author::Ignacio, "last"));
    let kept = newest_within(&messages, 90);
    assert_eq!(kept.len(), 3, "two long ones fit besides the last");
    assert_eq!(kept.last().unwrap().content, "last");
    assert_eq!(newest_within(&messages, 2).len(), 1, "the last one is given, however long");
    assert!(newest_within(&[], 90).is_empty());
}

#[test]
fn only_what_came_after_the_last_reply_is_new() {
    let messages = [
        message(Author::User, "uno"),
        message(Author::Ignacio, "dos"),
        message(Author::User, "tres"),
        message(Author::User, "cuatro"),
    ];
    let drafts = drafts_of(&messages, &Attachments::default());
    assert_eq!(texts(&since_last_reply(&drafts)), ["tres", "cuatro"]);
}

#[tokio::test]
async fn the_newest_images_are_sent_and_the_others_named() {
    let (ana, gone) = (UserId::new(), UserId::new());
    let mut attachments = Attachments::default();
    let mut messages = Vec::new();
    for n in 0..MAX_IMAGES + 3 {
        let mut message = message(Author::User, "Mira");
        let image = file(&format!("{n}.png"), "image/png");
        // One was lost, one is too large.
        let owner = if n == 5 { gone } else { ana };
        let size = if n == 7 { 9 * 1024 * 1024 } else { 4 };
        attachments.images.insert(image.id, (ObjectKey::for_file(owner, image.id), size));
        message.attachments.push(image);
        messages.push(message);
    }
    let turns = load_turns(&drafts_of(&messages, &attachments), &Images(gone)).await;
    let notes: Vec<_> = turns.iter().step_by(2).collect();
    for (n, note) in notes.iter().enumerate() {
        let is_sent = n > 1 && n != 5 && n != 7;
        assert_eq!(note.images.len(), usize::from(is_sent), "{n}");
        assert_eq!(note.text, image_note(&format!("{n}.png"), is_sent));
    }
}
