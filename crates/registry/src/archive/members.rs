//! The members of a tar archive, one after the other, within bounds.
//!
//! Long names are read here and not by the library, which would read them however long they are.

use std::{
    collections::HashSet,
    io::{ErrorKind, Read},
};

use tar::{Entry, EntryType, PaxExtensions};

use super::{
    ArchiveError,
    error::{refused, shown},
    unpack::Budget,
};

/// How many members an archive may have. An image of Docker's has at most 127 layers, of three files each.
const MEMBERS: usize = 4096;
/// The longest name.
const NAME: usize = 512;
/// The longest description of a member beside its header.
const DESCRIPTION: u64 = 64 * 1024;

/// A member, by its name without a leading `./`. Folders are none.
#[derive(Debug)]
pub(super) enum Member<'a> {
    /// A file of this length.
    File(&'a str, u64),
    /// Another name for a file.
    Link(&'a str, String),
}

/// What to do with a member and its content.
pub(super) type Visit<'a> =
    &'a mut dyn FnMut(&Member<'_>, &mut dyn Read) -> Result<(), ArchiveError>;

/// What came before a member to describe it.
#[derive(Default)]
struct Description {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

/// Visits all members of an archive, and reads it to its end.
pub(super) fn each(
    source: &mut dyn Read,
    budget: &Budget,
    visit: Visit<'_>,
) -> Result<(), ArchiveError> {
    let mut seen = HashSet::new();
    let mut headers = 0_usize;
    let mut description = Description::default();
    let mut archive = tar::Archive::new(&mut *source);
    let entries = archive.entries().map_err(|error| budget.explain(&error))?;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|error| {
            // What is no header at the very beginning is no archive at all.
            if headers == 0 && error.kind() == ErrorKind::Other && !budget.is_spent() {
                refused("it is no tar archive, neither plain nor in gzip or zstd")
            } else {
                budget.explain(&error)
            }
        })?;
        headers += 1;
        if headers > MEMBERS {
            return Err(refused(format!("it has more than {MEMBERS} members")));
        }
        if describe(&mut entry, &mut description, budget)? {
            continue;
        }
        let Description { name, target } = std::mem::take(&mut description);
        let name = text(&name.unwrap_or_else(|| entry.header().path_bytes().into_owned()))?;
        let name = plain(&name)?;
        let kind = entry.header().entry_type();
        if kind == EntryType::Directory || name.is_empty() {
            continue;
        }
        let member = match kind {
            EntryType::Regular | EntryType::Continuous => Member::File(name, entry.size()),
            EntryType::Symlink => {
                let target =
                    target.or_else(|| Some(entry.header().link_name_bytes()?.into_owned()));
                Member::Link(name, text(&target.unwrap_or_default())?)
            }
            _ => {
                let name = shown(name);
                return Err(refused(format!("{name} is neither a file nor a folder")));
            }
        };
        if !seen.insert(name.to_owned()) {
            return Err(refused(format!("{} is in it twice", shown(name))));
        }
        visit(&member, &mut entry)?;
    }
    if seen.is_empty() {
        return Err(refused("it is empty"));
    }
    // The checksum of what is compressed stands at the end.
    std::io::copy(source, &mut std::io::sink()).map_err(|error| budget.explain(&error))?;
    Ok(())
}

/// Whether this is no member, but describes the next one.
fn describe<R: Read>(
    entry: &mut Entry<'_, R>,
    description: &mut Description,
    budget: &Budget,
) -> Result<bool, ArchiveError> {
    let kind = entry.header().entry_type();
    if !matches!(
        kind,
        EntryType::GNULongName
            | EntryType::GNULongLink
            | EntryType::XHeader
            | EntryType::XGlobalHeader
    ) {
        return Ok(false);
    }
    let length = entry.size();
    if length > DESCRIPTION {
        return Err(refused("the name of a member is too long"));
    }
    let mut content = vec![];
    entry
        .take(length)
        .read_to_end(&mut content)
        .map_err(|error| budget.explain(&error))?;
    let ends = |content: &[u8]| content.split(|byte| *byte == 0).next().map(<[u8]>::to_vec);
    match kind {
        EntryType::GNULongName => description.name = ends(&content),
        EntryType::GNULongLink => description.target = ends(&content),
        EntryType::XHeader => {
            for extension in PaxExtensions::new(&content) {
                let extension = extension.map_err(|error| budget.explain(&error))?;
                match extension.key_bytes() {
                    b"path" => description.name = Some(extension.value_bytes().to_vec()),
                    b"linkpath" => description.target = Some(extension.value_bytes().to_vec()),
                    // A length that is not the header's would make two readers see two archives.
                    b"size" => return Err(refused("a member is longer than 8 GiB")),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    Ok(true)
}

fn text(bytes: &[u8]) -> Result<String, ArchiveError> {
    match str::from_utf8(bytes) {
        Ok(text) if text.len() <= NAME => Ok(text.to_owned()),
        _ => Err(refused("the name of a member is too long or not UTF-8")),
    }
}

/// A name without what does not matter; it names nothing outside of the archive.
fn plain(name: &str) -> Result<&str, ArchiveError> {
    let inner = name.trim_start_matches("./").trim_end_matches('/');
    let inner = if inner == "." { "" } else { inner };
    let outside = name.starts_with('/')
        || name.contains(['\\', '\0'])
        || (!inner.is_empty() && inner.split('/').any(|part| matches!(part, "" | "." | "..")));
    if outside {
        return Err(refused(format!("{} is no name for a member", shown(name))));
    }
    Ok(inner)
}
