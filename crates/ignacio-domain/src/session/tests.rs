//! Tokens survive a round trip, and any typing error in one is detected without a query.

use std::collections::HashSet;

use proptest::prelude::*;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use super::*;
use crate::testing::scale;

#[test]
fn a_successor_never_changes() {
    let token =
        SessionToken::parse("ign_BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU56c490b2").unwrap();
    let next = token.successor(&Key::from_bytes([7; 32]));
    assert_eq!(next.expose(), "ign_9w8WDjJ_nc06exBggWFsALDtkdLHdspOvOLiidL7TJ860fb1537");
}

#[test]
fn a_token_reads_back_and_shows_nothing() {
    let token = SessionToken::generate(&mut UnwrapErr(SysRng));
    let again = SessionToken::parse(token.expose()).unwrap();
    assert_eq!(again.digest(), token.digest());
    assert_eq!(format!("{token:?} {:?}", token.digest()), "SessionToken(…) SessionDigest(…)");
}

/// The characters of a token, and some that are invalid.
const CHARACTERS: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \0\n\u{7f}ñ🄌";

/// A token with one character replaced.
fn changed(token: &str, place: usize, other: char) -> String {
    token.chars().enumerate().map(|(at, it)| if at == place { other } else { it }).collect()
}

#[test]
fn tokens_are_unique_and_typing_errors_are_detected() {
    let others: Vec<char> = CHARACTERS.chars().collect();
    let n_tokens = scale(20_000, 1_000_000);
    let mut seen = HashSet::with_capacity(n_tokens);
    for n in 0..n_tokens {
        let token = SessionToken::generate(&mut UnwrapErr(SysRng));
        assert!(seen.insert(token.digest()), "the same token twice in {n}");

        // Each token has its error at another position, so that all positions and characters are
        // covered.
        let place = n % 55;
        let other = others[n / 55 % others.len()];
        let slip = changed(token.expose(), place, other);
        assert_eq!(SessionToken::parse(&slip).is_ok(), slip == token.expose(), "{place} {other:?}");
    }
}

#[test]
fn every_wrong_character_is_detected() {
    for _ in 0..scale(3, 300) {
        let token = SessionToken::generate(&mut UnwrapErr(SysRng));
        for place in 0..55 {
            for other in CHARACTERS.chars() {
                let slip = changed(token.expose(), place, other);
                if slip != token.expose() {
                    assert_eq!(SessionToken::parse(&slip).unwrap_err(), TokenError, "{slip:?}");
                }
            }
        }
    }
}

#[test]
fn a_token_that_lost_or_gained_a_character_is_refused() {
    let token = SessionToken::generate(&mut UnwrapErr(SysRng));
    let text = token.expose();
    for place in 0..55 {
        let mut cut = text.to_owned();
        cut.remove(place);
        assert!(SessionToken::parse(&cut).is_err(), "{place}");
        let mut grown = text.to_owned();
        grown.insert(place, 'A');
        assert!(SessionToken::parse(&grown).is_err(), "{place}");
    }
    assert!(SessionToken::parse(&format!("{text}\n")).is_err());
    assert!(SessionToken::parse("").is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = SessionToken::parse(&text);
        let _ = SessionToken::parse(&format!("ign_{text}"));
    }
}
