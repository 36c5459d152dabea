//! Whatever bytes come, a cursor is one that we would write, or it is none.

use ignacio_devstack::scale;

use super::*;

const LISTS: [List; 10] = [
    List::Conversations,
    List::Messages,
    List::Files,
    List::ConversationFiles,
    List::AccessLog,
    List::ManagedUsers,
    List::UserConversations,
    List::UserMessages,
    List::UserFiles,
    List::AuditEvents,
];
/// Moments beyond the year 9999 are none.
const LAST_MICRO: i64 = 253_402_300_799_999_999;

fn cursors() -> Cursors {
    Cursors::new(Key::from_bytes([7; 32]))
}

/// A cursor of any content, with our signature.
fn signed(content: &[u8]) -> String {
    let mut bytes = content.to_vec();
    bytes.extend(cursors().key.hmac(&[LABEL, content]).into_iter().take(TAG_BYTES));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// In how many lists a text is good; where it is, we would have written the same.
fn opened(text: &str) -> usize {
    let is_good = |list: &List| match cursors().open(*list, text) {
        Ok(found) => {
            assert_eq!(cursors().seal(*list, found.owner, &found.position), text);
            true
        }
        Err(_) => false,
    };
    LISTS.iter().filter(|list| is_good(list)).count()
}

/// The content of a cursor: a list, an owner, a moment, and the id of a row.
fn content(bytes: [u8; 41]) -> ([u8; 41], bool) {
    let mut content = bytes;
    content[0] = LISTS[usize::from(bytes[0]) % LISTS.len()].byte();
    let mut at = i64::from_be_bytes(content[17..25].try_into().unwrap());
    if bytes[0] >= 128 {
        at %= LAST_MICRO;
        content[17..25].copy_from_slice(&at.to_be_bytes());
    }
    (content, moment(at).is_some())
}

#[test]
fn what_opens_is_sealed_again_byte_for_byte() {
    let target = bolero::check!().with_iterations(scale(2_000, 200_000)).with_max_len(80);
    target.for_each(|bytes| {
        // The chance that 128 bits of signature are hit is none.
        assert_eq!(opened(&String::from_utf8_lossy(bytes)), 0, "{bytes:?}");
        assert_eq!(opened(&URL_SAFE_NO_PAD.encode(bytes)), 0, "{bytes:?}");
        // With our signature, and anything signed.
        assert!(opened(&signed(bytes)) <= 1, "{bytes:?}");

        let Some(chunk) = bytes.first_chunk::<41>() else { return };
        let (content, is_moment) = content(*chunk);
        let cursor = signed(&content);
        assert_eq!(opened(&cursor), usize::from(is_moment), "{content:?}");

        let mut flipped = cursor.into_bytes();
        let bit = bytes.iter().fold(0_usize, |sum, byte| sum * 31 % 9_973 + usize::from(*byte));
        let place = bit / 7 % flipped.len();
        flipped[place] ^= 1 << (bit % 7);
        assert_eq!(opened(str::from_utf8(&flipped).unwrap()), 0, "bit {bit} of {content:?}");
    });
}
