//! One secret gives many unrelated keys, and none of them can be printed.

use super::*;

fn secret() -> MasterSecret {
    MasterSecret::parse("a-secret-of-more-than-thirty-two-characters".into()).unwrap()
}

#[test]
fn the_same_label_gives_the_same_key_and_another_label_another() {
    assert_eq!(secret().derive("a").0, secret().derive("a").0);
    assert_ne!(secret().derive("a").0, secret().derive("b").0);
}

#[test]
fn a_short_secret_is_refused() {
    assert_eq!(MasterSecret::parse("short".into()).unwrap_err(), SecretTooShort);
    assert_eq!(MasterSecret::parse(" ".repeat(40).into()).unwrap_err(), SecretTooShort);
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?} {:?}", secret(), secret().derive("a")), "MasterSecret(…) Key(…)");
}
