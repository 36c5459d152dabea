//! What the stand-in keeps on disk: the bytes of the files always, the rest only in a data
//! folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use tempfile::TempDir;

use crate::DevstackError;

/// The folders of a data folder.
const FOLDERS: [&str; 5] = ["blobs", "files", "stores", "responses", "texts"];

/// A folder that may outlive the stand-in.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    scratch: Option<TempDir>,
}

impl Disk {
    /// Opens a data folder, or a scratch folder that goes with the stand-in.
    pub(crate) fn open(data_dir: Option<&Path>) -> Result<Self, DevstackError> {
        let doing = "prepare the folder of the OpenAI stand-in";
        let (root, scratch) = if let Some(root) = data_dir {
            (root.to_owned(), None)
        } else {
            let scratch = TempDir::new().map_err(DevstackError::system(doing))?;
            (scratch.path().to_owned(), Some(scratch))
        };
        for folder in FOLDERS {
            fs::create_dir_all(root.join(folder)).map_err(DevstackError::system(doing))?;
        }
        Ok(Self { root, scratch })
    }

    /// Where the bytes of a file are. Ids are made by the stand-in, so they are safe names.
    pub(crate) fn blob(&self, file_id: &str) -> PathBuf {
        self.root.join("blobs").join(file_id)
    }

    /// Keeps a record, whole or not at all.
    pub(crate) fn save<T: Serialize>(&self, folder: &str, id: &str, record: &T) {
        if self.scratch.is_none() {
            let kept = serde_json::to_vec(record)
                .map_err(io::Error::from)
                .and_then(|bytes| self.replace(folder, id, &bytes));
            report("keep", folder, id, kept);
        }
    }

    /// Keeps the text that was read out of a file.
    pub(crate) fn save_text(&self, file_id: &str, text: &str) {
        if self.scratch.is_none() {
            report("keep", "texts", file_id, self.replace("texts", file_id, text.as_bytes()));
        }
    }

    /// The text that was read out of a file earlier.
    pub(crate) fn text(&self, file_id: &str) -> Option<String> {
        fs::read_to_string(self.root.join("texts").join(file_id)).ok()
    }

    /// Forgets a record; one that is not there is fine.
    pub(crate) fn erase(&self, folder: &str, id: &str) {
        let erased = match fs::remove_file(self.root.join(folder).join(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        report("erase", folder, id, erased);
    }

    /// All records of a folder; one that cannot be read is skipped and reported.
    pub(crate) fn load<T: DeserializeOwned>(&self, folder: &str) -> Vec<T> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else { return Vec::new() };
        let mut records = Vec::new();
        for path in entries.flatten().map(|it| it.path()) {
            let read = fs::read(&path).and_then(|it| Ok(serde_json::from_slice(&it)?));
            match read {
                Ok(record) => records.push(record),
                Err(error) => tracing::warn!(path = %path.display(), %error, "record skipped"),
            }
        }
        records
    }

    fn replace(&self, folder: &str, id: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = tempfile::NamedTempFile::new_in(&self.root)?;
        fs::write(draft.path(), bytes)?;
        draft.persist(self.root.join(folder).join(id))?;
        Ok(())
    }
}

fn report(doing: &str, folder: &str, id: &str, done: io::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(doing, folder, id, %error, "the OpenAI stand-in's disk");
    }
}
