//! Manifests: what is taken, and what they need.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Digest, RegistryError};

/// The longest manifest.
pub const MANIFEST_LENGTH: usize = 4 * 1024 * 1024;
/// How many things a manifest may need; images have at most 127 layers.
pub const DESCRIPTORS: usize = 512;

/// What kind of manifest it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// An image, by the OCI.
    Image,
    /// Several images, by the OCI.
    Index,
    /// An image, by Docker.
    DockerImage,
    /// Several images, by Docker.
    DockerList,
}

impl MediaType {
    const ALL: [Self; 4] = [
        Self::Image,
        Self::Index,
        Self::DockerImage,
        Self::DockerList,
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "application/vnd.oci.image.manifest.v1+json",
            Self::Index => "application/vnd.oci.image.index.v1+json",
            Self::DockerImage => "application/vnd.docker.distribution.manifest.v2+json",
            Self::DockerList => "application/vnd.docker.distribution.manifest.list.v2+json",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    fn has_several(self) -> bool {
        matches!(self, Self::Index | Self::DockerList)
    }
}

/// Something that a manifest needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Which one it is.
    pub digest: Digest,
    /// How long it is.
    pub size: u64,
    /// What machines an image is for.
    pub platform: Option<Platform>,
    /// What else is said about it.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// What marks a manifest that describes how an image was made, and is none.
const DESCRIBES: &str = "vnd.docker.reference.type";

impl Descriptor {
    /// Whether it is an image, among the manifests of an index.
    #[must_use]
    pub fn is_image(&self) -> bool {
        !self.annotations.contains_key(DESCRIBES)
    }
}

/// A kind of machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// Its processor: `amd64`, `arm`, `arm64`.
    pub architecture: String,
    /// Its system: `linux`.
    pub os: String,
    /// The variant of the processor, such as `v7`.
    pub variant: Option<String>,
}

/// What a manifest needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// An image's blobs.
    Blobs {
        /// How it is to be run.
        config: Descriptor,
        /// Its files, from the lowest layer up.
        layers: Vec<Descriptor>,
    },
    /// Other manifests.
    Manifests(Vec<Descriptor>),
}

/// A manifest that can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What kind it is.
    pub media_type: MediaType,
    /// What it needs.
    pub needs: Needs,
    /// The manifest that this one is about, if any.
    pub subject: Option<Digest>,
    /// What it is, if it is no image.
    pub artifact_type: Option<String>,
    /// What else is said about it.
    pub annotations: BTreeMap<String, String>,
}

/// Manifests as they are written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    schema_version: u32,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// Reads a manifest. `announced` is the type that it came with; what it says of itself must be the same.
    pub fn parse(content: &[u8], announced: Option<&str>) -> Result<Self, RegistryError> {
        if content.len() > MANIFEST_LENGTH {
            return Err(RegistryError::TooLarge(MANIFEST_LENGTH as u64));
        }
        let written: Written = serde_json::from_slice(content)
            .map_err(|error| invalid(format!("the manifest cannot be understood: {error}")))?;
        if written.schema_version != 2 {
            return Err(invalid("manifests of schema version 2 are taken only"));
        }
        let media_type = media_type(&written, announced)?;
        // A manifest that could be read as both would be one thing here and another there.
        let needs = match (written.config, written.layers, written.manifests) {
            (Some(config), Some(layers), None) if !media_type.has_several() => {
                Needs::Blobs { config, layers }
            }
            (None, None, Some(manifests)) if media_type.has_several() => {
                Needs::Manifests(manifests)
            }
            _ => {
                return Err(invalid(
                    "the manifest has not exactly what one of its type has: config and layers, or manifests",
                ));
            }
        };
        let manifest = Self {
            media_type,
            needs,
            subject: written.subject.map(|subject| subject.digest),
            artifact_type: written.artifact_type,
            annotations: written.annotations.unwrap_or_default(),
        };
        if manifest.descriptors().count() > DESCRIPTORS {
            return Err(invalid(format!(
                "the manifest needs more than {DESCRIPTORS} others"
            )));
        }
        Ok(manifest)
    }

    /// All that it needs.
    pub fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        let (config, others) = match &self.needs {
            Needs::Blobs { config, layers } => (Some(config), layers),
            Needs::Manifests(manifests) => (None, manifests),
        };
        config.into_iter().chain(others)
    }

    /// The blobs that it needs.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.descriptors()
            .filter(|_| matches!(self.needs, Needs::Blobs { .. }))
    }
}

