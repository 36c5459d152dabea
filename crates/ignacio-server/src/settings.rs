//! All settings of a deployment, read from the environment once, at startup.
//!
//! Each command reads only the settings that it uses. All errors are reported together, each with
//! the name of its variable. `cargo xtask tidy` checks that docs/operations.md lists the settings.

mod database;
mod environment;
mod http;
mod models;
mod providers;

use std::{net::SocketAddr, sync::Arc};

use ignacio_api::WebhookSettings;
use ignacio_domain::keys::{Key, KeyRing, MasterSecret};
use ignacio_domain::model_catalog::ModelCatalog;
use ignacio_integrations::{OpenAiSettings, S3Settings, WhatsAppSettings};
use ignacio_worker::DEFAULT_REPLY_CONCURRENCY;
use secrecy::SecretString;

pub use self::environment::Environment;
use self::environment::Reader;
pub(crate) use self::{
    database::{DatabaseSettings, TRANSACTION_POOLER},
    environment::SettingErrors,
    http::HttpSettings,
};
use crate::telemetry::{self, LogFormat, LogSettings};

/// All variables that the service reads.
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

/// The variables that can also name a file, with `_FILE` appended to the name.
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

/// The label under which the OTP pepper is derived from the secret.
const OTP_PEPPER: &str = "otp-pepper";

/// The settings of `serve`.
#[derive(Debug)]
pub(crate) struct ServeSettings {
    /// The kind of deployment.
    pub(crate) app_env: AppEnv,
    /// What is logged.
    pub(crate) log: LogSettings,
    /// The HTTP server.
    pub(crate) http: HttpSettings,
    /// The address of `GET /metrics`.
    pub(crate) metrics_listen: SocketAddr,
    /// The database and its roles.
    pub(crate) database: DatabaseSettings,
    /// The keys that sign and digest.
    pub(crate) keys: Keys,
    /// How webhooks are authenticated.
    pub(crate) webhook: WebhookSettings,
    /// The object store.
    pub(crate) storage: S3Settings,
    /// Which models may write replies, and the quotas.
    pub(crate) models: Arc<ModelCatalog>,
    /// The background jobs of this process, with `--with-worker`.
    pub(crate) background: Option<BackgroundSettings>,
}

/// The settings of `work`.
#[derive(Debug)]
pub(crate) struct WorkSettings {
    /// The kind of deployment.
    pub(crate) app_env: AppEnv,
    /// What is logged.
    pub(crate) log: LogSettings,
    /// The address of `GET /metrics`.
    pub(crate) metrics_listen: SocketAddr,
    /// The database and its roles.
    pub(crate) database: DatabaseSettings,
    /// The keys that sign and digest.
    pub(crate) keys: Keys,
    /// The object store.
    pub(crate) storage: S3Settings,
    /// The background jobs.
    pub(crate) background: BackgroundSettings,
}

/// The settings of the background jobs besides the database and the object store.
#[derive(Debug)]
pub(crate) struct BackgroundSettings {
    /// The models, with their prices.
    pub(crate) models: Arc<ModelCatalog>,
    /// The OpenAI API.
    pub(crate) openai: OpenAiSettings,
    /// The WhatsApp API, which sends the codes.
    pub(crate) whatsapp: WhatsAppSettings,
    /// Whether replies may search the web.
    pub(crate) web_search: bool,
    /// How many replies the process writes concurrently.
    pub(crate) replies_at_once: usize,
}

/// The kind of deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppEnv {
    /// Real users use it.
    Production,
    /// A developer's machine, where some protections may be relaxed.
    Development,
}

impl AppEnv {
    /// The value of `APP_ENV`.
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
    /// Derives the next token of a session from its last.
    pub(crate) renewal: Key,
    /// Hashes the keys of the login rate limits.
    pub(crate) buckets: Key,
    /// Signs the cursors of lists.
    pub(crate) cursor: Key,
    /// Derives the safety identifier of a user for OpenAI.
    pub(crate) safety_identifier: Key,
}

