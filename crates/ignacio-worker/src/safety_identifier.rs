//! The identifier of a user at the provider.

use ignacio_domain::ids::UserId;
use ignacio_domain::keys::Key;

/// A stable identifier for a user that reveals nothing about them: 64 hex digits.
pub(crate) fn safety_identifier(key: &Key, user: UserId) -> String {
    hex::encode(key.hmac(&[user.into_uuid().as_bytes()]))
}

#[cfg(test)]
mod tests {
    //! An identifier belongs to one user and one deployment.

    use super::*;

    #[test]
    fn an_identifier_never_changes() {
        let user = "00000000-0000-0000-0000-00000000002a".parse::<UserId>().unwrap();
        let pinned = "73e7744faa18f380c6178492c3e2d1c3bc905706bdbfd33ee6af3571035164da";
        assert_eq!(safety_identifier(&Key::from_bytes([7; 32]), user), pinned);
    }

    #[test]
    fn an_identifier_is_stable_and_reveals_nothing() {
        let (ana, ben) = (UserId::new(), UserId::new());
        let (key, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
        let identifier = safety_identifier(&key, ana);
        assert_eq!(identifier.len(), 64);
        assert_eq!(identifier, safety_identifier(&key, ana));
        assert_ne!(identifier, safety_identifier(&key, ben));
        assert_ne!(identifier, safety_identifier(&other, ana));
    }
}
