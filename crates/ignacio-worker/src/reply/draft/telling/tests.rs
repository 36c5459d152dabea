//! The history is told in order, with its attachments, within its limit.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use ignacio_domain::ids::{ConversationId, MessageId, UserId};
use ignacio_domain::message::MessageStatus;
use ignacio_domain::ports::{ByteRange, ByteStream, ObjectContent, PortError};
use time::OffsetDateTime;

use super::*;

fn message(author: Author, content: &str) -> Message {
    Message {
        id: MessageId::new(),
        conversation: ConversationId::new(),
        author,
        content: content.to_owned(),
        status: MessageStatus::Complete,
        response: None,
        attachments: Vec::new(),
        citations: Vec::new(),
        created_at: OffsetDateTime::UNIX_EPOCH,
        version: 1,
        replaces: None,
        replaced_at: None,
        feedback: None,
    }
}

fn file(name: &str, media_type: &str) -> Attachment {
    Attachment { id: FileId::new(), name: name.to_owned(), media_type: media_type.to_owned() }
}

fn texts(told: &[Told]) -> Vec<&str> {
    told.iter().map(|it| it.text.as_str()).collect()
}

/// Has every image that is called for, but those of one person.
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
    let attached =
        Attached { pending: vec![(pending, "plan.txt".to_owned())], ..Attached::default() };
    assert_eq!(
        texts(&told(&messages, &attached)),
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
fn the_newest_part_of_a_long_history_is_told() {
    let third = "x".repeat(30);
    let mut messages = vec![message(Author::User, "first")];
    messages.extend((0..3).map(|_| message(Author::User, &third)));
    messages.push(message(Author::Ignacio, "last"));
    let kept = newest(&messages, 90);
    assert_eq!(kept.len(), 3, "two long ones fit beside the last");
    assert_eq!(kept.last().unwrap().content, "last");
    assert_eq!(newest(&messages, 2).len(), 1, "the last one is told, however long");
    assert!(newest(&[], 90).is_empty());
}

#[test]
fn only_what_came_after_the_last_reply_is_new() {
    let messages = [
        message(Author::User, "uno"),
        message(Author::Ignacio, "dos"),
        message(Author::User, "tres"),
        message(Author::User, "cuatro"),
    ];
    let told = told(&messages, &Attached::default());
    assert_eq!(texts(&newly_told(&told)), ["tres", "cuatro"]);
}

#[tokio::test]
async fn the_newest_images_are_shown_and_the_others_named() {
    let (ana, gone) = (UserId::new(), UserId::new());
    let mut attached = Attached::default();
    let mut messages = Vec::new();
    for n in 0..MOST_IMAGES + 3 {
        let mut message = message(Author::User, "Mira");
        let image = file(&format!("{n}.png"), "image/png");
        // One was lost, one is too large.
        let owner = if n == 5 { gone } else { ana };
        let size = if n == 7 { 9 * 1024 * 1024 } else { 4 };
        attached.images.insert(image.id, (ObjectKey::for_file(owner, image.id), size));
        message.attachments.push(image);
        messages.push(message);
    }
    let turns = turns(&told(&messages, &attached), &Images(gone)).await;
    let notes: Vec<_> = turns.iter().step_by(2).collect();
    for (n, note) in notes.iter().enumerate() {
        let is_shown = n > 1 && n != 5 && n != 7;
        assert_eq!(note.images.len(), usize::from(is_shown), "{n}");
        assert_eq!(note.text, image_note(&format!("{n}.png"), is_shown));
    }
}
