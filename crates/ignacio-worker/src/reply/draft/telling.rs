//! What of a conversation is told: its newest part, messages in order, with what hangs on them.

use std::collections::HashMap;

use futures_util::future::join_all;
use ignacio_domain::file::{FileKind, MediaType, ObjectKey};
use ignacio_domain::ids::FileId;
use ignacio_domain::message::{Attachment, Author, Message};
use ignacio_domain::ports::ObjectStore;
use ignacio_domain::prompt::{ImageInput, PromptTurn, attachment_note, image_note};

use crate::objects::read_whole;

/// The largest image that is shown, in bytes.
const MOST_IMAGE_BYTES: usize = 8 * 1024 * 1024;
/// How many images are shown, the newest first.
const MOST_IMAGES: usize = 10;
/// All of them together: the provider takes 50 MB of a request, and base64 adds a third.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// What hangs on the messages, as far as it is more than a name.
#[derive(Default)]
pub(super) struct Attached {
    /// Documents that cannot be searched yet.
    pub(super) pending: Vec<(FileId, String)>,
    /// Where the images lie, and how large they are.
    pub(super) images: HashMap<FileId, (ObjectKey, i64)>,
}

/// A turn, before its image is fetched.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) author: Author,
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

/// The newest messages that fit into so many bytes; the last one is always among them.
pub(super) fn newest(messages: &[Message], most_bytes: usize) -> &[Message] {
    let mut rest = most_bytes;
    let fits = |message: &&Message| {
        let fits = message.content.len() <= rest;
        rest = rest.saturating_sub(message.content.len());
        fits
    };
    let n_told = messages.iter().rev().take_while(fits).count().max(1);
    messages.get(messages.len().saturating_sub(n_told)..).unwrap_or_default()
}

/// The images among what hangs on messages.
pub(super) fn images_of(messages: &[Message]) -> Vec<FileId> {
    let attached = messages.iter().flat_map(|it| &it.attachments);
    attached.filter(|it| is(it, FileKind::Image)).map(|it| it.id).collect()
}

/// Whether documents came with what the person wrote last.
pub(super) fn has_new_documents(messages: &[Message]) -> bool {
    let last = messages.iter().rev().find(|it| it.author == Author::User);
    last.is_some_and(|it| it.attachments.iter().any(|file| is(file, FileKind::Document)))
}

/// The messages as they are told: what hangs on one is told before it and apart, so that the last
/// word is the person's own. Replies without a word are left out.
pub(super) fn told(messages: &[Message], attached: &Attached) -> Vec<Told> {
    let mut told = Vec::new();
    for message in messages {
        let author = message.author;
        for file in &message.attachments {
            told.push(attachment(author, file, attached));
        }
        if !message.content.is_empty() {
            told.push(Told { author, text: message.content.clone(), image: None });
        }
    }
    told
}

fn attachment(author: Author, file: &Attachment, attached: &Attached) -> Told {
    if !is(file, FileKind::Image) {
        let is_pending = attached.pending.iter().any(|(id, _)| *id == file.id);
        let text = attachment_note(&file.name, &file.media_type, is_pending);
        return Told { author, text, image: None };
    }
    let image = attached.images.get(&file.id).and_then(|(key, size)| {
        let size = usize::try_from(*size).ok().filter(|it| *it <= MOST_IMAGE_BYTES)?;
        let (media_type, name) = (file.media_type.clone(), file.name.clone());
        Some(Image { key: key.clone(), media_type, name, size })
    });
    Told { author, text: image_note(&file.name, image.is_some()), image }
}

fn is(file: &Attachment, kind: FileKind) -> bool {
    MediaType::find(&file.media_type).is_some_and(|it| it.kind == kind)
}

/// What the person wrote since the model last spoke.
pub(super) fn newly_told(told: &[Told]) -> Vec<Told> {
    let n_new = told.iter().rev().take_while(|it| it.author == Author::User).count();
    told.get(told.len() - n_new..).unwrap_or_default().to_vec()
}

/// Fetches the images that are shown. One that cannot be had is named and not shown: a reply
/// without it is better than none.
pub(super) async fn turns(told: &[Told], objects: &dyn ObjectStore) -> Vec<PromptTurn> {
    let (mut n_left, mut bytes_left) = (MOST_IMAGES, MOST_BYTES);
    let mut shown: Vec<_> = told
        .iter()
        .rev()
        .map(|it| {
            let image = it.image.as_ref().filter(|it| n_left > 0 && it.size <= bytes_left)?;
            n_left -= 1;
            bytes_left -= image.size;
            Some(image)
        })
        .collect();
    shown.reverse();
    let turns = told.iter().zip(shown).map(|(it, shown)| turn(it, shown, objects));
    join_all(turns).await
}

async fn turn(told: &Told, shown: Option<&Image>, objects: &dyn ObjectStore) -> PromptTurn {
    let mut turn = PromptTurn::text_only(told.author, told.text.clone());
    let Some(named) = &told.image else { return turn };
    let content = match shown {
        Some(image) => read_whole(objects, &image.key, MOST_IMAGE_BYTES).await.map(Some),
        None => Ok(None),
    };
    match content {
        Ok(Some(content)) => {
            turn.images.push(ImageInput { media_type: named.media_type.clone(), content });
        }
        Ok(None) => turn.text = image_note(&named.name, false),
        Err(error) => {
            tracing::warn!(%error, "an image cannot be shown to the model");
            turn.text = image_note(&named.name, false);
        }
    }
    turn
}

#[cfg(test)]
mod tests;
