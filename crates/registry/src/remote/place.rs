//! Where an image is: `docker.io/cowrie/cowrie:latest`.

use std::{fmt, str::FromStr};

use crate::{Reference, RegistryError, Repository};

/// The registry that is meant when none is named.
const HUB: &str = "docker.io";
/// Where that one answers.
const HUB_ADDRESS: &str = "registry-1.docker.io";
/// What its own images are below.
const HUB_OWN: &str = "library/";
/// What is meant when no tag is named.
const TAG: &str = "latest";

/// An image of another registry, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: String,
    repository: Repository,
    reference: Reference,
}

impl Place {
    /// The host to ask, with its port if it is not the usual one.
    #[must_use]
    pub fn address(&self) -> &str {
        if self.host == HUB {
            HUB_ADDRESS
        } else {
            &self.host
        }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Which of its manifests.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }
}

impl FromStr for Place {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let (host, path) = match text.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => (HUB, text),
        };
        let (name, digest) = match path.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse()?)),
            None => (path, None),
        };
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) => (name, tag),
            None => (name, TAG),
        };
        let tag = tag.parse()?;
        let own = host == HUB && !name.contains('/');
        let name = if own {
            format!("{HUB_OWN}{name}")
        } else {
            name.to_owned()
        };
        // What is no host may not become a part of an address.
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if !host.chars().all(fits) || reqwest::Url::parse(&format!("https://{host}")).is_err() {
            return Err(RegistryError::InvalidName);
        }
        Ok(Self {
            host: host.to_owned(),
            repository: name.parse()?,
            reference: digest.map_or(Reference::Tag(tag), Reference::Digest),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.reference {
            Reference::Tag(_) => ':',
            Reference::Digest(_) => '@',
        };
        write!(
            f,
            "{}/{}{mark}{}",
            self.host, self.repository, self.reference
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_people_write_them() {
        let digest = crate::Digest::of(b"");
        for (text, address, whole) in [
            (
                "cowrie/cowrie",
                HUB_ADDRESS,
                "docker.io/cowrie/cowrie:latest",
            ),
            ("alpine:3", HUB_ADDRESS, "docker.io/library/alpine:3"),
            (
                "docker.io/alpine",
                HUB_ADDRESS,
                "docker.io/library/alpine:latest",
            ),
            ("ghcr.io/a/b:1", "ghcr.io", "ghcr.io/a/b:1"),
            ("localhost/b", "localhost", "localhost/b:latest"),
            ("127.0.0.1:5000/b:x", "127.0.0.1:5000", "127.0.0.1:5000/b:x"),
            ("[::1]:5000/b:x", "[::1]:5000", "[::1]:5000/b:x"),
            (
                &format!("ghcr.io/a:1@{digest}"),
                "ghcr.io",
                &format!("ghcr.io/a@{digest}"),
            ),
        ] {
            let place: Place = text
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (place.address(), place.to_string().as_str()),
                (address, whole)
            );
        }
        for wrong in [
            "",
            "https://ghcr.io/a",
            "ghcr.io/",
            "ghcr.io/A",
            "user@ghcr.io/a",
            "ghcr.io:99999/a",
            "ghcr.io/a:",
            "ghcr.io/a@sha256:00",
            "ghcr.io?x/a",
            "gh cr.io/a",
        ] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