fn media_type(written: &Written, announced: Option<&str>) -> Result<MediaType, RegistryError> {
    let own = written.media_type.as_deref();
    // Parameters, such as a character set, do not matter.
    let announced = announced.map(|text| text.split(';').next().unwrap_or_default().trim());
    let name = match (own, announced) {
        (Some(own), Some(announced)) if own != announced => {
            return Err(invalid(
                "the manifest's mediaType is not the request's Content-Type",
            ));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) if written.manifests.is_some() => MediaType::Index.as_str(),
        (None, None) => MediaType::Image.as_str(),
    };
    let known = MediaType::named(name).ok_or_else(|| {
        invalid("manifests are taken of OCI images and indexes, and Docker's of schema 2")
    })?;
    // Without its own word, a manifest must be found again to be what it came as.
    if own.is_none() && !matches!(known, MediaType::Image | MediaType::Index) {
        return Err(invalid("a manifest of Docker's must have a mediaType"));
    }
    Ok(known)
}

fn invalid(reason: impl Into<String>) -> RegistryError {
    RegistryError::InvalidManifest(reason.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn descriptor() -> Value {
        json!({"mediaType": "a/b", "digest": Digest::of(b"x"), "size": 1})
    }

    fn read(manifest: &Value, announced: Option<&str>) -> Result<Manifest, RegistryError> {
        Manifest::parse(manifest.to_string().as_bytes(), announced)
    }

    #[test]
    fn types() {
        let image = json!({"schemaVersion": 2, "config": descriptor(), "layers": [descriptor()]});
        let index = json!({"schemaVersion": 2, "manifests": [descriptor()]});
        let oci = MediaType::Image.as_str();
        let docker = MediaType::DockerImage.as_str();
        let with = |manifest: &Value, key: &str, value: Value| {
            let mut manifest = manifest.clone();
            manifest[key] = value;
            manifest
        };
        assert_eq!(
            read(&image, None).expect("an image").media_type,
            MediaType::Image
        );
        assert_eq!(
            read(&image, Some(oci))
                .expect("an image")
                .descriptors()
                .count(),
            2
        );
        assert_eq!(
            read(&index, None).expect("an index").media_type,
            MediaType::Index
        );
        assert_eq!(read(&index, None).expect("an index").blobs().count(), 0);
        let named = with(&image, "mediaType", docker.into());
        let parameter = format!("{docker}; charset=utf-8");
        assert_eq!(
            read(&named, Some(&parameter))
                .expect("one of Docker's")
                .media_type,
            MediaType::DockerImage
        );

        for (bad, announced) in [
            (named.clone(), Some(oci)),
            (image.clone(), Some(docker)),
            (image.clone(), Some(MediaType::Index.as_str())),
            (image.clone(), Some("text/html")),
            (with(&image, "schemaVersion", 1.into()), None),
            (with(&image, "manifests", json!([descriptor()])), None),
            (with(&index, "layers", json!([])), None),
            (
                with(
                    &image,
                    "config",
                    json!({"mediaType": "a", "digest": "sha256:..", "size": 1}),
                ),
                None,
            ),
            (
                with(
                    &image,
                    "layers",
                    Value::from(vec![descriptor(); DESCRIPTORS]),
                ),
                None,
            ),
            (json!([]), None),
        ] {
            assert!(read(&bad, announced).is_err(), "{bad} {announced:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes(content: Vec<u8>) {
            prop_assert!(Manifest::parse(&content, None).is_err());
        }
    }
}
