//! The [`ObjectStore`] over S3.

use std::{io, time::Duration};

use async_trait::async_trait;
use aws_sdk_s3::{
    Client, Config,
    config::{
        BehaviorVersion, Credentials, Region, RequestChecksumCalculation,
        ResponseChecksumValidation, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    operation::{create_bucket::CreateBucketError, get_object::GetObjectOutput},
    primitives::ByteStream as SdkStream,
    types::{BucketLocationConstraint, CreateBucketConfiguration},
};
use aws_smithy_http_client::{Builder, tls};
use futures_util::stream;
use ignacio_domain::{
    file::ObjectKey,
    ports::{ByteRange, ByteStream, ObjectContent, ObjectStore, PortError},
};
use secrecy::ExposeSecret as _;

use super::{
    error::{of_bucket, port_error},
    multipart_upload::MultipartUpload,
    settings::S3Settings,
};
use crate::settings::SettingsError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(150);
const MAX_ATTEMPTS: u32 = 3;
/// How long a transfer may stall.
const STALL: Duration = Duration::from_secs(20);
/// A health check must answer quickly.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// The region whose buckets are created without naming it.
const DEFAULT_REGION: &str = "us-east-1";

/// An S3 bucket as the [`ObjectStore`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// The region to create the bucket in, where it must be named.
    place: Option<BucketLocationConstraint>,
}

impl S3Store {
    /// Builds the client; nothing is sent yet.
    pub fn new(settings: S3Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let is_amazon = settings.endpoint.is_none();
        let place = (is_amazon && settings.region != DEFAULT_REGION)
            .then(|| BucketLocationConstraint::from(settings.region.as_str()));
        Ok(Self { client: Client::from_conf(config(&settings)), bucket: settings.bucket, place })
    }

    /// True if this call created the bucket.
    async fn create_bucket(&self) -> Result<bool, PortError> {
        let configuration = self
            .place
            .clone()
            .map(|place| CreateBucketConfiguration::builder().location_constraint(place).build());
        let made = self
            .client
            .create_bucket()
            .bucket(&self.bucket)
            .set_create_bucket_configuration(configuration)
            .send()
            .await;
        let Err(error) = made else { return Ok(true) };
        match error.as_service_error() {
            Some(CreateBucketError::BucketAlreadyOwnedByYou(_)) => Ok(false),
            // Created meanwhile by another process: fine if we may use it.
            Some(CreateBucketError::BucketAlreadyExists(_)) => self.check().await.map(|()| false),
            _ => Err(of_bucket(&error)),
        }
    }
}

/// Checksums only where S3 requires them: several compatible stores reject the trailing ones that
/// the SDK would add, and the service keeps its own SHA-256.
fn config(settings: &S3Settings) -> Config {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let credentials = Credentials::new(
        &settings.access_key_id,
        settings.secret_access_key.expose_secret(),
        None,
        None,
        "settings",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let mut config = Config::builder();
    config.set_endpoint_url(settings.endpoint.clone());
    config
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(provider).build_https())
        .region(Region::new(settings.region.clone()))
        .force_path_style(settings.path_style)
        .credentials_provider(credentials)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(timeouts)
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().grace_period(STALL).build(),
        )
        .build()
}

#[async_trait]
impl ObjectStore for S3Store {
    /// Memory: two parts of 5 MiB, however large the content is. A future that is dropped midway
    /// leaves its parts to the bucket's rule for incomplete uploads.
    #[tracing::instrument(name = "out.s3.put", skip_all, fields(key = key.as_str()))]
    async fn put(
        &self,
        key: &ObjectKey,
        media_type: &str,
        content: ByteStream,
    ) -> Result<(), PortError> {
        MultipartUpload::new(&self.client, &self.bucket, key, media_type).send(content).await
    }

    #[tracing::instrument(name = "out.s3.get", skip_all, fields(key = key.as_str()))]
    async fn get(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
    ) -> Result<ObjectContent, PortError> {
        let object = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            .set_range(range.map(|it| format!("bytes={}-{}", it.first, it.last)))
            .send()
            .await
            .map_err(|error| port_error(&error))?;
        Ok(ObjectContent { size: whole_size(&object, range)?, bytes: bytes(object.body) })
    }

    #[tracing::instrument(name = "out.s3.delete", skip_all, fields(key = key.as_str()))]
    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key.as_str());
        match request.send().await.map_err(|error| port_error(&error)) {
            Ok(_) | Err(PortError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A new bucket is private by S3's default; nothing here ever opens it.
    #[tracing::instrument(name = "out.s3.ensure_bucket", skip_all, fields(bucket = self.bucket))]
    async fn ensure_bucket(&self) -> Result<bool, PortError> {
        let head = self.client.head_bucket().bucket(&self.bucket).send().await;
        match head.map_err(|error| port_error(&error)) {
            Ok(_) => Ok(false),
            Err(PortError::NotFound) => self.create_bucket().await,
            Err(error) => Err(error),
        }
    }

    /// One attempt of at most five seconds. [`PortError::Misconfigured`] if there is no such
    /// bucket.
    #[tracing::instrument(name = "out.s3.check", skip_all, fields(bucket = self.bucket))]
    async fn check(&self) -> Result<(), PortError> {
        let at_once = Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(CHECK_TIMEOUT).build());
        let head = self.client.head_bucket().bucket(&self.bucket).customize();
        match head.config_override(at_once).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(of_bucket(&error)),
        }
    }
}

/// The size of the whole object. If a store responds to a range with anything else, it is an error:
/// its bytes would be taken for those of the range.
fn whole_size(object: &GetObjectOutput, range: Option<ByteRange>) -> Result<u64, PortError> {
    let size = match range {
        None => object.content_length().and_then(|it| u64::try_from(it).ok()),
        Some(range) => object.content_range().and_then(|sent| {
            let whole = sent.strip_prefix(&format!("bytes {}-{}/", range.first, range.last))?;
            whole.parse().ok()
        }),
    };
    size.ok_or_else(|| PortError::Rejected {
        code: "no_length".to_owned(),
        reason: "the store did not send the requested range, or no size".to_owned(),
    })
}

/// The bytes of an object as they arrive.
fn bytes(body: SdkStream) -> ByteStream {
    Box::pin(stream::unfold(body, |mut body| async move {
        let next = body.next().await?;
        Some((next.map_err(io::Error::other), body))
    }))
}
