//! Doors for fuzzing to the programs that copy files, which a client reaches only behind SSH's encryption.

use std::{iter, sync::Arc};

use super::{
    scp,
    sftp::Sftp,
    transfer::{Deed, Transfer},
};
use crate::shell::{Machine, Mode, Shell};

/// What copying came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// What was done, as it is recorded.
    pub commands: Vec<Vec<u8>>,
    /// All bytes of files that came.
    pub received: Vec<u8>,
    /// Name, size and SHA-256 of each file that came.
    pub files: Vec<(Vec<u8>, u64, String)>,
    /// All bytes of files that went out.
    pub sent: Vec<u8>,
    /// What the client was told.
    pub answers: Vec<Vec<u8>>,
    /// The statuses with which the program ended.
    pub exits: Vec<u8>,
}

/// Follows a client of `sftp` that sends these pieces.
#[must_use]
pub fn sftp<'a>(machine: &Arc<Machine>, pieces: impl Iterator<Item = &'a [u8]>) -> Copied {
    let shell = Shell::new(Arc::clone(machine), "root", Mode::Command);
    let program = Box::new(Sftp::new(shell.home()));
    follow(program, shell, pieces)
}

/// Follows a client of `scp` that runs this command and sends these pieces; `None` if the command is another.
#[must_use]
pub fn scp<'a>(
    machine: &Arc<Machine>,
    command: &[u8],
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Option<Copied> {
    let mut shell = Shell::new(Arc::clone(machine), "root", Mode::Command);
    let program = scp::start(&shell.words(command), shell.home())?;
    Some(follow(program, shell, pieces))
}

fn follow<'a>(
    mut program: Box<dyn Transfer>,
    mut shell: Shell,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Copied {
    let mut copied = Copied::default();
    // A program may have something to say before it hears anything.
    for piece in iter::once(b"".as_slice()).chain(pieces) {
        program.receive(piece);
        while let Some(deeds) = program.step(shell.files()) {
            copied.note(deeds);
        }
    }
    copied.note(program.end());
    copied
}

impl Copied {
    fn note(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Command(line) => self.commands.push(line),
                Deed::Answer(bytes) => self.answers.push(bytes),
                Deed::Received(bytes) => self.received.extend(bytes),
                Deed::Sent(bytes) => self.sent.extend(bytes),
                Deed::File { name, size, sha256 } => self.files.push((name, size, sha256)),
                Deed::Note(_) => {}
                Deed::Exit(status) => self.exits.push(status),
            }
        }
    }
}
