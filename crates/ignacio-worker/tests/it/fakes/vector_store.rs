//! The provider's files and vector stores in memory.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use ignacio_domain::ports::{
    FileAttributes, IndexingStatus, PortError, ProviderFile, ProviderUpload, VectorStore,
};
use time::OffsetDateTime;

use super::Faults;

#[derive(Default)]
pub(crate) struct FakeVectorStore {
    pub(crate) faults: Faults,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    n_made: usize,
    files: Vec<(ProviderFile, Vec<u8>)>,
    stores: HashMap<String, HashSet<String>>,
    store_names: Vec<String>,
    attributes: HashMap<String, FileAttributes>,
    indexing: VecDeque<IndexingStatus>,
}

impl State {
    fn next_id(&mut self, kind: &str) -> String {
        self.n_made += 1;
        format!("{kind}-{}", self.n_made)
    }
}

impl FakeVectorStore {
    /// The next polls of a document report this; after that it is indexed.
    pub(crate) fn will_index(&self, indexing: impl IntoIterator<Item = IndexingStatus>) {
        self.state.lock().unwrap().indexing.extend(indexing);
    }

    /// The provider's files, oldest first.
    pub(crate) fn files(&self) -> Vec<ProviderFile> {
        self.state.lock().unwrap().files.iter().map(|(file, _)| file.clone()).collect()
    }

    /// A file's content.
    pub(crate) fn content(&self, id: &str) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        state.files.iter().find(|(file, _)| file.id == id).unwrap().1.clone()
    }

    /// The ids of the stores.
    pub(crate) fn stores(&self) -> Vec<String> {
        self.state.lock().unwrap().stores.keys().cloned().collect()
    }

    /// The names of the created stores.
    pub(crate) fn store_names(&self) -> Vec<String> {
        self.state.lock().unwrap().store_names.clone()
    }

    /// The files in a store.
    pub(crate) fn files_in(&self, store: &str) -> HashSet<String> {
        self.state.lock().unwrap().stores.get(store).cloned().unwrap_or_default()
    }

    /// A file's attributes.
    pub(crate) fn attributes_of(&self, file: &str) -> FileAttributes {
        self.state.lock().unwrap().attributes[file]
    }

    /// Adds a file that no row names.
    pub(crate) fn leave(&self, name: &str) -> String {
        let mut state = self.state.lock().unwrap();
        let id = state.next_id("file");
        state.files.push((ProviderFile { id: id.clone(), name: name.to_owned() }, Vec::new()));
        id
    }

    /// The provider loses a file.
    pub(crate) fn lose_file(&self, id: &str) {
        let mut state = self.state.lock().unwrap();
        state.files.retain(|(file, _)| file.id != id);
        for files in state.stores.values_mut() {
            files.remove(id);
        }
    }

    /// The provider loses a store.
    pub(crate) fn lose_store(&self, id: &str) {
        self.state.lock().unwrap().stores.remove(id);
    }

    fn add(&self, name: String, chunks: &[Bytes]) -> String {
        let mut state = self.state.lock().unwrap();
        let id = state.next_id("file");
        state.files.push((ProviderFile { id: id.clone(), name }, chunks.concat()));
        id
    }

    fn poll(&self, store: &str, file: &str) -> Result<IndexingStatus, PortError> {
        let mut state = self.state.lock().unwrap();
        let is_there = state.stores.get(store).is_some_and(|it| it.contains(file));
        if is_there {
            Ok(state.indexing.pop_front().unwrap_or(IndexingStatus::Completed))
        } else {
            Err(PortError::NotFound)
        }
    }

    fn put_into(
        &self,
        store: &str,
        file: &str,
        attributes: FileAttributes,
    ) -> Result<(), PortError> {
        let mut state = self.state.lock().unwrap();
        if !state.files.iter().any(|(it, _)| it.id == file) {
            return Err(PortError::NotFound);
        }
        let files = state.stores.get_mut(store).ok_or(PortError::NotFound)?;
        files.insert(file.to_owned());
        state.attributes.insert(file.to_owned(), attributes);
        Ok(())
    }
}

#[async_trait]
impl VectorStore for FakeVectorStore {
    async fn upload_file(&self, upload: ProviderUpload) -> Result<String, PortError> {
        let effect = async {
            match upload.content.try_collect::<Vec<_>>().await {
                Ok(chunks) => Ok(self.add(upload.name, &chunks)),
                Err(_) => Err(super::transient()),
            }
        };
        self.faults.around("upload_file", effect).await
    }

    async fn find_files(
        &self,
        name: &str,
        _since: OffsetDateTime,
    ) -> Result<Vec<ProviderFile>, PortError> {
        let effect =
            async { Ok(self.files().into_iter().filter(|file| file.name == name).collect()) };
        self.faults.around("find_files", effect).await
    }

    async fn delete_file(&self, id: &str) -> Result<(), PortError> {
        let effect = async {
            self.lose_file(id);
            Ok(())
        };
        self.faults.around("delete_file", effect).await
    }

    async fn create_store(&self, name: &str) -> Result<String, PortError> {
        let effect = async {
            let mut state = self.state.lock().unwrap();
            let id = state.next_id("store");
            state.stores.insert(id.clone(), HashSet::new());
            state.store_names.push(name.to_owned());
            Ok(id)
        };
        self.faults.around("create_store", effect).await
    }

    async fn delete_store(&self, store: &str) -> Result<(), PortError> {
        let effect = async {
            self.lose_store(store);
            Ok(())
        };
        self.faults.around("delete_store", effect).await
    }

    async fn attach_file(
        &self,
        store: &str,
        file: &str,
        attributes: FileAttributes,
    ) -> Result<(), PortError> {
        self.faults.around("attach_file", async { self.put_into(store, file, attributes) }).await
    }

    async fn indexing_status(&self, store: &str, file: &str) -> Result<IndexingStatus, PortError> {
        self.faults.around("indexing_status", async { self.poll(store, file) }).await
    }

    async fn detach_file(&self, store: &str, file: &str) -> Result<(), PortError> {
        let effect = async {
            if let Some(files) = self.state.lock().unwrap().stores.get_mut(store) {
                files.remove(file);
            }
            Ok(())
        };
        self.faults.around("detach_file", effect).await
    }
}
