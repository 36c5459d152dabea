//! Files that users upload: names, media types, sizes and storage keys.

use thiserror::Error;
use time::OffsetDateTime;

use crate::ids::{FileId, UserId};
use crate::redacted_debug::redacted_debug;
use crate::sync::SyncStatus;

/// The longest file name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 255;

/// A file's name as the user knows it: no path, no control or direction characters. It is data
/// and never part of a storage key.
#[derive(Clone, PartialEq, Eq)]
pub struct FileName(String);

redacted_debug!(FileName);

/// A text that is not a valid file name.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FileNameError {
    /// Nothing is left without the path.
    #[error("a file needs a name")]
    Blank,
    /// Over the limit.
    #[error("a file name has at most {MAX_NAME_BYTES} bytes")]
    TooLong,
}

impl FileName {
    /// Takes the last component of a client's path and drops invisible characters.
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

    /// What follows the last dot, in lower case.
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

/// The broad kind of a file, which decides how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Is indexed in a vector store and can be cited.
    Document,
    /// Is sent to the model with a message.
    Image,
    /// An audio recording.
    Audio,
    /// A video.
    Video,
}

/// A media type that users may upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// The type, as in `Content-Type`.
    pub name: &'static str,
    /// How such files are used.
    pub kind: FileKind,
    /// The file extensions; the first is the preferred one.
    pub extensions: &'static [&'static str],
}

/// Every media type that users may upload.
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
    /// The media type of this name, if users may upload it.
    pub fn find(name: &str) -> Option<Self> {
        MEDIA_TYPES.iter().find(|it| it.name == name).copied()
    }

    /// The media type of this file extension (lower case, no dot).
    pub fn from_extension(extension: &str) -> Option<Self> {
        MEDIA_TYPES.iter().find(|it| it.extensions.contains(&extension)).copied()
    }

    /// Whether such files are indexed in a vector store.
    pub fn is_searchable(self) -> bool {
        self.kind == FileKind::Document
    }
}

/// Where a file's bytes are stored: `users/<user>/<file>`, no part of it chosen by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key of a user's file.
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

/// The progress of a file's sync to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncReport {
    /// The status; `None` for files that are never synced.
    pub status: Option<SyncStatus>,
    /// The number of attempts.
    pub attempts: i32,
    /// A stable code for the last error.
    pub error: Option<String>,
}

/// A file as its owner sees it.
#[derive(Clone)]
pub struct StoredFile {
    /// The identifier.
    pub id: FileId,
    /// The owner.
    pub owner: UserId,
    /// The name.
    pub name: String,
    /// The media type, determined from the content.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// SHA-256 of its bytes, in hex; unknown for files that are older than this field.
    pub sha256: Option<String>,
    /// The progress of the sync.
    pub sync: SyncReport,
    /// When it was uploaded.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

redacted_debug!(StoredFile { id, owner, media_type, size, sync, created_at, updated_at });

/// What is known of a file before its bytes arrive.
#[derive(Clone)]
pub struct NewFile {
    /// Its id.
    pub id: FileId,
    /// The name.
    pub name: FileName,
    /// The media type, determined from the first bytes.
    pub media_type: MediaType,
}

redacted_debug!(NewFile { id, media_type });

/// What is known of a file once its bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredContent {
    /// The size in bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

#[cfg(test)]
mod tests;
