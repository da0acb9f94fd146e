//! Files that are copied to and from the imitated machine. `sftp` and `scp` are the two ways.

use sha2::{Digest, Sha256};
use skep_model::{Bytes, Direction, InteractionKind, Timestamp, limits};

use crate::{
    record::Recorder,
    shell::filesystem::{Filesystem, Refusal},
};

/// A program that copies files: it takes bytes, and makes deeds of them one step at a time.
pub(super) trait Transfer: Send {
    /// Takes bytes that were received.
    fn receive(&mut self, bytes: &[u8]);

    /// Takes the next step, if what was received is enough for one.
    fn step(&mut self, files: &mut Filesystem) -> Option<Vec<Deed>>;

    /// Ends what is unfinished: nothing more will be received.
    fn end(&mut self) -> Vec<Deed>;
}

/// What copying comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Something is done, and recorded as a command: `sftp: put /tmp/x`.
    Command(Vec<u8>),
    /// The client is told something.
    Answer(Vec<u8>),
    /// A piece of a file came.
    Received(Vec<u8>),
    /// A piece of a file goes out; it is part of the next answer.
    Sent(Vec<u8>),
    /// A file has come.
    File {
        name: Vec<u8>,
        size: u64,
        sha256: String,
    },
    /// There is something to say about a file.
    Note(&'static str),
    /// The program ends with this status.
    Exit(u8),
}

impl Deed {
    /// Records what is to be recorded of it.
    pub(super) async fn record(&self, recorder: &mut Recorder) {
        let data = |direction, bytes: &Vec<u8>| InteractionKind::Data {
            direction,
            bytes: Bytes(bytes.clone()),
        };
        let kind = match self {
            Self::Command(line) => InteractionKind::Command {
                line: Bytes(line.clone()),
                protocol: false,
            },
            Self::Received(bytes) => data(Direction::In, bytes),
            Self::Sent(bytes) => data(Direction::Out, bytes),
            Self::File { name, size, sha256 } => InteractionKind::File {
                name: Bytes(name.clone()),
                size: *size,
                sha256: sha256.clone(),
            },
            Self::Note(text) => InteractionKind::Note {
                text: (*text).to_owned(),
            },
            Self::Answer(_) | Self::Exit(_) => return,
        };
        recorder.record(kind).await;
    }
}

/// A file on its way here. Its length and hash are of all that comes; the imitated machine keeps what it has room
/// for.
pub(super) struct Upload {
    /// The name that it was given.
    name: Vec<u8>,
    path: Vec<u8>,
    size: u64,
    hash: Sha256,
    /// What came and is neither recorded nor stored yet.
    waiting: Vec<u8>,
    in_order: bool,
}

impl Upload {
    /// Begins a file; an old one of that name is replaced, or continued with `append`.
    pub(super) fn begin(
        name: &[u8],
        path: Vec<u8>,
        append: bool,
        files: &mut Filesystem,
    ) -> Result<Self, Refusal> {
        files.write(&path, b"", append, Timestamp::now())?;
        Ok(Self {
            name: name.to_vec(),
            path,
            size: 0,
            hash: Sha256::new(),
            waiting: vec![],
            in_order: true,
        })
    }

    /// The file's path.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// Takes a piece that belongs at `offset`.
    pub(super) fn write_at(
        &mut self,
        offset: u64,
        bytes: &[u8],
        files: &mut Filesystem,
        deeds: &mut Vec<Deed>,
    ) {
        self.in_order &= offset == self.size;
        self.write(bytes, files, deeds);
    }

    /// Takes the next piece.
    pub(super) fn write(&mut self, bytes: &[u8], files: &mut Filesystem, deeds: &mut Vec<Deed>) {
        self.size += bytes.len() as u64;
        self.hash.update(bytes);
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() >= limits::VALUE {
            let rest = self.waiting.split_off(limits::VALUE);
            let piece = std::mem::replace(&mut self.waiting, rest);
            self.keep(piece, files, deeds);
        }
    }

    /// Ends the file.
    pub(super) fn finish(mut self, files: &mut Filesystem, deeds: &mut Vec<Deed>) {
        let piece = std::mem::take(&mut self.waiting);
        self.keep(piece, files, deeds);
        let in_order = self.in_order;
        deeds.push(self.file());
        if !in_order {
            deeds.push(Deed::Note(
                "the file was not sent from its beginning to its end: length and hash are of the pieces as they came",
            ));
        }
    }

    /// Ends a file that did not come to its end.
    pub(super) fn abandon(mut self) -> Vec<Deed> {
        let piece = std::mem::take(&mut self.waiting);
        let mut deeds = vec![];
        if !piece.is_empty() {
            deeds.push(Deed::Received(piece));
        }
        deeds.push(self.file());
        deeds.push(Deed::Note(
            "the file did not come to its end: length and hash are of what came",
        ));
        deeds
    }

    fn file(self) -> Deed {
        Deed::File {
            name: self.name,
            size: self.size,
            sha256: format!("{:x}", self.hash.finalize()),
        }
    }

    fn keep(&mut self, piece: Vec<u8>, files: &mut Filesystem, deeds: &mut Vec<Deed>) {
        if piece.is_empty() {
            return;
        }
        let room = files.room().min(piece.len());
        // The file was made at its beginning; should it be gone by now, there is nothing to add to.
        let _ = files.write(&self.path, &piece[..room], true, Timestamp::now());
        deeds.push(Deed::Received(piece));
    }
}
