//! Files as one session sees them: the machine's, and what the session changed. Nothing is ever on a disk.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use skep_model::Timestamp;

use super::machine::Machine;

mod change;

/// The most links that a path leads over.
const LINKS: usize = 8;
/// The longest path.
const PATH: usize = 4096;

/// Files by their absolute path.
pub(super) type Tree = BTreeMap<Vec<u8>, Node>;

/// A file or the like.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) modified: Timestamp,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Directory,
    File(Cow<'static, [u8]>),
    Link(Cow<'static, [u8]>),
    /// A file of so many bytes that were not kept.
    Lost(u64),
    /// A device of which nothing can be read and to which everything can be written.
    Device,
}

impl Node {
    pub(crate) fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory)
    }

    pub(crate) fn size(&self) -> usize {
        match &self.kind {
            Kind::Directory => 4096,
            Kind::File(bytes) => bytes.len(),
            Kind::Link(target) => target.len(),
            Kind::Lost(size) => *size as usize,
            Kind::Device => 0,
        }
    }

    /// As `ls -l` shows what may be done with it.
    pub(crate) fn permissions(&self) -> String {
        let kind = match self.kind {
            Kind::Directory => 'd',
            Kind::Link(_) => 'l',
            Kind::Device => 'c',
            Kind::File(_) | Kind::Lost(_) => '-',
        };
        let mut text = String::from(kind);
        for shift in [6, 3, 0] {
            for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
                text.push(if self.mode >> shift & bit == 0 {
                    '-'
                } else {
                    letter
                });
            }
        }
        if self.mode & 0o1000 != 0 {
            text.pop();
            text.push('t');
        }
        text
    }

    fn allows(&self, user: u32, bit: u32) -> bool {
        let shift = if self.owner == user { 6 } else { 0 };
        user == 0 || self.mode >> shift & bit != 0
    }
}

/// Why something cannot be done, in the C library's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    Denied,
    Directory,
    NotDirectory,
    Exists,
    NotEmpty,
    Full,
    Long,
    Invalid,
    Unreadable,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "No such file or directory",
            Self::Denied => "Permission denied",
            Self::Directory => "Is a directory",
            Self::NotDirectory => "Not a directory",
            Self::Exists => "File exists",
            Self::NotEmpty => "Directory not empty",
            Self::Full => "No space left on device",
            Self::Long => "File name too long",
            Self::Invalid => "Invalid argument",
            Self::Unreadable => "Input/output error",
        })
    }
}

/// The files of one session.
#[derive(Clone, Debug)]
pub(crate) struct Filesystem {
    machine: Arc<Machine>,
    /// What the session made or changed; `None` was removed.
    changes: Changes,
    written: usize,
    user: u32,
    name: String,
}

type Changes = BTreeMap<Vec<u8>, Option<Node>>;

impl Filesystem {
    pub(crate) fn new(machine: Arc<Machine>, user: u32, name: &str) -> Self {
        Self {
            machine,
            changes: Changes::new(),
            written: 0,
            user,
            name: name.to_owned(),
        }
    }

    /// Sees them as another user from now on.
    pub(crate) fn act_as(&mut self, user: u32) {
        self.user = user;
    }

    /// The name of a node's owner.
    pub(crate) fn owner(&self, node: &Node) -> &str {
        if node.owner == 0 { "root" } else { &self.name }
    }

    /// The absolute path without links in it. Its last part need not exist.
    pub(crate) fn resolve(&self, directory: &[u8], path: &[u8]) -> Vec<u8> {
        self.follow(directory, path, true)
    }

    /// The same, but for a link at the path's end, which is not followed.
    pub(crate) fn resolve_link(&self, directory: &[u8], path: &[u8]) -> Vec<u8> {
        self.follow(directory, path, false)
    }

    fn follow(&self, directory: &[u8], path: &[u8], last: bool) -> Vec<u8> {
        let mut left: Vec<Vec<u8>> = parts(path).rev().map(<[u8]>::to_vec).collect();
        let mut at = if path.starts_with(b"/") {
            vec![]
        } else {
            directory.to_vec()
        };
        if at == b"/" {
            at.clear();
        }
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == b".." {
                at.truncate(at.iter().rposition(|b| *b == b'/').unwrap_or(0));
                continue;
            }
            let length = at.len();
            at.push(b'/');
            at.extend_from_slice(&part);
            if at.len() > PATH {
                break;
            }
            if let Some(Node {
                kind: Kind::Link(target),
                ..
            }) = self.get(&at)
                && links < LINKS
                && (last || !left.is_empty())
            {
                links += 1;
                let rest = parts(target).rev().map(<[u8]>::to_vec);
                left.extend(rest);
                let from = if target.starts_with(b"/") { 0 } else { length };
                at.truncate(from);
            }
        }
        if at.is_empty() { b"/".to_vec() } else { at }
    }

    /// What is at an absolute path.
    pub(crate) fn get(&self, path: &[u8]) -> Option<&Node> {
        match self.changes.get(path) {
            Some(change) => change.as_ref(),
            None => self.machine.tree.get(path),
        }
    }

    /// What a directory has in it, by name.
    pub(crate) fn list(&self, directory: &[u8]) -> Result<Vec<(Vec<u8>, &Node)>, Refusal> {
        let node = self.get(directory).ok_or(Refusal::Missing)?;
        if !node.is_directory() {
            return Err(Refusal::NotDirectory);
        }
        if !node.allows(self.user, 4) {
            return Err(Refusal::Denied);
        }
        let mut prefix = directory.to_vec();
        if prefix != b"/" {
            prefix.push(b'/');
        }
        let inside = |path: &[u8]| {
            let name = path.strip_prefix(prefix.as_slice())?;
            (!name.is_empty() && !name.contains(&b'/')).then(|| name.to_vec())
        };
        let mut names = BTreeMap::new();
        let below = |path: &Vec<u8>| path.starts_with(&prefix);
        for (path, node) in self
            .machine
            .tree
            .range(prefix.clone()..)
            .take_while(|(path, _)| below(path))
        {
            names.extend(inside(path).map(|name| (name, node)));
        }
        for (path, change) in self
            .changes
            .range(prefix.clone()..)
            .take_while(|(path, _)| below(path))
        {
            match (inside(path), change) {
                (Some(name), Some(node)) => drop(names.insert(name, node)),
                (Some(name), None) => drop(names.remove(&name)),
                (None, _) => {}
            }
        }
        Ok(names.into_iter().collect())
    }

    /// A file's bytes.
    pub(crate) fn read(&self, path: &[u8]) -> Result<&[u8], Refusal> {
        let node = self.get(path).ok_or(Refusal::Missing)?;
        let hidden = path.starts_with(b"/root/")
            && !self
                .get(b"/root")
                .is_some_and(|root| root.allows(self.user, 1));
        match &node.kind {
            Kind::Directory => Err(Refusal::Directory),
            _ if hidden || !node.allows(self.user, 4) => Err(Refusal::Denied),
            Kind::File(bytes) => Ok(bytes),
            Kind::Lost(_) => Err(Refusal::Unreadable),
            Kind::Link(_) | Kind::Device => Ok(b""),
        }
    }
}

/// The parts of a path that lead somewhere.
fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|b| *b == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
}

#[cfg(test)]
mod tests;