impl ServeSettings {
    /// The settings of `serve`.
    pub(crate) fn read(
        environment: &Environment,
        with_worker: bool,
    ) -> Result<Self, SettingErrors> {
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
    /// The settings of `work`.
    pub(crate) fn read(environment: &Environment) -> Result<Self, SettingErrors> {
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
    fn read(reader: &mut Reader<'_>, models: Arc<ModelCatalog>) -> Self {
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
        // Without a secret, `Reader::finish` fails and these keys are never used.
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

/// The settings of `migrate up`: the URL of the migrating role and the passwords of the service roles.
pub(crate) fn for_migrate_up(environment: &Environment) -> Result<DatabaseSettings, SettingErrors> {
    let mut reader = reader(environment);
    let secret = master_secret(&mut reader);
    let settings = DatabaseSettings::read(&mut reader, secret.as_ref());
    reader.finish(settings)
}

/// The settings of the other commands of the migrating role: its URL.
pub(crate) fn database_url(environment: &Environment) -> Result<SecretString, SettingErrors> {
    let mut reader = reader(environment);
    let url = database::url(&mut reader);
    reader.finish(url)
}

/// The settings of `storage ensure`.
pub(crate) fn for_storage(environment: &Environment) -> Result<S3Settings, SettingErrors> {
    let mut reader = reader(environment);
    let settings = providers::storage(&mut reader);
    reader.finish(settings)
}

fn reader(environment: &Environment) -> Reader<'_> {
    Reader::new(environment, &NAMES, &SECRETS)
}

fn master_secret(reader: &mut Reader<'_>) -> Option<MasterSecret> {
    let purpose =
        "a random text of at least 32 characters, for example from `openssl rand -hex 32`";
    let text = reader.required_secret("IGNACIO_SECRET", purpose)?;
    match MasterSecret::parse(text) {
        Ok(secret) => Some(secret),
        Err(too_short) => {
            reader.error("IGNACIO_SECRET", format!("is too short: {too_short}"));
            None
        }
    }
}

/// The pepper for new codes, and the previous one, which is still accepted during rotation.
fn otp_peppers(reader: &mut Reader<'_>, derived: Key) -> KeyRing {
    let mut pepper = |name| {
        let text = reader.secret(name)?;
        match MasterSecret::parse(text) {
            Ok(secret) => Some(secret.derive(OTP_PEPPER)),
            Err(too_short) => {
                reader.error(name, format!("is too short: {too_short}"));
                None
            }
        }
    };
    let signing = pepper("IGNACIO_OTP_PEPPER").unwrap_or(derived);
    KeyRing::new(signing, pepper("IGNACIO_OTP_PEPPER_PREVIOUS").into_iter().collect())
}

/// The upper bound catches typing errors: no process can write more replies.
fn replies_at_once(reader: &mut Reader<'_>) -> usize {
    reader.within("IGNACIO_REPLIES_AT_ONCE", DEFAULT_REPLY_CONCURRENCY, 1..=10_000)
}

fn app_env(reader: &mut Reader<'_>) -> AppEnv {
    let known = [AppEnv::Production, AppEnv::Development];
    reader.one_of("APP_ENV", &known.map(|it| (it.as_str(), it)), AppEnv::Production)
}

fn log(reader: &mut Reader<'_>) -> LogSettings {
    let filter = reader.text("IGNACIO_LOG").unwrap_or_else(|| "info".to_owned());
    if let Err(error) = telemetry::filter(&filter) {
        reader.error(
            "IGNACIO_LOG",
            format!("is not a log filter such as `info,ignacio_api=debug`: {error}"),
        );
    }
    let words = [("json", LogFormat::Json), ("text", LogFormat::Text)];
    LogSettings { filter, format: reader.one_of("IGNACIO_LOG_FORMAT", &words, LogFormat::Json) }
}

#[cfg(test)]
mod tests;
