//! Each command reads only what it uses; all errors are reported, without their values.

use std::{collections::BTreeSet, fs};

use ignacio_persistence::ServiceRole;
use secrecy::ExposeSecret as _;

use super::*;

/// The required settings of `serve --with-worker`.
const NEEDED: [(&str, &str); 8] = [
    ("DATABASE_URL", "postgres://ada:pw@127.0.0.1:5432/ignacio"),
    ("IGNACIO_SECRET", "0123456789abcdef0123456789abcdef"),
    ("S3_ENDPOINT", "http://127.0.0.1:9000"),
    ("S3_ACCESS_KEY_ID", "key"),
    ("S3_SECRET_ACCESS_KEY", "s3-secret"),
    ("OPENAI_API_KEY", "sk-secret"),
    ("WHATSAPP_PHONE_NUMBER_ID", "1"),
    ("WHATSAPP_ACCESS_TOKEN", "wa-secret"),
];

fn with(more: &[(&str, &str)]) -> Environment {
    NEEDED.iter().chain(more).copied().collect()
}

/// The names of the invalid variables.
fn invalid_names(environment: &Environment) -> Vec<String> {
    let errors = ServeSettings::read(environment, true).expect_err("something is wrong");
    errors.0.into_iter().map(|error| error.name).collect()
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let settings = ServeSettings::read(&with(&[]), true).unwrap();
    assert_eq!(settings.app_env, AppEnv::Production);
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.metrics_listen.to_string(), "127.0.0.1:9464");
    assert_eq!(settings.http.upload_max_bytes, 26_214_400);
    assert!(settings.http.trusted_proxies.is_empty());
    assert!(settings.webhook.app_secrets.is_empty() && settings.webhook.verify_token.is_none());
    assert_eq!(settings.storage.bucket, "user-files");
    let work = settings.background.unwrap();
    assert_eq!(work.openai.base_url, "https://api.openai.com/v1");
    assert_eq!(work.whatsapp.otp_template, "ignacio_code");
    assert_eq!(work.whatsapp.phone_changed_template, "ignacio_phone_changed");
    assert_eq!(work.whatsapp.new_device_template, "ignacio_new_device");
    assert!(!work.web_search);
    assert_eq!(work.replies_at_once, 256);
}

#[test]
fn all_missing_settings_are_named_together() {
    let names = NEEDED.map(|(name, _)| name.to_owned());
    assert_eq!(BTreeSet::from_iter(invalid_names(&Environment::default())), BTreeSet::from(names));
}

#[test]
fn a_command_needs_no_more_than_it_uses() {
    let without_worker: Environment = NEEDED.iter().take(5).copied().collect();
    assert!(ServeSettings::read(&without_worker, false).is_ok());
    assert!(WorkSettings::read(&without_worker).is_err());
    let url_alone: Environment = NEEDED.iter().take(1).copied().collect();
    assert!(database_url(&url_alone).is_ok());
    assert!(for_migrate_up(&url_alone).is_err());
}

#[test]
fn every_kind_of_wrong_value_is_named() {
    for (name, value) in [
        ("APP_ENV", "staging"),
        ("IGNACIO_LISTEN", "localhost:8080"),
        ("IGNACIO_METRICS_LISTEN", "9464"),
        ("IGNACIO_LOG", "ignacio_api=loud"),
        ("IGNACIO_LOG_FORMAT", "xml"),
        ("IGNACIO_UPLOAD_MAX_BYTES", "25MB"),
        ("IGNACIO_UPLOAD_MAX_BYTES", "0"),
        ("IGNACIO_DB_POOL_API", "0"),
        ("IGNACIO_REPLIES_AT_ONCE", "0"),
        ("IGNACIO_ALLOWED_ORIGINS", "https://app.example,*"),
        ("IGNACIO_TRUSTED_PROXIES", "10.0.0.0/8,proxy.internal"),
        ("IGNACIO_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("IGNACIO_SECRET", "short"),
        ("DATABASE_URL", "postgres://ada:pw@db.example:6543/ignacio"),
        ("S3_ENDPOINT", "127.0.0.1:9000"),
        ("S3_PATH_STYLE", "yes"),
        ("OPENAI_BASE_URL", "https://"),
        ("OPENAI_MODE", "fast"),
        ("OPENAI_WEB_SEARCH", "true"),
        ("IGNACIO_LISTN", "127.0.0.1:8080"),
    ] {
        assert_eq!(invalid_names(&with(&[(name, value)])), [name], "{name}={value}");
    }
}

#[test]
fn a_misspelt_name_gets_a_suggestion() {
    let errors = ServeSettings::read(&with(&[("IGNACIO_LISTN", "x")]), true).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "IGNACIO_LISTN is not a setting of this version, did you mean IGNACIO_LISTEN?"
    );
}

