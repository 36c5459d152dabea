//! Everything a deployment decides, read from the environment once, at the start.
//!
//! Each command reads what it uses and no more. All faults are found in one go, and each names its
//! variable. docs/operations.md has the table for people; `cargo xtask tidy` holds the two together.

mod database;
mod environment;
mod http;
mod models;
mod providers;

use std::{net::SocketAddr, sync::Arc};

use ignacio_api::WebhookSettings;
use ignacio_domain::keys::{Key, KeyRing, MasterSecret};
use ignacio_domain::models::Models;
use ignacio_integrations::{OpenAiSettings, S3Settings, WhatsAppSettings};
use ignacio_worker::REPLIES_AT_ONCE;
use secrecy::SecretString;

pub use self::environment::Environment;
use self::environment::Reader;
pub(crate) use self::{
    database::{DatabaseSettings, POOLED},
    environment::Faults,
    http::HttpSettings,
};
use crate::telemetry::{self, LogFormat, LogSettings};

/// Every variable that the service reads.
pub(crate) const NAMES: [&str; 43] = [
    "APP_ENV",
    "DATABASE_URL",
    "IGNACIO_ALLOWED_ORIGINS",
    "IGNACIO_CODES_PER_ADDRESS",
    "IGNACIO_CODES_PER_HOUR",
    "IGNACIO_DB_PASSWORD_ADMIN",
    "IGNACIO_DB_PASSWORD_API",
    "IGNACIO_DB_PASSWORD_AUTH",
    "IGNACIO_DB_PASSWORD_WORKER",
    "IGNACIO_DB_POOL_ADMIN",
    "IGNACIO_DB_POOL_API",
    "IGNACIO_DB_POOL_AUTH",
    "IGNACIO_DB_POOL_WORKER",
    "IGNACIO_LISTEN",
    "IGNACIO_LOG",
    "IGNACIO_LOG_FORMAT",
    "IGNACIO_METRICS_LISTEN",
    "IGNACIO_MODELS_FILE",
    "IGNACIO_OTP_PEPPER",
    "IGNACIO_OTP_PEPPER_PREVIOUS",
    "IGNACIO_REPLIES_AT_ONCE",
    "IGNACIO_SECRET",
    "IGNACIO_TRUSTED_PROXIES",
    "IGNACIO_UPLOAD_MAX_BYTES",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODE",
    "OPENAI_WEB_SEARCH",
    "S3_ACCESS_KEY_ID",
    "S3_BUCKET",
    "S3_ENDPOINT",
    "S3_PATH_STYLE",
    "S3_REGION",
    "S3_SECRET_ACCESS_KEY",
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_APP_SECRET",
    "WHATSAPP_APP_SECRET_PREVIOUS",
    "WHATSAPP_BASE_URL",
    "WHATSAPP_NEW_DEVICE_TEMPLATE",
    "WHATSAPP_OTP_TEMPLATE",
    "WHATSAPP_PHONE_CHANGED_TEMPLATE",
    "WHATSAPP_PHONE_NUMBER_ID",
    "WHATSAPP_VERIFY_TOKEN",
];

/// The variables that may also be given as the name of a file, with `_FILE` behind the name.
pub(crate) const SECRETS: [&str; 14] = [
    "DATABASE_URL",
    "IGNACIO_DB_PASSWORD_ADMIN",
    "IGNACIO_DB_PASSWORD_API",
    "IGNACIO_DB_PASSWORD_AUTH",
    "IGNACIO_DB_PASSWORD_WORKER",
    "IGNACIO_OTP_PEPPER",
    "IGNACIO_OTP_PEPPER_PREVIOUS",
    "IGNACIO_SECRET",
    "OPENAI_API_KEY",
    "S3_SECRET_ACCESS_KEY",
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_APP_SECRET",
    "WHATSAPP_APP_SECRET_PREVIOUS",
    "WHATSAPP_VERIFY_TOKEN",
];

/// What a secret's pepper is derived as.
const OTP_PEPPER: &str = "otp-pepper";

