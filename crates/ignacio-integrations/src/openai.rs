//! `OpenAI`: replies by the Responses API, documents by the Files and Vector Stores APIs.
//!
//! All calls go through `async-openai`, but with our own request and response types: the crate's
//! closed enums reject every event, item or status that they do not know. Its retries are replaced
//! by a transport that sends each request exactly once.
//!
//! The crate logs payloads that are not valid JSON; a binary must filter these log lines out, see
//! the documentation of [this crate](crate).

mod assistant;
mod error;
mod event_reader;
mod generate_text;
mod reply_stream;
mod request;
mod settings;
mod single_attempt;
mod vector_store;

use std::time::Duration;

use async_openai::{Client, config::Config};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::SecretString;

use self::single_attempt::SingleAttempt;
use crate::{
    http,
    settings::{SettingsError, base_url, bearer},
};

pub use self::settings::OpenAiSettings;

/// How long a reply may be silent, before its first event and between two events.
const REPLY_TIMEOUT: Duration = Duration::from_secs(45);
/// How long a call about files or vector stores may take; it includes sending the file.
const FILES_TIMEOUT: Duration = Duration::from_mins(2);

/// `OpenAI` as the [`Assistant`](ignacio_domain::ports::Assistant) and the
/// [`VectorStore`](ignacio_domain::ports::VectorStore). Cheap to clone.
#[derive(Clone)]
pub struct OpenAi {
    replies: Client<Endpoint>,
    files: Client<Endpoint>,
    background: bool,
    max_num_results: u8,
}

impl OpenAi {
    /// Builds the clients; nothing is sent yet.
    pub fn new(settings: OpenAiSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let OpenAiSettings { base_url, api_key, background, max_num_results } = settings;
        let endpoint = Endpoint::new(&base_url, api_key)?;
        Ok(Self {
            replies: endpoint.clone().client(REPLY_TIMEOUT)?,
            files: endpoint.client(FILES_TIMEOUT)?,
            background,
            max_num_results,
        })
    }
}

/// The address of the API and its key. (The crate's own type would read environment variables.)
#[derive(Clone)]
struct Endpoint {
    base: String,
    key: SecretString,
    authorization: HeaderValue,
}

impl Endpoint {
    fn new(url: &str, key: SecretString) -> Result<Self, SettingsError> {
        let base = base_url("openai.base_url", url)?;
        let authorization = bearer("openai.api_key", &key)?;
        Ok(Self { base, key, authorization })
    }

    fn client(self, timeout: Duration) -> Result<Client<Self>, SettingsError> {
        let http = http::client(timeout)?;
        Ok(Client::build(http.clone(), self).with_http_service(SingleAttempt::new(http)))
    }
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, self.authorization.clone())])
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}
