//! The settings of the `OpenAI` client.

use secrecy::SecretString;

use crate::settings::SettingsError;

/// The API's limit for `max_num_results`.
const MAX_RESULTS: u8 = 50;

/// The API, its key and how it is used.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// The API's address, version included: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The project's key.
    pub api_key: SecretString,
    /// Whether replies run in background mode, so that they continue and can be resumed if the
    /// connection or the worker dies. True unless data protection rules forbid the provider to
    /// store a reply for some minutes.
    pub background: bool,
    /// How many passages a file search may return: 1 to 50.
    pub max_num_results: u8,
}

impl OpenAiSettings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if (1..=MAX_RESULTS).contains(&self.max_num_results) {
            Ok(())
        } else {
            Err(SettingsError::Range {
                name: "openai.max_num_results",
                min: 1,
                max: MAX_RESULTS.into(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    //! Wrong settings are named when the client is built.

    use super::*;
    use crate::OpenAi;

    #[test]
    fn wrong_settings_are_named() {
        let with = |change: fn(&mut OpenAiSettings)| {
            let mut settings = OpenAiSettings {
                base_url: "https://api.openai.com/v1/".to_owned(),
                api_key: "sk-secret".into(),
                background: true,
                max_num_results: MAX_RESULTS,
            };
            change(&mut settings);
            OpenAi::new(settings).err().map(|error| error.to_string())
        };
        assert_eq!(with(|_| ()), None);
        assert_eq!(with(|it| it.api_key = "".into()).unwrap(), "openai.api_key is empty");
        let url = with(|it| it.base_url = "api.openai.com".to_owned()).unwrap();
        assert_eq!(url, "openai.base_url is not an http:// or https:// address");
        let range = "openai.max_num_results must be between 1 and 50";
        assert_eq!(with(|it| it.max_num_results = 0).unwrap(), range);
        assert_eq!(with(|it| it.max_num_results = MAX_RESULTS + 1).unwrap(), range);
    }
}
