//! The settings of this crate.

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

/// With a ping every 10 s, a client that vanished is detected within 25 s.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);

/// Settings of the HTTP side.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The maximum size of an uploaded file, in bytes.
    pub upload_max_bytes: u64,
    /// The maximum number of concurrent uploads per process.
    pub max_concurrent_uploads: usize,
    /// The web origins whose pages may call the API, such as `https://app.example.org`.
    pub allowed_origins: Vec<String>,
    /// The networks of our own proxies, whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The keys that sign and digest.
    pub keys: ApiKeys,
    /// The available models, their prices, and the quotas of each role.
    pub models: Arc<ModelCatalog>,
    /// The maximum number of codes per hour.
    pub codes_per_hour: u16,
    /// The maximum number of codes per address and hour.
    pub codes_per_address: u16,
    /// Responses about codes are sent at multiples of this time, so that their latency reveals nothing.
    pub login_latency_step: Duration,
    /// How webhooks are authenticated.
    pub webhook: WebhookSettings,
    /// The migrations of this build; the server is ready once all are applied.
    pub known_migrations: Vec<String>,
    /// How long a client may read nothing before its connection is closed.
    pub write_timeout: Duration,
    /// HTTP worker threads.
    pub workers: usize,
    /// How long open requests may take to finish during shutdown, in seconds.
    pub shutdown_seconds: u64,
}

/// Keys, which every replica shares.
#[derive(Clone, Debug)]
pub struct ApiKeys {
    /// Signs list cursors.
    pub cursor: Key,
    /// Peppers of the digests of one-time codes.
    pub otp_peppers: KeyRing,
    /// Derives a session's next token from its last.
    pub renewal: Key,
    /// Hashes phone numbers and addresses for rate limits.
    pub rate_limit: Key,
}

/// Secrets shared with Meta.
#[derive(Clone, Debug, Default)]
pub struct WebhookSettings {
    /// The keys that sign webhooks; without one, all webhooks are refused.
    pub app_secrets: AppSecrets,
    /// The token with which Meta verifies the webhook URL; without one, verification fails.
    pub verify_token: Option<SecretString>,
}

impl ApiSettings {
    /// Settings with these keys and models, and defaults for the rest.
    pub fn new(keys: ApiKeys, models: Arc<ModelCatalog>) -> Self {
        Self {
            upload_max_bytes: DEFAULT_UPLOAD_MAX_BYTES,
            max_concurrent_uploads: 20,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            keys,
            models,
            codes_per_hour: rate_limit::SERVICE.max,
            codes_per_address: rate_limit::PER_ADDRESS.max,
            login_latency_step: Duration::from_millis(50),
            webhook: WebhookSettings::default(),
            known_migrations: Vec::new(),
            write_timeout: WRITE_TIMEOUT,
            workers: 2,
            shutdown_seconds: 25,
        }
    }
}
