//! The external services: the object store, OpenAI and WhatsApp.

use ignacio_api::{AppSecrets, WebhookSettings};
use ignacio_integrations::{OpenAiSettings, S3Settings, WhatsAppSettings};

use super::environment::Reader;

/// How many passages from the user's files a reply can use.
const FILE_SEARCH_RESULTS: u8 = 8;

pub(super) fn storage(reader: &mut Reader<'_>) -> S3Settings {
    let words = [("true", true), ("false", false)];
    S3Settings {
        endpoint: Some(web_address(reader, "S3_ENDPOINT", None, "the URL of the object store")),
        region: text_or(reader, "S3_REGION", "us-east-1"),
        bucket: text_or(reader, "S3_BUCKET", "user-files"),
        access_key_id: reader.required("S3_ACCESS_KEY_ID", "the access key id of the object store"),
        secret_access_key: reader
            .required_secret("S3_SECRET_ACCESS_KEY", "the secret access key of the object store")
            .unwrap_or_default(),
        path_style: reader.one_of("S3_PATH_STYLE", &words, true),
    }
}

pub(super) fn openai(reader: &mut Reader<'_>) -> OpenAiSettings {
    let modes = [("background", true), ("direct", false)];
    OpenAiSettings {
        base_url: web_address(reader, "OPENAI_BASE_URL", Some("https://api.openai.com/v1"), ""),
        api_key: reader
            .required_secret("OPENAI_API_KEY", "the API key of an OpenAI project")
            .unwrap_or_default(),
        background: reader.one_of("OPENAI_MODE", &modes, true),
        max_num_results: FILE_SEARCH_RESULTS,
    }
}

pub(super) fn web_search(reader: &mut Reader<'_>) -> bool {
    reader.one_of("OPENAI_WEB_SEARCH", &[("off", false), ("on", true)], false)
}

pub(super) fn whatsapp(reader: &mut Reader<'_>) -> WhatsAppSettings {
    let default = "https://graph.facebook.com/v23.0";
    WhatsAppSettings {
        base_url: web_address(reader, "WHATSAPP_BASE_URL", Some(default), ""),
        phone_number_id: reader.required(
            "WHATSAPP_PHONE_NUMBER_ID",
            "the id of the phone number that sends the codes",
        ),
        access_token: reader
            .required_secret("WHATSAPP_ACCESS_TOKEN", "the token of a system user")
            .unwrap_or_default(),
        otp_template: text_or(reader, "WHATSAPP_OTP_TEMPLATE", "ignacio_code"),
        phone_changed_template: text_or(
            reader,
            "WHATSAPP_PHONE_CHANGED_TEMPLATE",
            "ignacio_phone_changed",
        ),
        new_device_template: text_or(reader, "WHATSAPP_NEW_DEVICE_TEMPLATE", "ignacio_new_device"),
    }
}

/// The secrets that authenticate webhooks. None is required: without them all webhooks are rejected.
pub(super) fn webhook(reader: &mut Reader<'_>) -> WebhookSettings {
    let secrets = ["WHATSAPP_APP_SECRET", "WHATSAPP_APP_SECRET_PREVIOUS"];
    WebhookSettings {
        app_secrets: AppSecrets::new(secrets.into_iter().filter_map(|name| reader.secret(name))),
        verify_token: reader.secret("WHATSAPP_VERIFY_TOKEN"),
    }
}

fn text_or(reader: &mut Reader<'_>, name: &str, default: &str) -> String {
    reader.text(name).unwrap_or_else(|| default.to_owned())
}

/// An HTTP URL; required if there is no default.
fn web_address(
    reader: &mut Reader<'_>,
    name: &str,
    default: Option<&str>,
    purpose: &str,
) -> String {
    let text = match default {
        Some(default) => text_or(reader, name, default),
        None => reader.required(name, purpose),
    };
    let host = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    if !text.is_empty() && host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
        reader.error(name, format!("is `{text}`, expected https://… or http://…"));
    }
    text
}
