//! What the provider knows a user by.

use ignacio_domain::ids::UserId;
use ignacio_domain::keys::Key;

/// A stable name for a user that tells the provider nothing about them: 64 hex digits.
pub(crate) fn pseudonym(key: &Key, user: UserId) -> String {
    hex::encode(key.hmac(&[user.into_uuid().as_bytes()]))
}

#[cfg(test)]
mod tests {
    //! A pseudonym belongs to one user and one deployment.

    use super::*;

    #[test]
    fn a_pseudonym_never_changes() {
        let user = "00000000-0000-0000-0000-00000000002a".parse::<UserId>().unwrap();
        let pinned = "73e7744faa18f380c6178492c3e2d1c3bc905706bdbfd33ee6af3571035164da";
        assert_eq!(pseudonym(&Key::from_bytes([7; 32]), user), pinned);
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
}
