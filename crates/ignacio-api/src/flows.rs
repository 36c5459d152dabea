//! What takes more than one screen or has more than one caller: login, a turn of a chat, uploads.

pub(crate) mod idempotency;
pub(crate) mod login;
pub(crate) mod turn;
pub(crate) mod upload;
pub(crate) mod versions;
