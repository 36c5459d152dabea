//! The newest part stays as it is, and a long way is gone in steps.

use std::sync::Arc;

use ignacio_domain::ids::{ConversationId, MessageId};
use ignacio_domain::keys::Key;
use ignacio_domain::message::{Author, MessageStatus};
use ignacio_domain::model_catalog::ModelCatalog;
use time::OffsetDateTime;

use super::*;

fn messages(lengths: &[usize]) -> Vec<Message> {
    let message = |length: &usize| Message {
        id: MessageId::new(),
        conversation: ConversationId::new(),
        author: Author::User,
        content: "x".repeat(*length),
        status: MessageStatus::Complete,
        response: None,
        attachments: Vec::new(),
        citations: Vec::new(),
        created_at: OffsetDateTime::UNIX_EPOCH,
        version: 1,
        replaces: None,
        replaced_at: None,
        feedback: None,
    };
    lengths.iter().map(message).collect()
}

/// How many messages are summed up where 1,000 bytes and 40 messages can be told.
fn n_summed(lengths: &[usize]) -> usize {
    let key = || Key::from_bytes([1; 32]);
    let mut settings =
        WorkerSettings::new(key(), key(), Arc::new(ModelCatalog::free("m")), "test".to_owned());
    settings.history_tokens = 250;
    settings.history_messages = 40;
    part_to_sum_up(&messages(lengths), &settings).len()
}

#[test]
fn all_but_the_newest_quarter_is_summed_up() {
    assert_eq!(n_summed(&[100; 8]), 6, "two fit into 250 bytes");
    assert_eq!(n_summed(&[1; 30]), 20, "of many short ones ten stay");
    assert_eq!(n_summed(&[100, 900, 900]), 1, "the last turn stays, however long");
    assert_eq!(n_summed(&[900, 900]), 0);
    assert_eq!(n_summed(&[]), 0);
}

#[test]
fn one_go_takes_no_more_than_can_be_told() {
    assert_eq!(n_summed(&[400; 20]), 3);
    assert_eq!(n_summed(&[5_000, 5_000, 100, 100]), 1, "one is always taken");
}

#[test]
fn a_text_is_cut_between_characters() {
    assert_eq!((cut("año", 2), cut("año", 3), cut("año", 99)), ("a", "añ", "año"));
}
