//! Objects by their path: in a folder of this machine, or in a store that speaks S3.

use std::{
    io::{self, SeekFrom},
    ops::Range,
    path,
    sync::Arc,
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    Error, GetOptions, GetRange, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    buffered::BufWriter, local::LocalFileSystem, path::Path,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;

use crate::{
    RegistryError,
    staging::{Staged, Staging},
};

/// How much of a file is read at a time.
const READ_AT_ONCE: usize = 256 * 1024;

/// Where objects are.
#[derive(Debug)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Set if it is a folder: files are moved there instead of copied.
    folder: Option<LocalFileSystem>,
    staging: Staging,
}

impl Objects {
    /// Objects in a folder.
    pub(crate) fn in_folder(folder: &path::Path, staging: Staging) -> Result<Self, RegistryError> {
        std::fs::create_dir_all(folder)?;
        let folder = LocalFileSystem::new_with_prefix(folder)?;
        Ok(Self {
            store: Arc::new(folder.clone()),
            folder: Some(folder),
            staging,
        })
    }

    /// Objects elsewhere.
    pub(crate) fn in_store(store: Arc<dyn ObjectStore>, staging: Staging) -> Self {
        Self {
            store,
            folder: None,
            staging,
        }
    }

    /// Puts a file there, and returns when it is on disk.
    pub(crate) async fn publish(&self, staged: Staged, at: &Path) -> Result<(), RegistryError> {
        if let Some(folder) = &self.folder {
            let to = folder.path_to_filesystem(at)?;
            return Ok(tokio::task::spawn_blocking(move || staged.publish(&to)).await??);
        }
        let mut from = tokio::fs::File::from_std(staged.open()?);
        let mut to = BufWriter::new(self.store.clone(), at.clone());
        if let Err(error) = tokio::io::copy(&mut from, &mut to).await {
            to.abort().await?;
            return Err(RegistryError::failed(error));
        }
        to.shutdown().await.map_err(RegistryError::failed)
    }

    /// Puts a small object there, likewise.
    pub(crate) async fn put(&self, at: &Path, content: Vec<u8>) -> Result<(), RegistryError> {
        if self.folder.is_none() {
            self.store.put(at, content.into()).await?;
            return Ok(());
        }
        let staging = self.staging.clone();
        let staged = tokio::task::spawn_blocking(move || {
            let mut file = staging.begin(u64::MAX)?;
            file.append(&content)?;
            Ok::<_, RegistryError>(file.finish())
        });
        self.publish(staged.await??, at).await
    }

    /// Length and age of an object.
    pub(crate) async fn head(&self, at: &Path) -> Result<Option<ObjectMeta>, RegistryError> {
        known(self.store.head(at).await)
    }

    /// The whole of a small object.
    pub(crate) async fn get(&self, at: &Path) -> Result<Option<Bytes>, RegistryError> {
        match known(self.store.get(at).await)? {
            Some(object) => known(object.bytes().await),
            None => Ok(None),
        }
    }

    /// Part of an object, as it comes.
    pub(crate) async fn stream(
        &self,
        at: &Path,
        range: Range<u64>,
    ) -> Result<Option<BoxStream<'static, io::Result<Bytes>>>, RegistryError> {
        // Stores refuse ranges that are empty.
        let range = (!range.is_empty()).then_some(GetRange::Bounded(range));
        let options = GetOptions::new().with_range(range);
        let Some(object) = known(self.store.get_opts(at, options).await)? else {
            return Ok(None);
        };
        let range = object.range.clone();
        let content = match object.payload {
            // Of files, the store would read small pieces.
            GetResultPayload::File(file, _) => {
                let mut file = tokio::fs::File::from_std(file);
                file.seek(SeekFrom::Start(range.start)).await?;
                let part = file.take(range.end - range.start);
                ReaderStream::with_capacity(part, READ_AT_ONCE).boxed()
            }
            GetResultPayload::Stream(content) => content.map_err(io::Error::from).boxed(),
        };
        Ok(Some(content))
    }

    /// Removes an object, if it is there.
    pub(crate) async fn delete(&self, at: &Path) -> Result<(), RegistryError> {
        known(self.store.delete(at).await).map(drop)
    }

    /// All objects below a path, in no order.
    pub(crate) fn list(
        &self,
        below: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.store.list(Some(below))
    }
}

/// What is not there is no error.
fn known<T>(result: object_store::Result<T>) -> Result<Option<T>, RegistryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
