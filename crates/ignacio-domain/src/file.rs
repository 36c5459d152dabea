//! Files that people hand over: their names, types, sizes and where they are kept.

use thiserror::Error;
use time::OffsetDateTime;

use crate::ids::{FileId, UserId};
use crate::redacted_debug::redacted_debug;
use crate::sync::SyncStatus;

/// The longest file name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 255;

/// A file's name as the person knows it: no path, no control or direction characters. It is data
/// and never part of a storage key.
#[derive(Clone, PartialEq, Eq)]
pub struct FileName(String);

redacted_debug!(FileName);

/// Why a text is no file name.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FileNameError {
    /// Nothing left after the path was taken off.
    #[error("a file needs a name")]
    Blank,
    /// Over the limit.
    #[error("a file name has at most {MAX_NAME_BYTES} bytes")]
    TooLong,
}

impl FileName {
    /// Takes the last part of whatever path a client sent and drops what cannot be shown.
    pub fn parse(text: &str) -> Result<Self, FileNameError> {
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let shown: String = last.chars().filter(|it| !is_invisible(*it)).collect();
        let name = shown.trim();
        if name.is_empty() || name == "." || name == ".." {
            return Err(FileNameError::Blank);
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(FileNameError::TooLong);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the last dot, in lower case.
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.0.rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
    }
}

fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The broad kind of a file, which decides what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Goes to the provider's library and can be quoted.
    Document,
    /// Can be shown to the model with a message.
    Image,
    /// A recording.
    Audio,
    /// A film.
    Video,
}

/// A media type that people may hand over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// The type as in `Content-Type`.
    pub name: &'static str,
    /// What becomes of such files.
    pub kind: FileKind,
    /// The endings under which such files are known; the first is the usual one.
    pub extensions: &'static [&'static str],
}

/// Every media type that people may hand over.
pub const MEDIA_TYPES: &[MediaType] = {
    use FileKind::{Audio, Document, Image, Video};
    const fn it(
        name: &'static str,
        kind: FileKind,
        extensions: &'static [&'static str],
    ) -> MediaType {
        MediaType { name, kind, extensions }
    }
    &[
        it("application/pdf", Document, &["pdf"]),
        it("text/plain", Document, &["txt", "text", "log"]),
        it("text/markdown", Document, &["md", "markdown"]),
        it("text/csv", Document, &["csv"]),
        it("application/json", Document, &["json"]),
        it("application/msword", Document, &["doc"]),
        it(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Document,
            &["docx"],
        ),
        it(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Document,
            &["xlsx"],
        ),
        it(
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Document,
            &["pptx"],
        ),
        it("image/jpeg", Image, &["jpg", "jpeg"]),
        it("image/png", Image, &["png"]),
        it("image/gif", Image, &["gif"]),
        it("image/webp", Image, &["webp"]),
        it("audio/mpeg", Audio, &["mp3"]),
        it("audio/x-wav", Audio, &["wav"]),
        it("audio/m4a", Audio, &["m4a"]),
        it("audio/ogg", Audio, &["ogg", "oga", "opus"]),
        it("audio/x-flac", Audio, &["flac"]),
        it("video/mp4", Video, &["mp4"]),
        it("video/webm", Video, &["webm"]),
        it("video/quicktime", Video, &["mov"]),
    ]
};

impl MediaType {
    /// The media type of this name, when it is one that people may hand over.
    pub fn find(name: &str) -> Option<Self> {
        MEDIA_TYPES.iter().find(|it| it.name == name).copied()
    }

    /// The media type that is known under this ending (lower case, no dot).
    pub fn from_extension(extension: &str) -> Option<Self> {
        MEDIA_TYPES.iter().find(|it| it.extensions.contains(&extension)).copied()
    }

    /// Whether such files go to the provider's library.
    pub fn is_searchable(self) -> bool {
        self.kind == FileKind::Document
    }
}

/// Where a file's bytes are kept: `users/<person>/<file>`, nothing of it chosen by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key of a person's file.
    pub fn for_file(owner: UserId, file: FileId) -> Self {
        Self(format!("users/{owner}/{file}"))
    }

    /// A key read back from the database.
    pub const fn from_stored(key: String) -> Self {
        Self(key)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far a file is on its way into the provider's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncReport {
    /// Where it stands; `None` for files that never go there.
    pub status: Option<SyncStatus>,
    /// How often it was tried.
    pub attempts: i32,
    /// A stable word for what went wrong last.
    pub error: Option<String>,
}

/// A file as its owner sees it.
#[derive(Clone)]
pub struct StoredFile {
    /// Which one it is.
    pub id: FileId,
    /// Whose it is.
    pub owner: UserId,
    /// What it is called.
    pub name: String,
    /// Its media type, decided by content.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// SHA-256 of its bytes, in hex; unknown for files from before sums were taken.
    pub sha256: Option<String>,
    /// How far it is on its way into the library.
    pub sync: SyncReport,
    /// When it was handed over.
    pub created_at: OffsetDateTime,
    /// When anything about it last changed.
    pub updated_at: OffsetDateTime,
}

redacted_debug!(StoredFile { id, owner, media_type, size, sync, created_at, updated_at });

/// What is known of a file before its bytes arrive.
#[derive(Clone)]
pub struct NewFile {
    /// Its id.
    pub id: FileId,
    /// What it is called.
    pub name: FileName,
    /// Its media type, decided by its first bytes.
    pub media_type: MediaType,
}

redacted_debug!(NewFile { id, media_type });

/// What is known of a file once its bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredContent {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
}

#[cfg(test)]
mod tests;
