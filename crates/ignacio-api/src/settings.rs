//! What the binary tells this crate.

use ignacio_domain::keys::Key;

/// The default limit of an uploaded file.
pub const DEFAULT_UPLOAD_MAX_BYTES: u64 = 25 * 1024 * 1024;

/// Settings of the HTTP side.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The most bytes that an uploaded file may have.
    pub upload_max_bytes: u64,
    /// How many files may be on their way into the store at once, per process.
    pub uploads_at_once: usize,
    /// The web origins that may call with a browser, as in `https://app.example.org`.
    pub allowed_origins: Vec<String>,
    /// Signs list cursors; must be the same on every replica.
    pub cursor_key: Key,
    /// The key under which one-time codes are stored.
    pub otp_pepper: Key,
    /// The names of the migrations that this build knows; readiness wants them all applied.
    pub known_migrations: Vec<String>,
    /// HTTP worker threads.
    pub workers: usize,
    /// How long open requests may take to end when the server stops, in seconds.
    pub shutdown_seconds: u64,
}

impl ApiSettings {
    /// Settings with the two keys and sensible values for the rest.
    pub fn new(cursor_key: Key, otp_pepper: Key) -> Self {
        Self {
            upload_max_bytes: DEFAULT_UPLOAD_MAX_BYTES,
            uploads_at_once: 20,
            allowed_origins: Vec::new(),
            cursor_key,
            otp_pepper,
            known_migrations: Vec::new(),
            workers: 2,
            shutdown_seconds: 25,
        }
    }
}