/// What `serve` needs.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    /// What kind of deployment this is.
    pub(crate) app_env: AppEnv,
    /// What is logged.
    pub(crate) log: LogSettings,
    /// Where and how requests are answered.
    pub(crate) http: HttpSettings,
    /// The port of `GET /metrics`.
    pub(crate) metrics_listen: SocketAddr,
    /// The database and its roles.
    pub(crate) database: DatabaseSettings,
    /// The keys that sign and digest.
    pub(crate) keys: Keys,
    /// How webhooks are told from forged ones.
    pub(crate) webhook: WebhookSettings,
    /// Where files are kept.
    pub(crate) storage: S3Settings,
    /// Which models may write replies, and how much people may use.
    pub(crate) models: Arc<Models>,
    /// The background work of this process, with `--with-worker`.
    pub(crate) background: Option<BackgroundSettings>,
}

/// What `work` needs.
#[derive(Debug)]
pub(crate) struct WorkSettings {
    /// What kind of deployment this is.
    pub(crate) app_env: AppEnv,
    /// What is logged.
    pub(crate) log: LogSettings,
    /// The port of `GET /metrics`.
    pub(crate) metrics_listen: SocketAddr,
    /// The database and its roles.
    pub(crate) database: DatabaseSettings,
    /// The keys that sign and digest.
    pub(crate) keys: Keys,
    /// Where files are kept.
    pub(crate) storage: S3Settings,
    /// Whom the work is done with.
    pub(crate) background: BackgroundSettings,
}

/// What the background work needs besides the database and the store.
#[derive(Debug)]
pub(crate) struct BackgroundSettings {
    /// The models, with their prices.
    pub(crate) models: Arc<Models>,
    /// How OpenAI is reached.
    pub(crate) openai: OpenAiSettings,
    /// How codes are sent.
    pub(crate) whatsapp: WhatsAppSettings,
    /// Whether replies may look things up on the web.
    pub(crate) web_search: bool,
    /// How many replies the process writes side by side.
    pub(crate) replies_at_once: usize,
}

/// What kind of deployment this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppEnv {
    /// Real people use it.
    Production,
    /// A developer's machine, where some protections may be looser.
    Development,
}

impl AppEnv {
    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

/// The keys that are derived from a deployment's secret.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// Digest one-time codes.
    pub(crate) otp_peppers: KeyRing,
    /// Makes a session's next token out of its last.
    pub(crate) renewal: Key,
    /// What the limits of the login are counted under.
    pub(crate) buckets: Key,
    /// Signs the cursors of lists.
    pub(crate) cursor: Key,
    /// Makes the pseudonyms under which OpenAI knows people.
    pub(crate) safety_identifier: Key,
}

impl ServeSettings {
    /// What `serve` needs.
    pub(crate) fn read(environment: &Environment, with_worker: bool) -> Result<Self, Faults> {
        let mut reader = reader(environment);
        let secret = master_secret(&mut reader);
        let models = models::read(&mut reader);
        let settings = Self {
            app_env: app_env(&mut reader),
            log: log(&mut reader),
            http: HttpSettings::read(&mut reader),
            metrics_listen: http::metrics_listen(&mut reader),
            database: DatabaseSettings::read(&mut reader, secret.as_ref()),
            keys: Keys::read(&mut reader, secret.as_ref()),
            webhook: providers::webhook(&mut reader),
            storage: providers::storage(&mut reader),
            background: with_worker
                .then(|| BackgroundSettings::read(&mut reader, Arc::clone(&models))),
            models,
        };
        reader.finish(settings)
    }
}

impl WorkSettings {
    /// What `work` needs.
    pub(crate) fn read(environment: &Environment) -> Result<Self, Faults> {
        let mut reader = reader(environment);
        let secret = master_secret(&mut reader);
        let models = models::read(&mut reader);
        let settings = Self {
            app_env: app_env(&mut reader),
            log: log(&mut reader),
            metrics_listen: http::metrics_listen(&mut reader),
            database: DatabaseSettings::read(&mut reader, secret.as_ref()),
            keys: Keys::read(&mut reader, secret.as_ref()),
            storage: providers::storage(&mut reader),
            background: BackgroundSettings::read(&mut reader, models),
        };
        reader.finish(settings)
    }
}

