//! What the stand-in keeps on disk: the bytes of the files always, the rest only in a data folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use tempfile::TempDir;

use crate::DevstackError;

/// A folder that may outlive the stand-in, with one folder in it per kind of record. Ids are made
/// by the stand-in, so they are safe file names.
#[derive(Debug)]
pub(crate) struct DataFolder {
    root: PathBuf,
    scratch: Option<TempDir>,
}

impl DataFolder {
    /// Opens a data folder, or a scratch folder that is removed with the stand-in.
    pub(crate) fn open(data_dir: Option<&Path>) -> Result<Self, DevstackError> {
        let doing = "prepare the folder of the OpenAI stand-in";
        let scratch = match data_dir {
            Some(_) => None,
            None => Some(TempDir::new().map_err(DevstackError::system(doing))?),
        };
        let root = scratch.as_ref().map(TempDir::path).or(data_dir).unwrap_or(Path::new("."));
        for folder in ["blobs", "files", "stores", "responses"] {
            fs::create_dir_all(root.join(folder)).map_err(DevstackError::system(doing))?;
        }
        Ok(Self { root: root.to_owned(), scratch })
    }

    /// Where the bytes of a file are.
    pub(crate) fn blob(&self, file_id: &str) -> PathBuf {
        self.root.join("blobs").join(file_id)
    }

    /// Keeps a record, whole or not at all.
    pub(crate) fn save<T: Serialize>(&self, folder: &str, id: &str, record: &T) {
        if self.scratch.is_none() {
            let path = self.root.join(folder).join(id);
            let saved = tempfile::NamedTempFile::new_in(&self.root).and_then(|draft| {
                serde_json::to_writer(&draft, record)?;
                Ok(draft.persist(path)?)
            });
            report("save", folder, id, saved.map(drop));
        }
    }

    /// Removes a record; one that is not there is fine.
    pub(crate) fn erase(&self, folder: &str, id: &str) {
        let erased = match fs::remove_file(self.root.join(folder).join(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        report("erase", folder, id, erased);
    }

    /// All records of a folder by id; one that cannot be read is skipped and reported.
    pub(crate) fn load<T: DeserializeOwned, M: FromIterator<(String, T)>>(
        &self,
        folder: &str,
    ) -> M {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let load = |entry: fs::DirEntry| {
            let id = entry.file_name().to_string_lossy().into_owned();
            match fs::read(entry.path()).and_then(|it| Ok(serde_json::from_slice(&it)?)) {
                Ok(record) => Some((id, record)),
                Err(error) => {
                    report("load", folder, &id, Err(error));
                    None
                }
            }
        };
        entries.filter_map(load).collect()
    }
}

fn report(doing: &str, folder: &str, id: &str, done: io::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(doing, folder, id, %error, "the OpenAI stand-in's folder");
    }
}
