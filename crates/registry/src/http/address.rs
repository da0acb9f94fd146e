//! What a path below `/v2` means.

use http::Method;
use percent_encoding::percent_decode_str;

use super::Action;
use crate::{Digest, Reference, RegistryError, Repository, UploadId};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Whether there is a registry, and whether one may use it.
    Base,
    /// Beginning an upload.
    Uploads(Repository),
    /// An upload.
    Upload(Repository, UploadId),
    /// A blob.
    Blob(Repository, Digest),
    /// A manifest.
    Manifest(Repository, Reference),
    /// The list of tags.
    Tags(Repository),
    /// What is about a manifest.
    Referrers(Repository, Digest),
}

impl Address {
    /// Reads a path. Names may have parts such as `blobs` themselves, so it is read from its end.
    pub fn parse(path: &str) -> Result<Self, RegistryError> {
        let path = percent_decode_str(path).decode_utf8();
        let path = path.map_err(|_| RegistryError::InvalidName)?;
        let path = path.strip_prefix("/v2").ok_or(RegistryError::InvalidName)?;
        if matches!(path, "" | "/") {
            return Ok(Self::Base);
        }
        let path = path.strip_prefix('/').ok_or(RegistryError::InvalidName)?;
        let split = |path: &'_ str| -> Option<(String, String)> {
            let (above, last) = path.rsplit_once('/')?;
            Some((above.to_owned(), last.to_owned()))
        };
        if let Some(name) = path
            .strip_suffix("/blobs/uploads/")
            .or_else(|| path.strip_suffix("/blobs/uploads"))
        {
            return Ok(Self::Uploads(name.parse()?));
        }
        let (above, last) = split(path).ok_or(RegistryError::InvalidName)?;
        if let Some(name) = above.strip_suffix("/blobs/uploads") {
            return Ok(Self::Upload(name.parse()?, last.parse()?));
        }
        let (name, kind) = split(&above).ok_or(RegistryError::InvalidName)?;
        match (kind.as_str(), last.as_str()) {
            ("blobs", digest) => Ok(Self::Blob(name.parse()?, digest.parse()?)),
            ("manifests", reference) => Ok(Self::Manifest(name.parse()?, reference.parse()?)),
            ("tags", "list") => Ok(Self::Tags(name.parse()?)),
            ("referrers", digest) => Ok(Self::Referrers(name.parse()?, digest.parse()?)),
            _ => Err(RegistryError::InvalidName),
        }
    }

    /// The repository that is asked for.
    #[must_use]
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Base => None,
            Self::Uploads(repository)
            | Self::Upload(repository, _)
            | Self::Blob(repository, _)
            | Self::Manifest(repository, _)
            | Self::Tags(repository)
            | Self::Referrers(repository, _) => Some(repository),
        }
    }

    /// The same in the repository that its name stands for.
    #[must_use]
    pub fn within(self, meant: impl Fn(Repository) -> Repository) -> Self {
        match self {
            Self::Base => Self::Base,
            Self::Uploads(repository) => Self::Uploads(meant(repository)),
            Self::Upload(repository, id) => Self::Upload(meant(repository), id),
            Self::Blob(repository, digest) => Self::Blob(meant(repository), digest),
            Self::Manifest(repository, reference) => Self::Manifest(meant(repository), reference),
            Self::Tags(repository) => Self::Tags(meant(repository)),
            Self::Referrers(repository, digest) => Self::Referrers(meant(repository), digest),
        }
    }

    /// What somebody wants to do who asks for this.
    #[must_use]
    pub fn action(&self, method: &Method) -> Action {
        match (self, method) {
            (Self::Uploads(_) | Self::Upload(..), _) => Action::Push,
            (_, &Method::GET | &Method::HEAD) => Action::Pull,
            (_, &Method::DELETE) => Action::Delete,
            _ => Action::Push,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Repository {
        text.parse().expect("a name")
    }

    #[test]
    fn paths() {
        let digest = Digest::of(b"");
        let id: UploadId = "0".repeat(32).parse().expect("an id");
        for (path, wanted) in [
            ("/v2", Address::Base),
            ("/v2/", Address::Base),
            ("/v2/a/blobs/uploads/", Address::Uploads(name("a"))),
            ("/v2/a/blobs/uploads", Address::Uploads(name("a"))),
            (
                "/v2/blobs/uploads/blobs/uploads/",
                Address::Uploads(name("blobs/uploads")),
            ),
            (
                &format!("/v2/a/b/blobs/uploads/{id}"),
                Address::Upload(name("a/b"), id.clone()),
            ),
            (
                &format!("/v2/a/blobs/{digest}"),
                Address::Blob(name("a"), digest),
            ),
            (
                &format!("/v2/a/blobs/{digest}").replace(':', "%3A"),
                Address::Blob(name("a"), digest),
            ),
            (
                "/v2/a/manifests/manifests/1.0",
                Address::Manifest(name("a/manifests"), "1.0".parse().expect("a tag")),
            ),
            ("/v2/a/tags/list", Address::Tags(name("a"))),
            (
                &format!("/v2/a/referrers/{digest}"),
                Address::Referrers(name("a"), digest),
            ),
        ] {
            assert_eq!(Address::parse(path).ok(), Some(wanted), "{path}");
        }
        for path in [
            "/v2//",
            "/v2/a",
            "/v2/a/tags",
            "/v2/tags/list",
            "/v2/A/tags/list",
            "/v2/../tags/list",
            "/v2/a/%2e%2e/tags/list",
            "/v2/_a/tags/list",
            "/v2/a//tags/list",
            "/v2/a/blobs/x",
            "/v2/a/manifests/..",
            "/v2/a/manifests/%ff",
            "/v2/blobs/uploads/",
            "/v3/a/tags/list",
            "",
        ] {
            assert!(Address::parse(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes(path in "/v2/[a./_%-]{0,6}/(blobs|manifests|tags|referrers)/(uploads/|list|[a-z0-9.:]{0,8})") {
            if let Ok(address) = Address::parse(&path) {
                let name = address.repository().map(ToString::to_string);
                prop_assert!(name.is_some_and(|name| path.contains(&name)));
            }
        }
    }
}
