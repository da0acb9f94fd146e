//! What SFTP's packets are made of.

use crate::shell::filesystem::{Kind, Node, Refusal};

pub(super) const INIT: u8 = 1;
pub(super) const VERSION: u8 = 2;
pub(super) const OPEN: u8 = 3;
pub(super) const CLOSE: u8 = 4;
pub(super) const READ: u8 = 5;
pub(super) const WRITE: u8 = 6;
pub(super) const LSTAT: u8 = 7;
pub(super) const FSTAT: u8 = 8;
pub(super) const SETSTAT: u8 = 9;
pub(super) const FSETSTAT: u8 = 10;
pub(super) const OPENDIR: u8 = 11;
pub(super) const READDIR: u8 = 12;
pub(super) const REMOVE: u8 = 13;
pub(super) const MKDIR: u8 = 14;
pub(super) const RMDIR: u8 = 15;
pub(super) const REALPATH: u8 = 16;
pub(super) const STAT: u8 = 17;
pub(super) const RENAME: u8 = 18;
pub(super) const READLINK: u8 = 19;
pub(super) const SYMLINK: u8 = 20;
pub(super) const STATUS: u8 = 101;
pub(super) const HANDLE: u8 = 102;
pub(super) const DATA: u8 = 103;
pub(super) const NAME: u8 = 104;
pub(super) const ATTRIBUTES: u8 = 105;
pub(super) const EXTENDED: u8 = 200;
pub(super) const EXTENDED_REPLY: u8 = 201;

// How a file is opened.
pub(super) const WRITES: u32 = 2;
pub(super) const CREATES: u32 = 8;
pub(super) const TRUNCATES: u32 = 16;
pub(super) const EXCLUSIVE: u32 = 32;

// Which attributes follow.
const SIZE: u32 = 1;
const OWNER: u32 = 2;
const MODE: u32 = 4;
const TIMES: u32 = 8;
const MORE: u32 = 0x8000_0000;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok = 0,
    EndOfFile = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    Unsupported = 8,
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Missing | Refusal::NotDirectory => Self::NoSuchFile,
            Refusal::Denied => Self::PermissionDenied,
            _ => Self::Failure,
        }
    }
}

impl Status {
    pub(super) fn encode(self) -> Vec<u8> {
        let text = match self {
            Self::Ok => "Success",
            Self::EndOfFile => "End of file",
            Self::NoSuchFile => "No such file",
            Self::PermissionDenied => "Permission denied",
            Self::Failure => "Failure",
            Self::Unsupported => "Operation unsupported",
        };
        let mut body = (self as u32).to_be_bytes().to_vec();
        string(&mut body, text.as_bytes());
        string(&mut body, b"");
        body
    }
}

/// A packet with its length before it.
pub(super) fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (1 + body.len()) as u32;
    [length.to_be_bytes().as_slice(), &[kind], body].concat()
}

/// Adds a string.
pub(super) fn string(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    body.extend_from_slice(bytes);
}

/// Adds a file's attributes, or none.
pub(super) fn attributes(body: &mut Vec<u8>, node: Option<&Node>) {
    let Some(node) = node else {
        body.extend_from_slice(&[0; 4]);
        return;
    };
    let kind = match node.kind {
        Kind::Directory => 0o040_000,
        Kind::File(_) | Kind::Lost(_) => 0o100_000,
        Kind::Link(_) => 0o120_000,
        Kind::Device => 0o020_000,
    };
    let modified = u32::try_from(node.modified.0 / 1000).unwrap_or_default();
    body.extend_from_slice(&(SIZE | OWNER | MODE | TIMES).to_be_bytes());
    body.extend_from_slice(&(node.size() as u64).to_be_bytes());
    for number in [node.owner, node.owner, kind | node.mode, modified, modified] {
        body.extend_from_slice(&number.to_be_bytes());
    }
}

/// What a client wants to be true of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) mode: Option<u32>,
    /// In seconds.
    pub(super) modified: Option<u32>,
}

/// Reads a packet from its beginning to its end.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn long(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length as usize)
    }

    /// A handle; those that are not ours are numbers that are not given out either.
    pub(super) fn handle(&mut self) -> Option<u32> {
        let text = self.string()?;
        Some(text.try_into().map_or(u32::MAX, u32::from_be_bytes))
    }

    pub(super) fn attributes(&mut self) -> Option<Wanted> {
        let mut wanted = Wanted::default();
        let flags = self.number()?;
        if flags & SIZE != 0 {
            self.long()?;
        }
        if flags & OWNER != 0 {
            self.long()?;
        }
        if flags & MODE != 0 {
            wanted.mode = Some(self.number()?);
        }
        if flags & TIMES != 0 {
            self.number()?;
            wanted.modified = Some(self.number()?);
        }
        if flags & MORE != 0 {
            for _ in 0..self.number()? {
                self.string()?;
                self.string()?;
            }
        }
        Some(wanted)
    }
}
