//! The files of an image in an archive, staged.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Read},
};

use super::{
    ArchiveError,
    error::{refused, shown},
    members::Member,
    unpack::Budget,
};
use crate::{Digest, RegistryError, Storage, staging::Staged};

/// The longest file that is read into memory.
const SMALL: u64 = 4 * 1024 * 1024;
/// How much is copied at a time.
const BUFFER: usize = 256 * 1024;

/// Files and links by their names.
#[derive(Debug)]
pub(super) struct Files {
    budget: Budget,
    staged: HashMap<String, Staged>,
    links: HashMap<String, String>,
}

impl Files {
    /// No files yet.
    pub(super) fn new(budget: &Budget) -> Self {
        Self {
            budget: budget.clone(),
            staged: HashMap::new(),
            links: HashMap::new(),
        }
    }

    /// Stages a member.
    pub(super) fn add(
        &mut self,
        storage: &Storage,
        member: &Member<'_>,
        content: &mut dyn Read,
    ) -> Result<(), ArchiveError> {
        match member {
            Member::File(name, length) => {
                let mut file = storage.stage(u64::MAX)?;
                let mut buffer = vec![0; BUFFER];
                while let Some(count) = self.next(content, &mut buffer)? {
                    file.append(&buffer[..count]).map_err(|error| match error {
                        RegistryError::TooLarge(limit) => too_long(name, limit),
                        other => other.into(),
                    })?;
                }
                if file.length() != *length {
                    return Err(cut_off(name));
                }
                self.staged.insert((*name).to_owned(), file.finish());
            }
            Member::Link(name, target) => {
                let target = resolve(name, target);
                let target = target.ok_or_else(|| {
                    refused(format!("{} links to something outside", shown(name)))
                })?;
                self.links.insert((*name).to_owned(), target);
            }
        }
        Ok(())
    }

    /// Reads what comes next.
    fn next(
        &self,
        content: &mut dyn Read,
        buffer: &mut [u8],
    ) -> Result<Option<usize>, ArchiveError> {
        loop {
            match content.read(buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => return Ok(Some(count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.budget.explain(&error)),
            }
        }
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.staged.contains_key(name)
    }

    /// A file, by its own name or by one link.
    pub(super) fn get(&self, name: &str) -> Result<&Staged, ArchiveError> {
        self.staged
            .get(name)
            .or_else(|| self.staged.get(self.links.get(name)?))
            .ok_or_else(|| refused(format!("{} is missing", shown(name))))
    }

    /// The whole of a small file.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let content = self
            .get(name)?
            .read(SMALL as usize)
            .map_err(RegistryError::from)?;
        content.ok_or_else(|| too_long(name, SMALL))
    }

    /// A file that is called by its digest in an OCI image layout.
    pub(super) fn blob(&self, digest: &Digest) -> Result<(String, &Staged), ArchiveError> {
        let name = format!("blobs/sha256/{}", digest.hex());
        let file = self.get(&name)?;
        if file.digest() != *digest {
            return Err(refused(format!("{name} is damaged: it has another digest")));
        }
        Ok((name, file))
    }

    /// One of these files in a folder, if there is any.
    pub(super) fn find_deeper(&self, names: &[&str]) -> Option<String> {
        let deeper = |name: &&String| {
            name.rsplit_once('/')
                .is_some_and(|(_, last)| names.contains(&last))
        };
        self.staged.keys().find(deeper).map(|name| shown(name))
    }

    /// The files with these digests, each once.
    pub(super) fn into_blobs(self, wanted: &HashSet<Digest>) -> Vec<Staged> {
        let mut blobs: HashMap<_, _> = self
            .staged
            .into_values()
            .map(|file| (file.digest(), file))
            .collect();
        wanted
            .iter()
            .filter_map(|digest| blobs.remove(digest))
            .collect()
    }
}

/// The whole of a small member.
pub(super) fn small(
    name: &str,
    length: u64,
    content: &mut dyn Read,
    budget: &Budget,
) -> Result<Vec<u8>, ArchiveError> {
    if length > SMALL {
        return Err(too_long(name, SMALL));
    }
    let mut whole = vec![];
    content
        .take(length)
        .read_to_end(&mut whole)
        .map_err(|error| budget.explain(&error))?;
    if whole.len() as u64 != length {
        return Err(cut_off(name));
    }
    Ok(whole)
}

/// Where a link leads to, within the archive.
fn resolve(name: &str, target: &str) -> Option<String> {
    let mut parts: Vec<_> = name.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()?),
            "" => return None,
            "." => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn cut_off(name: &str) -> ArchiveError {
    refused(format!(
        "it is cut off: it ends in the middle of {}",
        shown(name)
    ))
}

fn too_long(name: &str, limit: u64) -> ArchiveError {
    refused(format!("{} is longer than {limit} bytes", shown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        for (name, target, wanted) in [
            ("a/layer.tar", "../b/layer.tar", Some("b/layer.tar")),
            ("a/layer.tar", "./x", Some("a/x")),
            ("a", "b", Some("b")),
            ("a", "../b", None),
            ("a/b", "../../c", None),
            ("a", "/etc/passwd", None),
            ("a", "", None),
        ] {
            assert_eq!(resolve(name, target).as_deref(), wanted, "{name} {target}");
        }
    }
}
