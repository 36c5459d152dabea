//! `OpenAI`: replies by the Responses API, documents by the Files and Vector Stores APIs.
//!
//! Everything goes through `async-openai` with our own request and answer types, because the
//! crate's closed enums turn every event, item or word that is new into an error. Its own retries
//! are replaced by a transport that sends each request exactly once.
//!
//! On an answer or event that is no JSON the crate logs the payload, which a binary must filter
//! out: see the head of [this crate](crate).

mod assistant;
mod compose;
mod error;
mod events;
mod library;
mod reply;
mod settings;
mod transport;

use std::time::Duration;

use async_openai::{Client, config::Config};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::SecretString;

use self::transport::SingleTry;
use crate::{
    http,
    settings::{SettingsError, address, bearer},
};

pub use self::settings::OpenAiSettings;

/// The longest silence of a reply, before its first event and between two of them.
const REPLY_SILENCE: Duration = Duration::from_secs(45);
/// The longest wait for the answer to a call of the library; it spans the sending of a document.
const LIBRARY_SILENCE: Duration = Duration::from_mins(2);

/// `OpenAI` as the [`Assistant`](ignacio_domain::ports::Assistant) and the
/// [`VectorStore`](ignacio_domain::ports::VectorLibrary). Cheap to clone.
#[derive(Clone)]
pub struct OpenAi {
    replies: Client<Access>,
    library: Client<Access>,
    background: bool,
    max_num_results: u8,
}

impl OpenAi {
    /// Sets the clients up; nothing is sent yet.
    pub fn new(settings: OpenAiSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let OpenAiSettings { base_url, api_key, background, max_num_results } = settings;
        let access = Access::new(&base_url, api_key)?;
        Ok(Self {
            replies: access.clone().client(REPLY_SILENCE)?,
            library: access.client(LIBRARY_SILENCE)?,
            background,
            max_num_results,
        })
    }
}

/// Where the API is and what opens it. (The crate's own type would read environment variables.)
#[derive(Clone)]
struct Access {
    base: String,
    key: SecretString,
    authorization: HeaderValue,
}

impl Access {
    fn new(base_url: &str, key: SecretString) -> Result<Self, SettingsError> {
        let base = address("openai.base_url", base_url)?;
        let authorization = bearer("openai.api_key", &key)?;
        Ok(Self { base, key, authorization })
    }

    fn client(self, silence: Duration) -> Result<Client<Self>, SettingsError> {
        let http = http::client(silence)?;
        Ok(Client::build(http.clone(), self).with_http_service(SingleTry::new(http)))
    }
}

impl Config for Access {
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
