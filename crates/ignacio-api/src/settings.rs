//! What the binary tells this crate.

use std::sync::Arc;
use std::time::Duration;

use ignacio_domain::keys::{Key, KeyRing};
use ignacio_domain::model_catalog::ModelCatalog;
use ignacio_domain::rate_limit;
use ipnet::IpNet;
use secrecy::SecretString;

use crate::webhook_signature::AppSecrets;

/// The default limit of an uploaded file.
pub const DEFAULT_UPLOAD_MAX_BYTES: u64 = 25 * 1024 * 1024;

/// With a ping every 10 s, who has silently gone is noticed within 25 s.
const UNREAD_LIMIT: Duration = Duration::from_secs(15);

/// Settings of the HTTP side.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The most bytes that an uploaded file may have.
    pub upload_max_bytes: u64,
    /// How many files may be on their way into the store at once, per process.
    pub uploads_at_once: usize,
    /// The web origins that may call with a browser, as in `https://app.example.org`.
    pub allowed_origins: Vec<String>,
    /// The networks of our own proxies, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The keys that sign and digest.
    pub keys: ApiKeys,
    /// The models that may be asked for, their prices, and how much people may use.
    pub models: Arc<ModelCatalog>,
    /// How many codes the service sends in an hour.
    pub codes_per_hour: u16,
    /// How many codes one address may ask for in an hour.
    pub codes_per_address: u16,
    /// Answers about codes come at multiples of this time, so that none tells how long it took.
    pub login_step: Duration,
    /// How webhooks are told from forged ones.
    pub webhook: WebhookSettings,
    /// The names of the migrations that this build knows; readiness wants them all applied.
    pub known_migrations: Vec<String>,
    /// How long a client may take nothing of what was sent to it before its connection is cut.
    pub unread_limit: Duration,
    /// HTTP worker threads.
    pub workers: usize,
    /// How long open requests may take to end when the server stops, in seconds.
    pub shutdown_seconds: u64,
}

/// Keys; the same on every replica.
#[derive(Clone, Debug)]
pub struct ApiKeys {
    /// Signs list cursors.
    pub cursor: Key,
    /// What one-time codes are stored under.
    pub otp_peppers: KeyRing,
    /// Makes a session's next token out of its last.
    pub renewal: Key,
    /// What limits are counted under.
    pub buckets: Key,
}

/// What the service and Meta both know.
#[derive(Clone, Debug, Default)]
pub struct WebhookSettings {
    /// What webhooks are signed with; without one, all are refused.
    pub app_secrets: AppSecrets,
    /// What Meta shows when it is told the address; without one, it is refused.
    pub verify_token: Option<SecretString>,
}

impl ApiSettings {
    /// Settings with these keys and models, and sensible values for the rest.
    pub fn new(keys: ApiKeys, models: Arc<ModelCatalog>) -> Self {
        Self {
            upload_max_bytes: DEFAULT_UPLOAD_MAX_BYTES,
            uploads_at_once: 20,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            keys,
            models,
            codes_per_hour: rate_limit::SERVICE.max,
            codes_per_address: rate_limit::PER_ADDRESS.max,
            login_step: Duration::from_millis(50),
            webhook: WebhookSettings::default(),
            known_migrations: Vec::new(),
            unread_limit: UNREAD_LIMIT,
            workers: 2,
            shutdown_seconds: 25,
        }
    }
}
