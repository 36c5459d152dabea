//! Tokens survive a round trip, and any slip in one is noticed without a look-up.

use proptest::prelude::*;

use super::*;

#[test]
fn a_token_reads_back_and_shows_nothing() {
    let token = SessionToken::generate(&mut rand::rng());
    let again = SessionToken::parse(token.expose()).unwrap();
    assert_eq!(again.digest(), token.digest());
    assert_eq!(format!("{token:?} {:?}", token.digest()), "SessionToken(…) SessionDigest(…)");
}

#[test]
fn no_two_tokens_are_alike() {
    let all: std::collections::HashSet<_> =
        (0..10_000).map(|_| SessionToken::generate(&mut rand::rng()).0).collect();
    assert_eq!(all.len(), 10_000);
}

proptest! {
    #[test]
    fn any_changed_character_is_refused(position in 0usize..55, other in "[A-Za-z0-9_-]") {
        let token = SessionToken::generate(&mut rand::rng());
        let mut characters: Vec<char> = token.expose().chars().collect();
        let replacement = other.chars().next().unwrap();
        prop_assume!(characters[position] != replacement);
        characters[position] = replacement;
        let changed: String = characters.into_iter().collect();
        prop_assert_eq!(SessionToken::parse(&changed).unwrap_err(), TokenError);
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = SessionToken::parse(&text);
        let _ = SessionToken::parse(&format!("ign_{text}"));
    }
}
