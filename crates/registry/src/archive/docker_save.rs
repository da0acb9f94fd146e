//! What `docker save` writes: `manifest.json` names the configuration and the layers of each image.

use serde::Deserialize;
use serde_json::json;

use super::{
    ArchiveError, Found,
    error::{refused, shown},
    files::Files,
    layers,
    unpack::{Budget, Compression},
};
use crate::{Digest, Image, MediaType};

/// Where everything is named.
pub(super) const INDEX: &str = "manifest.json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";

/// An image as the index names it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// The one image in it. Layers stay as they are; the manifest is made anew.
pub(super) fn find(files: &Files, budget: &Budget) -> Result<Found, ArchiveError> {
    let mut entries: Vec<Entry> = serde_json::from_slice(&files.read(INDEX)?)
        .map_err(|error| refused(format!("{INDEX} cannot be understood: {error}")))?;
    let count = entries.len();
    let (Some(entry), 1) = (entries.pop(), count) else {
        return Err(refused(format!("it has {count} images; it must have one")));
    };
    let config = files.read(&entry.config)?;
    let digest = Digest::of(&config);
    let promised = entry.config.strip_prefix("blobs/sha256/");
    let promised = promised.or_else(|| entry.config.strip_suffix(".json"));
    if promised
        .and_then(Digest::from_hex)
        .is_some_and(|promised| promised != digest)
    {
        return Err(refused(format!(
            "{} is damaged: it has another digest",
            shown(&entry.config)
        )));
    }
    let image = Image::parse(&config)?;
    let mut layers = vec![];
    for name in entry.layers {
        let layer = files.get(&name)?;
        layers.push((name, layer));
    }
    let compressions = layers::check(&layers, &image, budget)?;
    let described: Vec<_> = layers
        .iter()
        .zip(compressions)
        .map(|((_, layer), compression)| {
            json!({
                "mediaType": layer_type(compression),
                "digest": layer.digest(),
                "size": layer.length(),
            })
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::Image.as_str(),
        "config": {"mediaType": CONFIG_TYPE, "digest": digest, "size": config.len()},
        "layers": described,
    });
    let mut blobs: std::collections::HashSet<_> =
        layers.iter().map(|(_, layer)| layer.digest()).collect();
    blobs.insert(digest);
    Ok(Found {
        image,
        names: entry.repo_tags.unwrap_or_default(),
        media_type: MediaType::Image,
        manifest: manifest.to_string().into(),
        blobs,
    })
}

fn layer_type(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "application/vnd.oci.image.layer.v1.tar",
        Compression::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
        Compression::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
    }
}
