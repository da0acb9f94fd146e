//! Blobs, manifests and tags, as objects beside each other: no database is needed.
//!
//! ```text
//! blobs/sha256/2c/2cf24…                     a blob, once, whoever needs it
//! repositories/NAME/_blobs/2cf24…            empty: the blob belongs to this repository
//! repositories/NAME/_manifests/9f86d…        a manifest
//! repositories/NAME/_tags/TAG                the digest of the manifest that the tag stands for
//! repositories/NAME/_subjects/9f86d…/486ea…  empty: the second manifest is about the first
//! ```
//!
//! Names of repositories have no part that begins with `_`, so nothing here can be mistaken for something else.

mod arriving;
mod blobs;
mod collect;
mod manifests;
mod uploads;

use std::{path::Path, sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use object_store::{ObjectStore, path::Path as At};
use tokio::sync::RwLock;

pub use collect::Collected;
pub use manifests::{Stored, Tags};
pub use uploads::UploadId;

use crate::{
    Digest, RegistryError, Repository, Tag,
    objects::Objects,
    staging::{Staging, Unfinished},
};
use arriving::Arriving;
use uploads::Uploads;

const REPOSITORIES: &str = "repositories";
const BLOBS: &str = "blobs";
const OF_REPOSITORY: &str = "_blobs";
const MANIFESTS: &str = "_manifests";
const TAGS: &str = "_tags";
const SUBJECTS: &str = "_subjects";

/// How much the registry takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest blob.
    pub blob: u64,
    /// What stays free on the disk, whatever comes.
    pub free_room: u64,
    /// How many uploads there may be at a time.
    pub uploads: usize,
    /// How long an upload may be idle.
    pub idle: Duration,
    /// How much an uploaded archive may unpack to.
    pub unpacked: u64,
    /// How long a blob is kept that no manifest needs: whoever has just uploaded it, or has just been told that it is
    /// there, has this long to send the manifest.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const GIB: u64 = 1024 * 1024 * 1024;
        Self {
            blob: 8 * GIB,
            free_room: GIB,
            uploads: 64,
            idle: Duration::from_hours(1),
            unpacked: 16 * GIB,
            grace: Duration::from_hours(24),
        }
    }
}

/// The registry's memory.
#[derive(Debug)]
pub struct Storage {
    objects: Objects,
    staging: Staging,
    uploads: Uploads,
    arriving: Arriving,
    limits: Limits,
    /// Shared by whoever adds, held alone by whoever takes away: nothing goes between the look whether it is needed
    /// and its removal.
    changes: RwLock<()>,
}

impl Storage {
    /// Opens the registry in a folder, which is made if it is missing. No other program may use the folder.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, RegistryError> {
        let staging = Staging::open(folder.join("uploads"), limits.free_room)?;
        let objects = Objects::in_folder(&folder.join("objects"), staging.clone())?;
        Ok(Self::new(objects, staging, limits))
    }

    /// Opens the registry in a store elsewhere. Uploads are gathered in the folder and then copied.
    pub fn open_remote(
        folder: &Path,
        store: Arc<dyn ObjectStore>,
        limits: Limits,
    ) -> Result<Self, RegistryError> {
        let staging = Staging::open(folder.join("uploads"), limits.free_room)?;
        let objects = Objects::in_store(store, staging.clone());
        Ok(Self::new(objects, staging, limits))
    }

    fn new(objects: Objects, staging: Staging, limits: Limits) -> Self {
        Self {
            objects,
            staging,
            uploads: Uploads::default(),
            arriving: Arriving::default(),
            limits,
            changes: RwLock::new(()),
        }
    }

    /// How much is taken.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many bytes of blobs it holds.
    pub async fn stored(&self) -> Result<u64, RegistryError> {
        let mut blobs = self.objects.list(&At::from(BLOBS));
        let mut stored = 0_u64;
        while let Some(blob) = blobs.try_next().await? {
            stored = stored.saturating_add(blob.size);
        }
        Ok(stored)
    }

    /// How many bytes it can still take.
    pub fn room(&self) -> Result<u64, RegistryError> {
        self.staging.room()
    }

    /// A file on its way in, of at most `limit` bytes.
    pub(crate) fn stage(&self, limit: u64) -> Result<Unfinished, RegistryError> {
        self.staging.begin(limit.min(self.limits.blob))
    }
}

fn at_blob(digest: &Digest) -> At {
    let hex = digest.hex();
    At::from_iter([BLOBS, "sha256", &hex[..2], &hex])
}

fn at_repository(repository: &Repository, kind: &str) -> At {
    std::iter::once(REPOSITORIES)
        .chain(repository.as_str().split('/'))
        .chain([kind])
        .collect()
}

fn at_blob_of(repository: &Repository, digest: &Digest) -> At {
    at_repository(repository, OF_REPOSITORY).join(digest.hex())
}

fn at_manifest(repository: &Repository, digest: &Digest) -> At {
    at_repository(repository, MANIFESTS).join(digest.hex())
}

fn at_tag(repository: &Repository, tag: &Tag) -> At {
    at_repository(repository, TAGS).join(tag.as_str())
}

fn at_subject(repository: &Repository, subject: &Digest) -> At {
    at_repository(repository, SUBJECTS).join(subject.hex())
}
