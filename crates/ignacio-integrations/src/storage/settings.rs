//! The settings of the object store.

use secrecy::SecretString;

use crate::settings::{SettingsError, base_url, require_text};

/// The bucket, its address and its credentials.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The address of a store that is not Amazon's; `None` for Amazon S3.
    pub endpoint: Option<String>,
    /// The region, which is part of every signature. Stores without regions accept any word.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
    /// Whether the bucket is part of the path (most stores) or of the host name (Amazon).
    pub path_style: bool,
}

impl S3Settings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if let Some(endpoint) = &self.endpoint {
            base_url("s3.endpoint", endpoint)?;
        }
        require_text("s3.region", &self.region)?;
        require_text("s3.bucket", &self.bucket)?;
        require_text("s3.access_key_id", &self.access_key_id)
    }
}
