//! Archives that people upload: a service of HoneySens, what `docker save` wrote, an OCI image layout.
//!
//! An archive is read once, from its beginning to its end, with little memory: its files are staged beside the blobs,
//! counted and digested, and nothing of it is seen by anybody before [`Archive::import`]. Nothing in it is ever used as a
//! path of this machine. Dropping it removes what was staged.

mod docker_save;
mod error;
mod files;
mod layers;
mod members;
mod metadata;
mod oci_layout;
mod unpack;

use std::{collections::HashSet, io::Read, sync::Arc};

use bytes::Bytes;

pub use error::ArchiveError;
pub use metadata::{PortAssignment, ServiceMetadata};

use crate::{
    Digest, Image, Manifest, MediaType, Reference, RegistryError, Repository, Storage, Tag,
    staging::Staged,
};
pub(crate) use error::{refused, shown};
use files::Files;
use members::Member;
use unpack::Budget;

const METADATA: &str = "metadata.xml";
const SERVICE: &str = "service.tar";

/// What kind of archive it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveKind {
    /// A service as HoneySens packs them.
    HoneySens(ServiceMetadata),
    /// What `docker save` wrote.
    DockerSave,
    /// An OCI image layout.
    OciLayout,
    /// No archive: fetched from another registry.
    Fetched,
}

/// An archive that was read, and can be taken in.
#[derive(Debug)]
pub struct Archive {
    /// What it is.
    pub kind: ArchiveKind,
    /// The image in it.
    pub image: Image,
    /// The names that the image has in the archive, such as `honeysens/cowrie:amd64-1.0`.
    pub names: Vec<String>,
    media_type: MediaType,
    manifest: Bytes,
    blobs: Vec<Staged>,
}

/// An image as a part of an archive describes it.
struct Found {
    image: Image,
    names: Vec<String>,
    media_type: MediaType,
    manifest: Bytes,
    blobs: HashSet<Digest>,
}

impl Archive {
    /// Reads an archive, to its end.
    pub async fn read(
        storage: &Arc<Storage>,
        source: impl Read + Send + 'static,
    ) -> Result<Self, ArchiveError> {
        let storage = storage.clone();
        tokio::task::spawn_blocking(move || read(&storage, source))
            .await
            .map_err(RegistryError::from)?
    }

    /// An image that came in another way. Its layers were checked.
    pub(crate) fn of(
        kind: ArchiveKind,
        image: Image,
        names: Vec<String>,
        (media_type, manifest): (MediaType, Bytes),
        blobs: Vec<Staged>,
    ) -> Self {
        Self {
            kind,
            image,
            names,
            media_type,
            manifest,
            blobs,
        }
    }

    /// Takes the image in, and lets the tag stand for it.
    pub async fn import(
        self,
        storage: &Storage,
        repository: &Repository,
        tag: &Tag,
    ) -> Result<Digest, RegistryError> {
        for blob in self.blobs {
            storage.add_blob(repository, blob).await?;
        }
        let reference = Reference::Tag(tag.clone());
        let stored = storage
            .put_manifest(
                repository,
                &reference,
                self.manifest,
                Some(self.media_type.as_str()),
            )
            .await?;
        Ok(stored.digest)
    }

    /// What the image's manifest says, and the digest that it will be known by.
    pub fn manifest(&self) -> Result<(Digest, Manifest), RegistryError> {
        let manifest = Manifest::parse(&self.manifest, Some(self.media_type.as_str()))?;
        Ok((Digest::of(&self.manifest), manifest))
    }

    /// How many bytes the image is in the registry.
    #[must_use]
    pub fn length(&self) -> u64 {
        let blobs: u64 = self.blobs.iter().map(Staged::length).sum();
        blobs + self.manifest.len() as u64
    }
}

/// Checks that the layers of an image are what its configuration says, unpacked to at most so many bytes.
pub(crate) fn check_layers(
    wanted: &[Digest],
    blobs: &[Staged],
    image: &Image,
    most: u64,
) -> Result<(), ArchiveError> {
    let find = |digest: &Digest| {
        let blob = blobs.iter().find(|blob| blob.digest() == *digest);
        let blob = blob.ok_or(RegistryError::MissingContent(*digest))?;
        Ok((digest.to_string(), blob))
    };
    let layers = wanted
        .iter()
        .map(find)
        .collect::<Result<Vec<_>, RegistryError>>()?;
    layers::check(&layers, image, &Budget::new(most)).map(drop)
}

fn read(storage: &Storage, source: impl Read) -> Result<Archive, ArchiveError> {
    let budget = Budget::new(storage.limits().unpacked);
    let mut metadata = None;
    let mut files = Files::new(&budget);
    let mut has_service = false;
    members::each(
        &mut *unpack::unpack(source, &budget)?,
        &budget,
        &mut |member, content| {
            match member {
                Member::File(METADATA, length) => {
                    metadata = Some(metadata::parse(&files::small(
                        METADATA, *length, content, &budget,
                    )?)?);
                    Ok(())
                }
                Member::File(SERVICE, _) => {
                    has_service = true;
                    // What else is at the top is not part of the image.
                    files = Files::new(&budget);
                    let mut inside = unpack::unpack(content, &budget)?;
                    members::each(&mut *inside, &budget, &mut |member, content| {
                        files.add(storage, member, content)
                    })
                    .map_err(|error| error.inside(SERVICE))
                }
                _ if has_service => Ok(()),
                member => files.add(storage, member, content),
            }
        },
    )?;
    let (kind, found) = match (metadata, has_service) {
        (Some(metadata), true) => {
            let found = image(&files, &budget)
                .map_err(|error| error.inside(SERVICE))?
                .1;
            metadata.check(&found.image)?;
            (ArchiveKind::HoneySens(metadata), found)
        }
        (Some(_), false) => return Err(refused("service.tar is missing")),
        (None, true) => return Err(refused("metadata.xml is missing")),
        (None, false) => {
            if let Some(place) = files.find_deeper(&[METADATA, SERVICE]) {
                return Err(refused(format!(
                    "{place} must not be in a folder of the archive"
                )));
            }
            image(&files, &budget)?
        }
    };
    Ok(Archive {
        kind,
        image: found.image,
        names: found.names,
        media_type: found.media_type,
        manifest: found.manifest,
        blobs: files.into_blobs(&found.blobs),
    })
}

/// The image in an archive of either kind. Docker's own writes both indexes; the one with its names goes first.
fn image(files: &Files, budget: &Budget) -> Result<(ArchiveKind, Found), ArchiveError> {
    if files.has(docker_save::INDEX) {
        Ok((ArchiveKind::DockerSave, docker_save::find(files, budget)?))
    } else if files.has(oci_layout::INDEX) {
        Ok((ArchiveKind::OciLayout, oci_layout::find(files, budget)?))
    } else {
        Err(refused(
            "there is no image in it: neither manifest.json (docker save) nor index.json (OCI image layout)",
        ))
    }
}
