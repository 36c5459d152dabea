//! The newest part stays as it is, and a long conversation is summarized in steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use ignacio_domain::keys::Key;
use ignacio_domain::message::Author;
use ignacio_domain::model_catalog::{ModelCatalog, Price, RolePolicy};
use ignacio_domain::quota::UsageLimits;

use super::*;
use crate::testing::message;

fn messages(lengths: &[usize]) -> Vec<Message> {
    lengths.iter().map(|it| message(Author::User, &"x".repeat(*it))).collect()
}

/// How many messages are summarized where 1,000 bytes and 40 messages fit.
fn n_summarized(lengths: &[usize]) -> usize {
    let key = || Key::from_bytes([1; 32]);
    let mut settings = WorkerSettings::new(key(), key(), Arc::new(models()), "test".to_owned());
    settings.history_tokens = 250;
    settings.history_messages = 40;
    part_to_summarize(&messages(lengths), &settings).len()
}

fn models() -> ModelCatalog {
    let limits = UsageLimits {
        concurrent_replies: 1,
        messages_per_ten_minutes: 1,
        messages_per_day: 1,
        tokens_per_day: None,
        tokens_per_month: None,
        cost_micro_usd_per_day: None,
        cost_micro_usd_per_month: None,
    };
    let policy = RolePolicy { models: vec!["m".to_owned()], limits };
    let prices = BTreeMap::from([("m".to_owned(), Price { input: 0, cached: 0, output: 0 })]);
    ModelCatalog::new(prices, policy.clone(), policy, "m".to_owned()).unwrap()
}

#[test]
fn all_but_the_newest_quarter_is_summarized() {
    assert_eq!(n_summarized(&[100; 8]), 6, "two fit into 250 bytes");
    assert_eq!(n_summarized(&[1; 30]), 20, "of many short ones ten stay");
    assert_eq!(n_summarized(&[100, 900, 900]), 1, "the last turn stays, however long");
    assert_eq!(n_summarized(&[900, 900]), 0);
    assert_eq!(n_summarized(&[]), 0);
}

#[test]
fn one_request_takes_no_more_than_fits() {
    assert_eq!(n_summarized(&[400; 20]), 3);
    assert_eq!(n_summarized(&[5_000, 5_000, 100, 100]), 1, "one is always taken");
}

#[test]
fn a_text_is_cut_between_characters() {
    assert_eq!((cut("año", 2), cut("año", 3), cut("año", 99)), ("a", "añ", "año"));
}
