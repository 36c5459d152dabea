//! The `Idempotency-Key` of an upload, whose digest is only known after the last byte.

use actix_web::HttpRequest;
use ignacio_domain::file::{FileName, StoredContent};
use ignacio_domain::ids::ConversationId;
use ignacio_persistence::{IdempotencyKeys, KeyState, StoredResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::auth::Caller;
use crate::flows::idempotency::{IdempotentResponse, KeyedHead, record};
use crate::problem::ApiError;
use crate::responders::Created;
use crate::state::AppState;

/// The key of an upload, if it has one.
#[derive(Clone)]
pub(crate) struct UploadKey(Option<KeyedHead>);

/// An earlier upload with the same key.
pub(super) struct EarlierUpload {
    head: KeyedHead,
    request: [u8; 32],
    response: StoredResponse,
}

impl UploadKey {
    /// Reads the key.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        KeyedHead::of(request).map(Self)
    }

    /// The earlier upload with this key, if it has been answered.
    pub(super) async fn lookup(
        &self,
        state: &AppState,
        caller: &Caller,
    ) -> Result<Option<EarlierUpload>, ApiError> {
        let Some(head) = &self.0 else { return Ok(None) };
        let scope = state.db.begin(caller.session()).await?;
        let found = scope.idempotency_keys().lookup(head.key()).await?;
        scope.commit().await?;
        match found {
            KeyState::Free => Ok(None),
            KeyState::InProgress => Err(ApiError::InProgress),
            KeyState::Answered { request, response } => {
                Ok(Some(EarlierUpload { head: head.clone(), request, response }))
            }
        }
    }

    /// Reserves the key until the upload is stored or released.
    pub(super) async fn reserve(&self, keys: IdempotencyKeys<'_>) -> Result<(), ApiError> {
        let Some(head) = &self.0 else { return Ok(()) };
        // The digest of the body is not known yet, and only that of a request with a response is
        // compared.
        match keys.reserve(&head.with_body(&[0; 32])).await? {
            KeyState::Free => Ok(()),
            // Another upload was faster. A retry finds out whether it was equal.
            KeyState::InProgress | KeyState::Answered { .. } => Err(ApiError::InProgress),
        }
    }

    /// Releases the key: nothing was created.
    pub(super) async fn release(&self, keys: IdempotencyKeys<'_>) -> Result<(), ApiError> {
        match &self.0 {
            Some(head) => Ok(keys.release(head.key()).await?),
            None => Ok(()),
        }
    }

    /// Stores the response, now that the upload is known by its digest.
    pub(super) async fn store<T: Serialize>(
        &self,
        keys: IdempotencyKeys<'_>,
        digest: &[u8; 32],
        created: &Created<T>,
    ) -> Result<StoredResponse, ApiError> {
        let response = record(created)?;
        if let Some(head) = &self.0 {
            keys.store(&head.with_body(digest), None, &response).await?;
        }
        Ok(response)
    }
}

impl EarlierUpload {
    /// The earlier response, if this upload is the same.
    pub(super) fn replay(self, digest: &[u8; 32]) -> Result<IdempotentResponse, ApiError> {
        if self.head.with_body(digest).request == self.request {
            Ok(IdempotentResponse::Replayed(self.response))
        } else {
            Err(ApiError::KeyReused)
        }
    }
}

/// The digest that identifies an upload: its bytes and its fields, however the form is encoded.
pub(super) fn upload_digest(
    conversation: Option<ConversationId>,
    name: &FileName,
    content: &StoredContent,
) -> [u8; 32] {
    let conversation = conversation.map(ConversationId::into_uuid).unwrap_or_default();
    Sha256::new()
        .chain_update(content.sha256)
        .chain_update(conversation)
        .chain_update(name.as_str())
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    //! Every part of an upload changes its digest.

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_part_of_an_upload_counts() {
        let content = |byte| StoredContent { size: 4, sha256: [byte; 32] };
        let name = |text| FileName::parse(text).unwrap();
        let conversation = Some(ConversationId::new());
        let digests = HashSet::from([
            upload_digest(None, &name("a.txt"), &content(1)),
            upload_digest(None, &name("a.txt"), &content(2)),
            upload_digest(None, &name("b.txt"), &content(1)),
            upload_digest(conversation, &name("a.txt"), &content(1)),
        ]);
        assert_eq!(digests.len(), 4);
        let again = upload_digest(None, &name("a.txt"), &content(1));
        assert!(digests.contains(&again));
    }
}
