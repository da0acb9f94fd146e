//! Blobs: once in the registry, and an entry for each repository that they belong to.

use std::{
    io,
    ops::Range,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::ObjectMeta;

use super::{Storage, at_blob, at_blob_of};
use crate::{Digest, RegistryError, Repository, staging::Staged};

impl Storage {
    /// How long a blob of this repository is; `None` if there is no such.
    pub async fn blob_length(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError> {
        let Some((_, blob)) = self.find_blob(repository, digest).await? else {
            return Ok(None);
        };
        Ok(Some(blob.size))
    }

    /// The same for somebody who is about to send a manifest that needs the blob: it stays for half of
    /// [`super::Limits::grace`] at least.
    pub async fn hold_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError> {
        let _adding = self.changes.read().await;
        self.hold(repository, digest).await
    }

    /// What is in a blob, from where to where.
    pub async fn read_blob(
        &self,
        digest: &Digest,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, RegistryError> {
        let content = self.objects.stream(&at_blob(digest), range).await?;
        content.ok_or(RegistryError::UnknownBlob)
    }

    /// The whole of a small blob of this repository.
    pub async fn small_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: usize,
    ) -> Result<Bytes, RegistryError> {
        let length = self.blob_length(repository, digest).await?;
        if length.ok_or(RegistryError::UnknownBlob)? > limit as u64 {
            return Err(RegistryError::TooLarge(limit as u64));
        }
        let content = self.objects.get(&at_blob(digest)).await?;
        content.ok_or(RegistryError::UnknownBlob)
    }

    /// Makes a blob of one repository one of another, too. Says whether there is such a blob.
    pub async fn mount(
        &self,
        from: &Repository,
        to: &Repository,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        let _adding = self.changes.read().await;
        if self.hold(from, digest).await?.is_none() {
            return Ok(false);
        }
        self.objects.put(&at_blob_of(to, digest), vec![]).await?;
        Ok(true)
    }

    /// Takes a file in as a blob of this repository. A blob that is there already is written again: so it is young.
    pub(crate) async fn add_blob(
        &self,
        repository: &Repository,
        staged: Staged,
    ) -> Result<Digest, RegistryError> {
        let digest = staged.digest();
        let _arrival = {
            let _adding = self.changes.read().await;
            self.arriving.begin(digest)
        };
        self.objects.publish(staged, &at_blob(&digest)).await?;
        let _adding = self.changes.read().await;
        self.objects
            .put(&at_blob_of(repository, &digest), vec![])
            .await?;
        Ok(digest)
    }

    /// As [`Self::hold_blob`], for whoever has `changes`.
    pub(super) async fn hold(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError> {
        let Some((entry, blob)) = self.find_blob(repository, digest).await? else {
            return Ok(None);
        };
        if is_older(&entry, self.limits.grace / 2) {
            self.objects.put(&entry.location, vec![]).await?;
        }
        Ok(Some(blob.size))
    }

    /// A blob's entry in this repository, and the blob.
    async fn find_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<(ObjectMeta, ObjectMeta)>, RegistryError> {
        let entry = self.objects.head(&at_blob_of(repository, digest)).await?;
        let blob = self.objects.head(&at_blob(digest)).await?;
        Ok(entry.zip(blob))
    }
}

/// Whether an object was put there longer ago than this.
pub(super) fn is_older(object: &ObjectMeta, than: Duration) -> bool {
    let since = SystemTime::from(object.last_modified);
    since.elapsed().is_ok_and(|age| age > than)
}
