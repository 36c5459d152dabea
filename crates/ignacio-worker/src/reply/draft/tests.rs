//! The history is told in order, with its attachments, within its limit.

use ignacio_domain::ids::{ConversationId, FileId, MessageId};
use ignacio_domain::message::{Attachment, MessageStatus};
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

fn texts(turns: &[Turn]) -> Vec<&str> {
    turns.iter().map(|turn| turn.text.as_str()).collect()
}

#[test]
fn attachments_are_named_and_empty_replies_left_out() {
    let mut with_file = message(Author::Person, "Lee esto");
    with_file.attachments.push(Attachment {
        id: FileId::new(),
        name: "guía.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
    });
    let told = turns(&[with_file, message(Author::Ignacio, ""), message(Author::Person, "¿Y?")]);
    assert_eq!(texts(&told), ["[documento adjunto: guía.pdf]", "Lee esto", "¿Y?"]);
}

#[test]
fn the_newest_part_of_a_long_history_is_told() {
    let third = "x".repeat(MAX_HISTORY_BYTES / 3);
    let mut messages = vec![message(Author::Person, "first")];
    messages.extend((0..3).map(|_| message(Author::Person, &third)));
    messages.push(message(Author::Ignacio, "last"));
    let told = turns(&messages);
    assert_eq!(told.len(), 3, "two long ones fit beside the last");
    assert_eq!(told.last().unwrap().text, "last");
}

#[test]
fn only_what_came_after_the_last_reply_is_new() {
    let history = turns(&[
        message(Author::Person, "uno"),
        message(Author::Ignacio, "dos"),
        message(Author::Person, "tres"),
        message(Author::Person, "cuatro"),
    ]);
    assert_eq!(texts(&new_turns(&history)), ["tres", "cuatro"]);
}

#[test]
fn a_pseudonym_is_stable_and_tells_nothing() {
    let (ana, ben) = (UserId::new(), UserId::new());
    let (key, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
    let name = pseudonym(&key, ana);
    assert_eq!(name.len(), 64);
    assert_eq!(name, pseudonym(&key, ana));
    assert_ne!(name, pseudonym(&key, ben));
    assert_ne!(name, pseudonym(&other, ana));
}
