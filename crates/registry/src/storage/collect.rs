//! Garbage collection: blobs that no manifest needs, and uploads that nobody goes on with.
//!
//! First a blob stops belonging to repositories whose manifests do not need it, then it goes when it belongs to none.
//! Both wait for [`super::Limits::grace`]: a push uploads its blobs, or asks whether they are there, before it sends the
//! manifest, and each of these makes the blob's entry young again. Ages are looked at once more, with nobody adding,
//! before something is removed.
//!
//! Several programs may share a store elsewhere. What one of them collects while another takes in the same blob, at
//! the same moment, after a day in which nobody asked for it, may be missing then; pushing again puts it right.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use object_store::{ObjectMeta, path::Path as At};

use super::{BLOBS, MANIFESTS, OF_REPOSITORY, REPOSITORIES, Storage, TAGS, blobs::is_older};
use crate::{Digest, Manifest, Needs, RegistryError, Repository};

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Uploads that were idle.
    pub uploads: usize,
}

type Entry = (Repository, Digest);

impl Storage {
    /// Removes what nobody needs.
    pub async fn collect(&self) -> Result<Collected, RegistryError> {
        let mut collected = Collected {
            uploads: self.uploads.end_idle(self.limits.idle),
            ..Collected::default()
        };
        // What belongs to a repository is read first: what is added while the manifests are read is young.
        let entries = self.entries().await?;
        let needed = self.needed().await?;
        let mut owned = HashSet::new();
        for (entry, at) in entries {
            if needed.contains(&entry) || !self.remove_old(&at, &entry.1).await? {
                owned.insert(entry.1);
            }
        }
        let mut blobs = self.objects.list(&At::from(BLOBS));
        while let Some(blob) = blobs.try_next().await? {
            let digest = blob.location.filename().and_then(Digest::from_hex);
            // What is called otherwise was never put there.
            let Some(digest) = digest.filter(|digest| !owned.contains(digest)) else {
                continue;
            };
            if self.remove_old(&blob.location, &digest).await? {
                collected.blobs += 1;
                collected.bytes += blob.size;
            }
        }
        Ok(collected)
    }

    /// Removes manifests of the repositories whose names begin so, if no tag stands for them, and nobody needs them: what
    /// was pushed and then not received.
    pub async fn collect_untagged(
        &self,
        beginning: &str,
        needed: &[(Repository, Digest)],
    ) -> Result<(), RegistryError> {
        let mut manifests = vec![];
        let mut held = HashSet::new();
        let mut objects = self.objects.list(&At::from(REPOSITORIES));
        while let Some(object) = objects.try_next().await? {
            let Some((repository, kind, name)) = split(&object) else {
                continue;
            };
            if !repository.as_str().starts_with(beginning) {
                continue;
            }
            match (kind, Digest::from_hex(name)) {
                (MANIFESTS, Some(digest)) => {
                    let Some(content) = self.objects.get(&object.location).await? else {
                        continue;
                    };
                    if let Needs::Manifests(listed) = Manifest::parse(&content, None)?.needs {
                        let listed = listed.into_iter().map(|listed| listed.digest);
                        held.extend(listed.map(|digest| (repository.clone(), digest)));
                    }
                    manifests.push(((repository, digest), object.location));
                }
                (TAGS, _) => {
                    let tagged = self.objects.get(&object.location).await?;
                    let tagged = tagged.unwrap_or_default();
                    if let Ok(digest) = String::from_utf8_lossy(&tagged).parse() {
                        held.insert((repository, digest));
                    }
                }
                _ => {}
            }
        }
        for (entry, at) in manifests {
            if !held.contains(&entry) && !needed.contains(&entry) {
                // Whoever pushes it again makes it young.
                self.remove_old(&at, &entry.1).await?;
            }
        }
        Ok(())
    }

    /// Which blobs belong to which repository.
    async fn entries(&self) -> Result<Vec<(Entry, At)>, RegistryError> {
        let mut entries = vec![];
        let mut objects = self.objects.list(&At::from(REPOSITORIES));
        while let Some(object) = objects.try_next().await? {
            if let Some((repository, OF_REPOSITORY, digest)) = parts(&object) {
                entries.push(((repository, digest), object.location));
            }
        }
        Ok(entries)
    }

    /// Which blobs are needed in which repository.
    async fn needed(&self) -> Result<HashSet<Entry>, RegistryError> {
        let mut needed = HashSet::new();
        let mut objects = self.objects.list(&At::from(REPOSITORIES));
        while let Some(object) = objects.try_next().await? {
            let Some((repository, MANIFESTS, _)) = parts(&object) else {
                continue;
            };
            // It may have been removed in the meantime.
            let Some(content) = self.objects.get(&object.location).await? else {
                continue;
            };
            let manifest = Manifest::parse(&content, None)?;
            needed.extend(
                manifest
                    .blobs()
                    .map(|blob| (repository.clone(), blob.digest)),
            );
        }
        Ok(needed)
    }

    /// Removes a blob, or its entry, if it is old when nobody adds anything. Says whether it did.
    async fn remove_old(&self, at: &At, digest: &Digest) -> Result<bool, RegistryError> {
        let _alone = self.changes.write().await;
        if self.arriving.has(digest) {
            return Ok(false);
        }
        match self.objects.head(at).await? {
            Some(object) if is_older(&object, self.limits.grace) => {
                self.objects.delete(at).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Repository, kind and digest of an object `repositories/NAME/KIND/DIGEST`.
fn parts(object: &ObjectMeta) -> Option<(Repository, &str, Digest)> {
    let (repository, kind, digest) = split(object)?;
    Some((repository, kind, Digest::from_hex(digest)?))
}

/// Repository, kind and last name of an object `repositories/NAME/KIND/LAST`.
fn split(object: &ObjectMeta) -> Option<(Repository, &str, &str)> {
    let (above, last) = object.location.as_ref().rsplit_once('/')?;
    let (above, kind) = above.rsplit_once('/')?;
    let repository = above.strip_prefix(REPOSITORIES)?.strip_prefix('/')?;
    Some((repository.parse().ok()?, kind, last))
}