impl BackgroundSettings {
    fn read(reader: &mut Reader<'_>, models: Arc<Models>) -> Self {
        Self {
            models,
            openai: providers::openai(reader),
            whatsapp: providers::whatsapp(reader),
            web_search: providers::web_search(reader),
            replies_at_once: replies_at_once(reader),
        }
    }
}

impl Keys {
    fn read(reader: &mut Reader<'_>, secret: Option<&MasterSecret>) -> Self {
        // Without a secret the reader refuses in the end, and nobody sees these keys.
        let key = |label| secret.map_or(Key::from_bytes([0; 32]), |secret| secret.derive(label));
        Self {
            otp_peppers: otp_peppers(reader, key(OTP_PEPPER)),
            renewal: key("renewal"),
            buckets: key("rate-buckets"),
            cursor: key("cursor"),
            safety_identifier: key("safety-identifier"),
        }
    }
}

/// What `migrate up` needs: the migrating role's URL and the passwords that the roles get.
pub(crate) fn for_migrate_up(environment: &Environment) -> Result<DatabaseSettings, Faults> {
    let mut reader = reader(environment);
    let secret = master_secret(&mut reader);
    let settings = DatabaseSettings::read(&mut reader, secret.as_ref());
    reader.finish(settings)
}

/// What the other tools of the migrating role need: its URL.
pub(crate) fn database_url(environment: &Environment) -> Result<SecretString, Faults> {
    let mut reader = reader(environment);
    let url = database::url(&mut reader);
    reader.finish(url)
}

/// What `storage ensure` needs.
pub(crate) fn for_storage(environment: &Environment) -> Result<S3Settings, Faults> {
    let mut reader = reader(environment);
    let settings = providers::storage(&mut reader);
    reader.finish(settings)
}

fn reader(environment: &Environment) -> Reader<'_> {
    Reader::new(environment, &NAMES, &SECRETS)
}

fn master_secret(reader: &mut Reader<'_>) -> Option<MasterSecret> {
    let purpose = "a random text of at least 32 characters, as `openssl rand -hex 32` makes it";
    let text = reader.required_secret("IGNACIO_SECRET", purpose)?;
    match MasterSecret::parse(text) {
        Ok(secret) => Some(secret),
        Err(too_short) => {
            reader.fault("IGNACIO_SECRET", format!("is too short: {too_short}"));
            None
        }
    }
}

/// The pepper that new codes get, and the one that is accepted beside it while it is replaced.
fn otp_peppers(reader: &mut Reader<'_>, derived: Key) -> KeyRing {
    let mut pepper = |name| {
        let text = reader.secret(name)?;
        match MasterSecret::parse(text) {
            Ok(secret) => Some(secret.derive(OTP_PEPPER)),
            Err(too_short) => {
                reader.fault(name, format!("is too short: {too_short}"));
                None
            }
        }
    };
    let signing = pepper("IGNACIO_OTP_PEPPER").unwrap_or(derived);
    KeyRing::new(signing, pepper("IGNACIO_OTP_PEPPER_PREVIOUS").into_iter().collect())
}

/// More than one process can write is no setting but a mistake.
fn replies_at_once(reader: &mut Reader<'_>) -> usize {
    reader.within("IGNACIO_REPLIES_AT_ONCE", REPLIES_AT_ONCE, 1..=10_000)
}

fn app_env(reader: &mut Reader<'_>) -> AppEnv {
    let known = [AppEnv::Production, AppEnv::Development];
    reader.one_of("APP_ENV", &known.map(|it| (it.as_str(), it)), AppEnv::Production)
}

fn log(reader: &mut Reader<'_>) -> LogSettings {
    let filter = reader.text("IGNACIO_LOG").unwrap_or_else(|| "info".to_owned());
    if let Err(error) = telemetry::filter(&filter) {
        reader.fault(
            "IGNACIO_LOG",
            format!("is no filter such as `info,ignacio_api=debug`: {error}"),
        );
    }
    let words = [("json", LogFormat::Json), ("text", LogFormat::Text)];
    LogSettings { filter, format: reader.one_of("IGNACIO_LOG_FORMAT", &words, LogFormat::Json) }
}

#[cfg(test)]
mod tests;
