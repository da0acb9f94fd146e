//! What the imitated machine has on its disk, and why something cannot be done with it.

use std::{borrow::Cow, fmt};

use skep_model::Timestamp;

/// A file or the like.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: Kind,
    pub mode: u32,
    pub owner: u32,
    pub modified: Timestamp,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Directory,
    File(Cow<'static, [u8]>),
    Link(&'static str),
    /// A file of so many bytes that were not kept.
    Lost(u64),
    /// A device of which nothing can be read and to which everything can be written.
    Device,
}

impl Node {
    pub(crate) fn is_directory(&self) -> bool {
        matches!(self.kind, Kind::Directory)
    }

    pub(crate) fn size(&self) -> u64 {
        match &self.kind {
            Kind::Directory => 4096,
            Kind::File(bytes) => bytes.len() as u64,
            Kind::Lost(size) => *size,
            Kind::Link(target) => target.len() as u64,
            Kind::Device => 0,
        }
    }

    /// As `ls -l` shows them.
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

    /// Whether a user may read (4), write (2) or enter (1) it.
    pub(super) fn allows(&self, user: u32, bit: u32) -> bool {
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
            Self::Unreadable => "Input/output error",
        })
    }
}
