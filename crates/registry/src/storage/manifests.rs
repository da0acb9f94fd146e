//! Manifests, the tags that stand for them, and which of them are about others.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path as At;

use super::{
    MANIFESTS, OF_REPOSITORY, SUBJECTS, Storage, TAGS, at_manifest, at_repository, at_subject,
    at_tag,
};
use crate::{
    Digest, Image, Manifest, Reference, RegistryError, Repository, Tag, image::CONFIG_LENGTH,
    manifest::Needs,
};

/// A manifest that is kept.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What it is called by.
    pub digest: Digest,
    /// What it says.
    pub manifest: Manifest,
    /// How it says it.
    pub content: Bytes,
}

/// Some of a repository's tags, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags {
    /// The tags.
    pub tags: Vec<Tag>,
    /// Whether there are more.
    pub more: bool,
}

impl Storage {
    /// Keeps a manifest, and lets the tag stand for it if one is given. All that it needs must be in the repository.
    pub async fn put_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
        content: Bytes,
        announced: Option<&str>,
    ) -> Result<Stored, RegistryError> {
        let manifest = Manifest::parse(&content, announced)?;
        let digest = Digest::of(&content);
        if let Reference::Digest(wanted) = reference
            && *wanted != digest
        {
            return Err(RegistryError::OtherDigest(digest));
        }
        let _adding = self.changes.read().await;
        self.check_needs(repository, &manifest).await?;
        let at = at_manifest(repository, &digest);
        self.objects.put(&at, content.to_vec()).await?;
        if let Some(subject) = &manifest.subject {
            let about = at_subject(repository, subject).join(digest.hex());
            self.objects.put(&about, vec![]).await?;
        }
        if let Reference::Tag(tag) = reference {
            let name = digest.to_string().into_bytes();
            self.objects.put(&at_tag(repository, tag), name).await?;
        }
        Ok(Stored {
            digest,
            manifest,
            content,
        })
    }

    /// Lets a tag stand for a manifest that is there.
    pub async fn tag(
        &self,
        repository: &Repository,
        tag: &Tag,
        digest: &Digest,
    ) -> Result<(), RegistryError> {
        let _adding = self.changes.read().await;
        let manifest = self.objects.head(&at_manifest(repository, digest)).await?;
        manifest.ok_or(RegistryError::UnknownManifest)?;
        let name = digest.to_string().into_bytes();
        self.objects.put(&at_tag(repository, tag), name).await
    }

    async fn check_needs(
        &self,
        repository: &Repository,
        manifest: &Manifest,
    ) -> Result<(), RegistryError> {
        for needed in manifest.descriptors() {
            let found = match manifest.needs {
                Needs::Blobs { .. } => self.hold(repository, &needed.digest).await?,
                Needs::Manifests(_) => {
                    let at = at_manifest(repository, &needed.digest);
                    self.objects.head(&at).await?.map(|object| object.size)
                }
            };
            match found {
                None => return Err(RegistryError::MissingContent(needed.digest)),
                Some(length) if length != needed.size => {
                    let reason =
                        format!("{} has {length} bytes, not {}", needed.digest, needed.size);
                    return Err(RegistryError::InvalidManifest(reason));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Reads a manifest.
    pub async fn manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<Stored, RegistryError> {
        let digest = match reference {
            Reference::Digest(digest) => *digest,
            Reference::Tag(tag) => self.tagged(repository, tag).await?,
        };
        let content = self.objects.get(&at_manifest(repository, &digest)).await?;
        let content = content.ok_or(RegistryError::UnknownManifest)?;
        let manifest = Manifest::parse(&content, None)?;
        Ok(Stored {
            digest,
            manifest,
            content,
        })
    }

    /// What an image of this repository says of itself; an index says nothing.
    pub async fn image(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<Image, RegistryError> {
        match self.manifest(repository, reference).await?.manifest.needs {
            Needs::Blobs { config, .. } => {
                let config = self.small_blob(repository, &config.digest, CONFIG_LENGTH);
                Image::parse(&config.await?)
            }
            Needs::Manifests(_) => Err(RegistryError::InvalidManifest(
                "this is an index of several images, not an image".to_owned(),
            )),
        }
    }

    async fn tagged(&self, repository: &Repository, tag: &Tag) -> Result<Digest, RegistryError> {
        let name = self.objects.get(&at_tag(repository, tag)).await?;
        let name = name.ok_or(RegistryError::UnknownManifest)?;
        String::from_utf8_lossy(&name).parse()
    }

    /// Removes a tag, or a manifest with all tags that stand for it.
    pub async fn delete_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<(), RegistryError> {
        let _alone = self.changes.write().await;
        let found = self.manifest(repository, reference).await?;
        match reference {
            Reference::Tag(tag) => self.objects.delete(&at_tag(repository, tag)).await,
            Reference::Digest(digest) => {
                for tag in self.all(&at_repository(repository, TAGS)).await? {
                    if self.objects.get(&tag).await? == Some(digest.to_string().into()) {
                        self.objects.delete(&tag).await?;
                    }
                }
                if let Some(subject) = &found.manifest.subject {
                    let about = at_subject(repository, subject).join(digest.hex());
                    self.objects.delete(&about).await?;
                }
                self.objects.delete(&at_manifest(repository, digest)).await
            }
        }
    }

    /// Removes a repository with all that it has; what nobody else needs goes with the next collection.
    pub async fn delete_repository(&self, repository: &Repository) -> Result<(), RegistryError> {
        let _alone = self.changes.write().await;
        for kind in [TAGS, SUBJECTS, MANIFESTS, OF_REPOSITORY] {
            for object in self.all(&at_repository(repository, kind)).await? {
                self.objects.delete(&object).await?;
            }
        }
        Ok(())
    }

    async fn all(&self, below: &At) -> Result<Vec<At>, RegistryError> {
        let objects = self.objects.list(below).map_ok(|object| object.location);
        Ok(objects.try_collect().await?)
    }

    /// At most `count` tags of a repository, those after `last`.
    pub async fn tags(
        &self,
        repository: &Repository,
        last: Option<&str>,
        count: usize,
    ) -> Result<Tags, RegistryError> {
        let below = at_repository(repository, TAGS);
        let (names, more) = self.names(&below, last, count).await?;
        if names.is_empty() && last.is_none() && !self.has_anything(repository).await? {
            return Err(RegistryError::UnknownRepository);
        }
        let tags = names.iter().filter_map(|name| name.parse().ok()).collect();
        Ok(Tags { tags, more })
    }

    async fn has_anything(&self, repository: &Repository) -> Result<bool, RegistryError> {
        for kind in [TAGS, MANIFESTS] {
            let mut objects = self.objects.list(&at_repository(repository, kind));
            if objects.try_next().await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// At most `count` manifests that are about this one, those after `last`; and whether there are more.
    pub async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        last: Option<&str>,
        count: usize,
    ) -> Result<(Vec<Stored>, bool), RegistryError> {
        let below = at_subject(repository, subject);
        let (names, more) = self.names(&below, last, count).await?;
        let mut found = vec![];
        for digest in names.iter().filter_map(|name| Digest::from_hex(name)) {
            match self.manifest(repository, &Reference::Digest(digest)).await {
                Ok(stored) => found.push(stored),
                // It went while we looked.
                Err(RegistryError::UnknownManifest) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((found, more))
    }

    /// The first `count` names below a path in order, those after `last`, however many there are; and whether there
    /// are more.
    async fn names(
        &self,
        below: &At,
        last: Option<&str>,
        count: usize,
    ) -> Result<(Vec<String>, bool), RegistryError> {
        let mut first = BTreeSet::new();
        let mut objects = self.objects.list(below);
        while let Some(object) = objects.try_next().await? {
            let name = object.location.filename().unwrap_or_default();
            if last.is_none_or(|last| name > last) {
                first.insert(name.to_owned());
            }
            if first.len() > count + 1 {
                first.pop_last();
            }
        }
        let more = first.len() > count;
        if more {
            first.pop_last();
        }
        Ok((first.into_iter().collect(), more))
    }
}
