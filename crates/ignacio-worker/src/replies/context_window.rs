//! Which part of a conversation the model is given: its newest messages in order, with their
//! attachments.

use std::collections::HashMap;

use futures_util::future::join_all;
use ignacio_domain::file::{FileKind, MediaType, ObjectKey};
use ignacio_domain::ids::FileId;
use ignacio_domain::message::{Attachment, Author, Message};
use ignacio_domain::ports::ObjectStore;
use ignacio_domain::prompt::{ImageInput, PromptTurn, attachment_note, image_note};

use crate::object_reader::read_object;

/// The largest image that is sent, in bytes.
const MAX_IMAGE_BYTES: usize = 8 * 1024 * 1024;
/// How many images are sent, newest first.
const MAX_IMAGES: usize = 10;
/// All images together: the provider takes 50 MB per request, and base64 adds a third.
const MAX_TOTAL_BYTES: usize = 32 * 1024 * 1024;

/// What is known about attachments, beyond their names.
#[derive(Default)]
pub(super) struct Attachments {
    /// Documents that are not indexed yet.
    pub(super) pending: Vec<(FileId, String)>,
    /// Where the images are stored, and their sizes.
    pub(super) images: HashMap<FileId, (ObjectKey, i64)>,
}

/// A turn whose image is not loaded yet.
#[derive(Clone)]
pub(super) struct TurnDraft {
    author: Author,
    text: String,
    image: Option<Image>,
}

#[derive(Clone)]
struct Image {
    key: ObjectKey,
    media_type: String,
    name: String,
    size: usize,
}

/// The newest messages that fit into `max_bytes`; the last one is always among them.
pub(super) fn newest_within(messages: &[Message], max_bytes: usize) -> &[Message] {
    let mut left = max_bytes;
    let fits = |message: &&Message| {
        let fits = message.content.len() <= left;
        left = left.saturating_sub(message.content.len());
        fits
    };
    let n_messages = messages.iter().rev().take_while(fits).count().max(1);
    messages.get(messages.len().saturating_sub(n_messages)..).unwrap_or_default()
}

/// The images among the attachments.
pub(super) fn image_ids(messages: &[Message]) -> Vec<FileId> {
    let attachments = messages.iter().flat_map(|it| &it.attachments);
    attachments.filter(|it| is(it, FileKind::Image)).map(|it| it.id).collect()
}

/// Whether the user's last message has documents attached.
pub(super) fn has_new_documents(messages: &[Message]) -> bool {
    let last = messages.iter().rev().find(|it| it.author == Author::User);
    last.is_some_and(|it| it.attachments.iter().any(|file| is(file, FileKind::Document)))
}

/// The messages as turns. Attachments come before their message as turns of their own, so that the
/// last turn is what the user wrote. Empty replies are left out.
pub(super) fn drafts_of(messages: &[Message], attachments: &Attachments) -> Vec<TurnDraft> {
    let mut drafts = Vec::new();
    for message in messages {
        let author = message.author;
        for file in &message.attachments {
            drafts.push(attachment_draft(author, file, attachments));
        }
        if !message.content.is_empty() {
            drafts.push(TurnDraft { author, text: message.content.clone(), image: None });
        }
    }
    drafts
}

fn attachment_draft(author: Author, file: &Attachment, attachments: &Attachments) -> TurnDraft {
    if !is(file, FileKind::Image) {
        let is_pending = attachments.pending.iter().any(|(id, _)| *id == file.id);
        let text = attachment_note(&file.name, &file.media_type, is_pending);
        return TurnDraft { author, text, image: None };
    }
    let image = attachments.images.get(&file.id).and_then(|(key, size)| {
        let size = usize::try_from(*size).ok().filter(|it| *it <= MAX_IMAGE_BYTES)?;
        let (media_type, name) = (file.media_type.clone(), file.name.clone());
        Some(Image { key: key.clone(), media_type, name, size })
    });
    TurnDraft { author, text: image_note(&file.name, image.is_some()), image }
}

fn is(file: &Attachment, kind: FileKind) -> bool {
    MediaType::find(&file.media_type).is_some_and(|it| it.kind == kind)
}

/// What the user wrote since the model's last reply.
pub(super) fn since_last_reply(drafts: &[TurnDraft]) -> Vec<TurnDraft> {
    let n_new = drafts.iter().rev().take_while(|it| it.author == Author::User).count();
    drafts.get(drafts.len() - n_new..).unwrap_or_default().to_vec()
}

/// Loads the newest images. An image that cannot be loaded is only named: a reply without it is
/// better than none.
pub(super) async fn load_turns(drafts: &[TurnDraft], objects: &dyn ObjectStore) -> Vec<PromptTurn> {
    let (mut n_left, mut bytes_left) = (MAX_IMAGES, MAX_TOTAL_BYTES);
    let mut images: Vec<_> = drafts
        .iter()
        .rev()
        .map(|it| {
            let image = it.image.as_ref().filter(|it| n_left > 0 && it.size <= bytes_left)?;
            n_left -= 1;
            bytes_left -= image.size;
            Some(image)
        })
        .collect();
    images.reverse();
    let turns = drafts.iter().zip(images).map(|(it, image)| load_turn(it, image, objects));
    join_all(turns).await
}

async fn load_turn(
    draft: &TurnDraft,
    image: Option<&Image>,
    objects: &dyn ObjectStore,
) -> PromptTurn {
    let mut turn = PromptTurn::text_only(draft.author, draft.text.clone());
    let Some(named) = &draft.image else { return turn };
    let content = match image {
        Some(image) => read_object(objects, &image.key, MAX_IMAGE_BYTES).await.map(Some),
        None => Ok(None),
    };
    match content {
        Ok(Some(content)) => {
            turn.images.push(ImageInput { media_type: named.media_type.clone(), content });
        }
        Ok(None) => turn.text = image_note(&named.name, false),
        Err(error) => {
            tracing::warn!(%error, "an image cannot be sent to the model");
            turn.text = image_note(&named.name, false);
        }
    }
    turn
}

#[cfg(test)]
mod tests;
