//! What the provider knows a person by.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use ignacio_domain::ids::UserId;
use ignacio_domain::keys::Key;
use sha2::Sha256;

/// A stable name for a person that tells the provider nothing about them: 64 hex digits.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub(crate) fn pseudonym(key: &Key, person: UserId) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key fits");
    mac.update(person.into_uuid().as_bytes());
    let mut hex = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    //! A pseudonym belongs to one person and one deployment.

    use super::*;

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
}
