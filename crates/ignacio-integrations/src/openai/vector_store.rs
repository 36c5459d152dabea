//! The [`VectorStore`]: files at the provider, and the vector stores that index them.

use std::sync::{Arc, Mutex, PoisonError};

use async_openai::{
    error::OpenAIError,
    traits::{AsyncTryFrom, RequestOptionsBuilder as _},
};
use async_trait::async_trait;
use ignacio_domain::ports::{
    FileAttributes, IndexingStatus, PortError, ProviderFile, ProviderUpload, VectorStore,
};
use reqwest::{
    Body,
    multipart::{Form, Part},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use time::OffsetDateTime;

use super::{
    OpenAi,
    error::{port_error, refusal},
    request::{accept_missing, ignore_body},
};

/// The purpose of our files at the provider.
const PURPOSE: &str = "user_data";
/// Files on one page of a listing; the API allows up to 10,000.
const PAGE: &str = "1000";

#[async_trait]
impl VectorStore for OpenAi {
    #[tracing::instrument(name = "out.openai.upload_file", skip_all, fields(size = upload.size))]
    async fn upload_file(&self, upload: ProviderUpload) -> Result<String, PortError> {
        let created: Created = self
            .files
            .files()
            .create_byot(SingleUseUpload::new(upload))
            .await
            .map_err(port_error)?;
        Ok(created.id)
    }

    #[tracing::instrument(name = "out.openai.find_files", skip_all)]
    async fn find_files(
        &self,
        name: &str,
        since: OffsetDateTime,
    ) -> Result<Vec<ProviderFile>, PortError> {
        let since = since.unix_timestamp();
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.files_page(after.as_deref()).await?;
            let Some(last) = page.data.last() else { break };
            let is_last = !page.has_more
                || last.created_at < since
                // A listing that does not advance would never end.
                || after.as_deref() == Some(last.id.as_str());
            after = Some(last.id.clone());
            let wanted = |it: &Listed| it.created_at >= since && it.filename == name;
            found.extend(page.data.into_iter().filter(wanted).map(ProviderFile::from));
            if is_last {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }

    #[tracing::instrument(name = "out.openai.delete_file", skip_all, fields(provider.file = id))]
    async fn delete_file(&self, id: &str) -> Result<(), PortError> {
        accept_missing(self.files.files().delete_byot::<_, IgnoredAny>(id).await)
    }

    #[tracing::instrument(name = "out.openai.create_store", skip_all)]
    async fn create_store(&self, name: &str) -> Result<String, PortError> {
        let created: Created =
            self.files.vector_stores().create_byot(NewStore { name }).await.map_err(port_error)?;
        Ok(created.id)
    }

    #[tracing::instrument(name = "out.openai.delete_store", skip_all, fields(provider.store = store))]
    async fn delete_store(&self, store: &str) -> Result<(), PortError> {
        accept_missing(self.files.vector_stores().delete_byot::<_, IgnoredAny>(store).await)
    }

    #[tracing::instrument(
        name = "out.openai.attach_file",
        skip_all,
        fields(provider.store = store, provider.file = file, file.id = %attributes.file)
    )]
    async fn attach_file(
        &self,
        store: &str,
        file: &str,
        attributes: FileAttributes,
    ) -> Result<(), PortError> {
        let request = Attach {
            file_id: file,
            attributes: Attributes {
                user_id: attributes.owner.to_string(),
                file_id: attributes.file.to_string(),
            },
        };
        let attached: Result<IgnoredAny, _> =
            self.files.vector_stores().files(store).create_byot(request).await;
        match attached {
            Err(error) if refusal(&error).is_some_and(|it| it.already_exists) => Ok(()),
            other => ignore_body(other),
        }
    }

    #[tracing::instrument(
        name = "out.openai.indexing_status",
        skip_all,
        fields(provider.store = store, provider.file = file)
    )]
    async fn indexing_status(&self, store: &str, file: &str) -> Result<IndexingStatus, PortError> {
        let stored: Stored = self
            .files
            .vector_stores()
            .files(store)
            .retrieve_byot(file)
            .await
            .map_err(port_error)?;
        Ok(stored.into())
    }

    #[tracing::instrument(
        name = "out.openai.detach_file",
        skip_all,
        fields(provider.store = store, provider.file = file)
    )]
    async fn detach_file(&self, store: &str, file: &str) -> Result<(), PortError> {
        accept_missing(
            self.files.vector_stores().files(store).delete_byot::<_, IgnoredAny>(file).await,
        )
    }
}

impl OpenAi {
    /// A page of our files, newest first, starting after the file `after`.
    async fn files_page(&self, after: Option<&str>) -> Result<FilesPage, PortError> {
        let mut query = vec![("purpose", PURPOSE), ("order", "desc"), ("limit", PAGE)];
        query.extend(after.map(|id| ("after", id)));
        let files = self.files.files().query(&query).map_err(port_error)?;
        files.list_byot().await.map_err(port_error)
    }
}

/// An upload whose bytes can be read once. The crate requires a type that it could send again; our
/// transport never does.
#[derive(Clone)]
struct SingleUseUpload(Arc<Mutex<Option<ProviderUpload>>>);

impl SingleUseUpload {
    fn new(upload: ProviderUpload) -> Self {
        Self(Arc::new(Mutex::new(Some(upload))))
    }

    fn take(&self) -> Option<ProviderUpload> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl AsyncTryFrom<SingleUseUpload> for Form {
    type Error = OpenAIError;

    /// The live API misreads chunked uploads, so the length is set and the purpose comes before the
    /// file.
    async fn try_from(upload: SingleUseUpload) -> Result<Self, OpenAIError> {
        let Some(upload) = upload.take() else {
            return Err(OpenAIError::InvalidArgument("the bytes were already sent".to_owned()));
        };
        let part = Part::stream_with_length(Body::wrap_stream(upload.content), upload.size)
            .file_name(upload.name)
            .mime_str(&upload.media_type)
            .ok()
            .ok_or_else(|| OpenAIError::InvalidArgument("invalid media type".to_owned()))?;
        Ok(Self::new().text("purpose", PURPOSE).part("file", part))
    }
}

/// Anything that was created; only its id matters.
#[derive(Deserialize)]
struct Created {
    id: String,
}

#[derive(Deserialize)]
struct FilesPage {
    data: Vec<Listed>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    filename: String,
    created_at: i64,
}

impl From<Listed> for ProviderFile {
    fn from(file: Listed) -> Self {
        Self { id: file.id, name: file.filename }
    }
}

#[derive(Serialize)]
struct NewStore<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Attach<'a> {
    file_id: &'a str,
    attributes: Attributes,
}

#[derive(Serialize)]
struct Attributes {
    user_id: String,
    file_id: String,
}

#[derive(Deserialize)]
struct Stored {
    status: String,
    last_error: Option<LastError>,
}

#[derive(Deserialize)]
struct LastError {
    code: Option<String>,
}

impl From<Stored> for IndexingStatus {
    /// An unknown status counts as in progress: the caller polls again and gives up after a while.
    fn from(stored: Stored) -> Self {
        match stored.status.as_str() {
            "completed" => Self::Completed,
            "failed" | "cancelled" => {
                let code = stored.last_error.and_then(|it| it.code);
                Self::Failed { code: code.unwrap_or(stored.status) }
            }
            _ => Self::InProgress,
        }
    }
}