#[test]
fn no_error_shows_a_secret() {
    let wrong = with(&[
        ("DATABASE_URL", "mysql://ada:hunter2@db.example/ignacio"),
        ("IGNACIO_SECRET", "hunter2"),
    ]);
    let errors = ServeSettings::read(&wrong, true).unwrap_err();
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn a_secret_may_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "sk-from-file\n").unwrap();
    let path = path.to_str().unwrap();

    let environment = with(&[("OPENAI_API_KEY", ""), ("OPENAI_API_KEY_FILE", path)]);
    let work = ServeSettings::read(&environment, true).unwrap().background.unwrap();
    assert_eq!(work.openai.api_key.expose_secret(), "sk-from-file");

    assert_eq!(invalid_names(&with(&[("OPENAI_API_KEY_FILE", path)])), ["OPENAI_API_KEY_FILE"]);
    let nowhere = [("OPENAI_API_KEY", ""), ("OPENAI_API_KEY_FILE", "/nowhere/key")];
    assert_eq!(invalid_names(&with(&nowhere)), ["OPENAI_API_KEY_FILE"]);
}

#[test]
fn the_roles_passwords_come_from_the_secret_unless_given() {
    let derived = for_migrate_up(&with(&[])).unwrap().passwords;
    let given = for_migrate_up(&with(&[("IGNACIO_DB_PASSWORD_API", "chosen")])).unwrap().passwords;
    assert_eq!(given.api.expose_secret(), "chosen");
    assert_eq!(given.auth.expose_secret(), derived.auth.expose_secret());
    assert_ne!(derived.api.expose_secret(), derived.auth.expose_secret());
}

#[test]
fn the_source_of_a_password_is_known() {
    let settings = for_migrate_up(&with(&[("IGNACIO_DB_PASSWORD_API", "chosen")])).unwrap();
    assert_eq!(settings.password_came_from(ServiceRole::Api), "IGNACIO_DB_PASSWORD_API");
    assert_eq!(settings.password_came_from(ServiceRole::Auth), "IGNACIO_SECRET");
}

#[test]
fn each_role_connects_as_itself() {
    let settings = for_migrate_up(&with(&[("IGNACIO_DB_PASSWORD_ADMIN", "chosen")])).unwrap();
    let url = settings.url_of(ServiceRole::Admin).unwrap();
    assert_eq!(url.expose_secret(), "postgres://ignacio_admin:chosen@127.0.0.1:5432/ignacio");

    let shared =
        ("DATABASE_URL", "postgres://postgres.abcd:pw@x.pooler.supabase.com:5432/postgres");
    let settings = for_migrate_up(&with(&[shared, ("IGNACIO_DB_PASSWORD_API", "chosen")])).unwrap();
    let url = settings.url_of(ServiceRole::Api).unwrap();
    assert_eq!(
        url.expose_secret(),
        "postgres://ignacio_api.abcd:chosen@x.pooler.supabase.com:5432/postgres"
    );
}

#[test]
fn the_lists_of_names_are_complete() {
    let environment = Environment::default();
    let mut reader = reader(&environment);
    let secret = master_secret(&mut reader);
    let _keys = Keys::read(&mut reader, secret.as_ref());
    let _app_env = app_env(&mut reader);
    let _log = log(&mut reader);
    let _metrics = http::metrics_listen(&mut reader);
    let _http = HttpSettings::read(&mut reader);
    let _database = DatabaseSettings::read(&mut reader, None);
    let _webhook = providers::webhook(&mut reader);
    let _storage = providers::storage(&mut reader);
    let models = models::read(&mut reader);
    let _background = BackgroundSettings::read(&mut reader, models);

    let files = SECRETS.map(|name| format!("{name}_FILE"));
    let known: BTreeSet<_> = NAMES.map(str::to_owned).into_iter().chain(files).collect();
    assert_eq!(reader.read_names(), &known);
}
