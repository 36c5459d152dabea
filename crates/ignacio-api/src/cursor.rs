//! List cursors: opaque to clients, signed, and valid for one user and one list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ignacio_domain::ids::UserId;
use ignacio_domain::keys::Key;
use ignacio_domain::page::Position;
use ignacio_persistence::CursorPosition;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::problem::ApiError;

const LABEL: &[u8] = b"cursor/1";
const TAG_BYTES: usize = 16;

/// The paginated lists. The byte is part of the cursor: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Conversations,
    Messages,
    Files,
    ConversationFiles,
    AccessLog,
    ManagedUsers,
    UserConversations,
    UserMessages,
    UserFiles,
    AuditEvents,
}

impl List {
    const fn byte(self) -> u8 {
        match self {
            Self::Conversations => 1,
            Self::Messages => 2,
            Self::Files => 3,
            Self::ConversationFiles => 4,
            Self::AccessLog => 5,
            Self::ManagedUsers => 6,
            Self::UserConversations => 7,
            Self::UserMessages => 8,
            Self::UserFiles => 9,
            Self::AuditEvents => 10,
        }
    }
}

/// Signs and opens cursors.
#[derive(Clone, Debug)]
pub(crate) struct Cursors {
    key: Key,
}

impl Cursors {
    /// Signs cursors with this key.
    pub(crate) const fn new(key: Key) -> Self {
        Self { key }
    }

    /// The cursor of a position in a user's list.
    pub(crate) fn seal(&self, list: List, owner: UserId, position: &Position) -> String {
        let mut bytes = Vec::with_capacity(41 + TAG_BYTES);
        bytes.push(list.byte());
        bytes.extend_from_slice(owner.into_uuid().as_bytes());
        bytes.extend_from_slice(&micros(position.at).to_be_bytes());
        bytes.extend_from_slice(position.id.as_bytes());
        let tag = self.key.hmac(&[LABEL, &bytes]);
        bytes.extend(tag.into_iter().take(TAG_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position in a cursor that we signed for this list.
    pub(crate) fn open(&self, list: List, text: &str) -> Result<CursorPosition, ApiError> {
        self.read(list, text).ok_or(ApiError::InvalidCursor)
    }

    fn read(&self, list: List, text: &str) -> Option<CursorPosition> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (content, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        if !self.key.verify_hmac(&[LABEL, content], tag) {
            return None;
        }
        let (kind, rest) = content.split_first()?;
        let (owner, rest) = rest.split_first_chunk::<16>()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let id = <[u8; 16]>::try_from(rest).ok()?;
        if *kind != list.byte() {
            return None;
        }
        Some(CursorPosition {
            owner: UserId::from_uuid(Uuid::from_bytes(*owner)),
            position: Position { at: moment(i64::from_be_bytes(*at))?, id: Uuid::from_bytes(id) },
        })
    }
}

/// Postgres stores microseconds, and so do cursors.
fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

fn moment(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! A cursor opens for its list, and any change to it is detected.

    use proptest::prelude::*;

    use super::*;

    fn cursors() -> Cursors {
        Cursors::new(Key::from_bytes([7; 32]))
    }

    fn position() -> Position {
        Position { at: moment(1_763_800_000_123_456).unwrap(), id: Uuid::from_u128(42) }
    }

    #[test]
    fn cursors_of_older_versions_stay_valid() {
        let owner = UserId::from_uuid(Uuid::from_u128(1));
        let sealed = cursors().seal(List::Conversations, owner, &position());
        assert_eq!(
            sealed,
            "AQAAAAAAAAAAAAAAAAAAAAEABkQqsHZSQAAAAAAAAAAAAAAAAAAAACoc1TP-Jbrul9s0HsUMmQdW"
        );
    }

    fn sealed() -> String {
        cursors().seal(List::Files, UserId::from_uuid(Uuid::from_u128(7)), &position())
    }

    #[test]
    fn a_cursor_opens() {
        let read = cursors().open(List::Files, &sealed()).unwrap();
        assert_eq!(read.owner.into_uuid(), Uuid::from_u128(7));
        assert_eq!(read.position, position());
    }

    #[test]
    fn a_cursor_is_valid_for_one_list_and_one_key() {
        assert!(cursors().open(List::Conversations, &sealed()).is_err());
        let other = Cursors::new(Key::from_bytes([8; 32]));
        assert!(other.open(List::Files, &sealed()).is_err());
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_detected(at in 0usize..57, flip in 1u8..=255) {
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed()).unwrap();
            bytes[at] ^= flip;
            let changed = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(cursors().open(List::Files, &changed).is_err());
        }

        #[test]
        fn no_text_is_mistaken_for_a_cursor(text in any::<String>()) {
            prop_assert!(cursors().open(List::Files, &text).is_err());
        }

        #[test]
        fn every_moment_of_postgres_reads_back(micros in -62_135_596_800_000_000i64..253_402_300_799_000_000) {
            let position = Position { at: moment(micros).unwrap(), id: Uuid::nil() };
            let owner = UserId::from_uuid(Uuid::nil());
            let text = cursors().seal(List::Messages, owner, &position);
            prop_assert_eq!(cursors().open(List::Messages, &text).unwrap().position, position);
        }
    }
}
