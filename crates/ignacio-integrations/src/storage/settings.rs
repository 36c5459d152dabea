//! What the object store is called with.

use secrecy::SecretString;

use crate::settings::{SettingsError, address, given};

/// Where the objects are kept; read by the binary, never here.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The address of a store other than Amazon's; `None` for Amazon's own.
    pub endpoint: Option<String>,
    /// The region, which is signed with every request. Stores that have none take any word.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The name of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: SecretString,
    /// Whether the bucket stands in the path (most stores) or in the host name (Amazon).
    pub path_style: bool,
}

impl S3Settings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if let Some(endpoint) = &self.endpoint {
            address("s3.endpoint", endpoint)?;
        }
        given("s3.region", &self.region)?;
        given("s3.bucket", &self.bucket)?;
        given("s3.access_key_id", &self.access_key_id)
    }
}
