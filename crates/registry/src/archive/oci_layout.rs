//! An OCI image layout: `index.json` names manifests, and everything is called by its digest.

use super::{ArchiveError, Found, error::refused, files::Files, layers, unpack::Budget};
use crate::{Descriptor, Image, Manifest, MediaType, Needs};

/// Where everything is named.
pub(super) const INDEX: &str = "index.json";
/// How deep indexes may name indexes.
const DEPTH: usize = 3;
const NAME: &str = "org.opencontainers.image.ref.name";

/// The one image in it, as it is.
pub(super) fn find(files: &Files, budget: &Budget) -> Result<Found, ArchiveError> {
    let mut content = files.read(INDEX)?;
    let mut index = Manifest::parse(&content, None)?;
    let mut names = vec![];
    for _ in 0..DEPTH {
        let manifests = match &index.needs {
            Needs::Manifests(manifests) => manifests,
            Needs::Blobs { config, layers } => {
                let (config, layers) = (config.clone(), layers.clone());
                return image(
                    files,
                    budget,
                    index.media_type,
                    content,
                    names,
                    &config,
                    &layers,
                );
            }
        };
        let one = only(manifests)?;
        names.extend(one.annotations.get(NAME).cloned());
        content = files.read(&described(files, one)?)?;
        index = Manifest::parse(&content, None)?;
    }
    Err(refused("its indexes name indexes too deeply"))
}

/// The only image that is named.
fn only(manifests: &[Descriptor]) -> Result<&Descriptor, ArchiveError> {
    let images: Vec<_> = manifests
        .iter()
        .filter(|manifest| manifest.is_image())
        .collect();
    match images.as_slice() {
        [one] => Ok(one),
        [] => Err(refused("it has no image")),
        several => {
            let count = several.len();
            Err(refused(format!(
                "it has {count} images; it must have one: upload one archive for each architecture"
            )))
        }
    }
}

fn image(
    files: &Files,
    budget: &Budget,
    media_type: MediaType,
    manifest: Vec<u8>,
    names: Vec<String>,
    config: &Descriptor,
    layers: &[Descriptor],
) -> Result<Found, ArchiveError> {
    let image = Image::parse(&files.read(&described(files, config)?)?)?;
    let mut found = vec![];
    for layer in layers {
        let name = described(files, layer)?;
        let file = files.get(&name)?;
        found.push((name, file));
    }
    layers::check(&found, &image, budget)?;
    let blobs = layers.iter().chain([config]).map(|needed| needed.digest);
    Ok(Found {
        image,
        names,
        media_type,
        manifest: manifest.into(),
        blobs: blobs.collect(),
    })
}

/// The name of the file that is described, which is as it is described.
fn described(files: &Files, wanted: &Descriptor) -> Result<String, ArchiveError> {
    let (name, file) = files.blob(&wanted.digest)?;
    if file.length() != wanted.size {
        return Err(refused(format!("{name} is not as long as it should be")));
    }
    Ok(name)
}
