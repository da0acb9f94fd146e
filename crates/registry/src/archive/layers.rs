//! Layers: what they are when unpacked must be what the image's configuration says.

use std::{collections::HashMap, io::Read as _};

use sha2::{Digest as _, Sha256};

use super::{
    ArchiveError,
    error::{refused, shown},
    unpack::{Budget, Compression, recognise},
};
use crate::{Digest, Image, RegistryError, staging::Staged};

/// How much is digested at a time.
const BUFFER: usize = 256 * 1024;

/// Checks an image's layers, each with its name in the archive, and says how each is compressed.
pub(super) fn check(
    layers: &[(String, &Staged)],
    image: &Image,
    budget: &Budget,
) -> Result<Vec<Compression>, ArchiveError> {
    if layers.len() != image.layers.len() {
        return Err(refused(format!(
            "the image has {} layers, its configuration says {}",
            layers.len(),
            image.layers.len()
        )));
    }
    // An image may have the same layer many times.
    let mut unpacked = HashMap::new();
    let mut found = vec![];
    for ((name, layer), wanted) in layers.iter().zip(&image.layers) {
        let (compression, digest) = match unpacked.get(&layer.digest()) {
            Some(known) => *known,
            None => unpack(layer, wanted, budget)?,
        };
        unpacked.insert(layer.digest(), (compression, digest));
        if digest != *wanted {
            return Err(refused(format!(
                "the layer {} is not the one that the image's configuration names",
                shown(name)
            )));
        }
        found.push(compression);
    }
    Ok(found)
}

/// How a layer is compressed, and its digest when it is not.
fn unpack(
    layer: &Staged,
    wanted: &Digest,
    budget: &Budget,
) -> Result<(Compression, Digest), ArchiveError> {
    if layer.digest() == *wanted {
        return Ok((Compression::None, *wanted));
    }
    let file = layer.open().map_err(RegistryError::from)?;
    let (compression, mut content) = recognise(file, budget)?;
    if compression == Compression::None {
        return Ok((compression, layer.digest()));
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = content
            .read(&mut buffer)
            .map_err(|error| budget.explain(&error))?;
        if count == 0 {
            return Ok((compression, Digest::finish(hasher)));
        }
        hasher.update(&buffer[..count]);
    }
}
