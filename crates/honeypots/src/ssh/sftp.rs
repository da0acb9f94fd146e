//! The SFTP server, version 3 as OpenSSH speaks it (draft-ietf-secsh-filexfer-02), over the imitated files.
//!
//! What a client does is recorded as commands: `sftp: ls`, `get`, `put`, `rm`, `mkdir`, `rmdir`, `rename`, `chmod`,
//! `touch`, `ln -s`, `stat` and `readlink` with the paths as the client wrote them. What clients ask by themselves
//! (`realpath`, and about files that are open) is not.

use std::collections::BTreeMap;

use skep_model::Timestamp;

use super::{
    packet::{self, Reader, Status},
    transfer::{Deed, Transfer, Upload},
};
use crate::shell::{
    commands::list::long,
    filesystem::{Filesystem, Kind, Refusal},
};

mod answer;

use answer::{Answer, names, note, set, stat};

/// The longest packet, as OpenSSH has it.
const PACKET: usize = 256 * 1024;
/// The most bytes that are sent at once.
const READ: u32 = 255 * 1024;
/// How many files and directories may be open.
const HANDLES: usize = 100;
/// How many names are told at once.
const NAMES: usize = 100;

/// What the server can beside version 3.
const EXTENSIONS: [(&[u8], &[u8]); 4] = [
    (b"posix-rename@openssh.com", b"1"),
    (b"fsync@openssh.com", b"1"),
    (b"limits@openssh.com", b"1"),
    (b"expand-path@openssh.com", b"1"),
];

/// One SFTP session.
pub(super) struct Sftp {
    home: Vec<u8>,
    received: Vec<u8>,
    handles: BTreeMap<u32, Handle>,
    next: u32,
    ended: bool,
}

/// What is open.
enum Handle {
    Upload(Upload),
    Download(Vec<u8>),
    /// A directory, and the names in it that were not told yet.
    Directory(Vec<u8>, Vec<Vec<u8>>),
}

impl Transfer for Sftp {
    fn receive(&mut self, bytes: &[u8]) {
        if !self.ended {
            self.received.extend_from_slice(bytes);
        }
    }

    fn step(&mut self, files: &mut Filesystem) -> Option<Vec<Deed>> {
        if self.ended {
            return None;
        }
        let length = usize::try_from(Reader::new(&self.received).number()?).ok()?;
        if length == 0 || length > PACKET {
            return Some(self.give_up());
        }
        if self.received.len() < 4 + length {
            return None;
        }
        let packet: Vec<u8> = self.received.drain(..4 + length).skip(4).collect();
        let mut deeds = vec![];
        if self.request(&packet, files, &mut deeds).is_none() {
            deeds.extend(self.give_up());
        }
        Some(deeds)
    }

    fn end(&mut self) -> Vec<Deed> {
        let mut deeds = self.abandon();
        if !std::mem::replace(&mut self.ended, true) {
            deeds.push(Deed::Exit(0));
        }
        deeds
    }
}

impl Sftp {
    pub(super) fn new(home: &[u8]) -> Self {
        Self {
            home: home.to_vec(),
            received: vec![],
            handles: BTreeMap::new(),
            next: 0,
            ended: false,
        }
    }

    /// Ends as OpenSSH's server does when a packet cannot be read.
    fn give_up(&mut self) -> Vec<Deed> {
        self.received.clear();
        self.ended = true;
        let mut deeds = self.abandon();
        deeds.push(Deed::Exit(255));
        deeds
    }

    fn abandon(&mut self) -> Vec<Deed> {
        let mut deeds = vec![];
        for handle in std::mem::take(&mut self.handles).into_values() {
            if let Handle::Upload(upload) = handle {
                deeds.extend(upload.abandon());
            }
        }
        deeds
    }

    /// Follows one packet; `None` if it cannot be read.
    fn request(
        &mut self,
        packet: &[u8],
        files: &mut Filesystem,
        deeds: &mut Vec<Deed>,
    ) -> Option<()> {
        let mut reader = Reader::new(packet);
        let kind = reader.byte()?;
        if kind == packet::INIT {
            let mut version = 3u32.to_be_bytes().to_vec();
            for (name, data) in EXTENSIONS {
                packet::string(&mut version, name);
                packet::string(&mut version, data);
            }
            deeds.push(Deed::Answer(packet::framed(packet::VERSION, &version)));
            return Some(());
        }
        let id = reader.number()?;
        let answer = match kind {
            packet::OPEN => self.open(&mut reader, files, deeds)?,
            packet::CLOSE => match self.handles.remove(&reader.handle()?) {
                Some(Handle::Upload(upload)) => {
                    upload.finish(files, deeds);
                    Answer::Status(Status::Ok)
                }
                Some(_) => Answer::Status(Status::Ok),
                None => Answer::Status(Status::Failure),
            },
            packet::READ => self.read(&mut reader, files, deeds)?,
            packet::WRITE => {
                let (handle, offset, bytes) = (reader.handle()?, reader.long()?, reader.string()?);
                if let Some(Handle::Upload(upload)) = self.handles.get_mut(&handle) {
                    upload.write_at(offset, bytes, files, deeds);
                    Answer::Status(Status::Ok)
                } else {
                    Answer::Status(Status::Failure)
                }
            }
            packet::FSTAT | packet::FSETSTAT => {
                let path = self.handles.get(&reader.handle()?).map(Handle::path);
                match path.map(<[u8]>::to_vec) {
                    None => Answer::Status(Status::Failure),
                    Some(path) if kind == packet::FSTAT => stat(&path, files),
                    Some(path) => set(&path, &mut reader, files, None)?,
                }
            }
            packet::OPENDIR => self.open_directory(reader.string()?, files, deeds),
            packet::READDIR => self.read_directory(reader.handle()?, files),
            packet::EXTENDED => self.extended(&mut reader, files, deeds)?,
            _ => self.by_path(kind, &mut reader, files, deeds)?,
        };
        let (kind, body) = match answer {
            Answer::Status(status) => (packet::STATUS, status.encode()),
            Answer::Packet(kind, body) => (kind, body),
        };
        let body = [id.to_be_bytes().as_slice(), &body].concat();
        deeds.push(Deed::Answer(packet::framed(kind, &body)));
        Some(())
    }

    /// Requests that name a path.
    fn by_path(
        &mut self,
        kind: u8,
        reader: &mut Reader<'_>,
        files: &mut Filesystem,
        deeds: &mut Vec<Deed>,
    ) -> Option<Answer> {
        let word = match kind {
            packet::STAT | packet::LSTAT => "stat",
            packet::SETSTAT => "chmod",
            packet::REMOVE => "rm",
            packet::MKDIR => "mkdir",
            packet::RMDIR => "rmdir",
            packet::RENAME => "rename",
            packet::READLINK => "readlink",
            packet::SYMLINK => "ln -s",
            packet::REALPATH => "",
            _ => return Some(Answer::Status(Status::Unsupported)),
        };
        let name = reader.string()?;
        let path = files.resolve(&self.home, name);
        let itself = files.resolve_link(&self.home, name);
        if kind == packet::SETSTAT {
            return set(&path, reader, files, Some((name, deeds)));
        }
        let second = if matches!(kind, packet::RENAME | packet::SYMLINK) {
            Some(reader.string()?)
        } else {
            None
        };
        if !word.is_empty() {
            note(
                deeds,
                word,
                &[Some(name), second].map(Option::unwrap_or_default),
            );
        }
        Some(match kind {
            packet::REALPATH => names(&[(path, vec![], None)]),
            packet::STAT => stat(&path, files),
            packet::LSTAT => stat(&itself, files),
            packet::REMOVE => files.remove(&itself, false).into(),
            packet::MKDIR => files.make_directory(&path, Timestamp::now()).into(),
            packet::RMDIR => files.remove_directory(&path).into(),
            packet::RENAME => {
                let to = files.resolve(&self.home, second.unwrap_or_default());
                if files.get(&to).is_some() {
                    Answer::Status(Status::Failure)
                } else {
                    files.rename(&itself, &to).into()
                }
            }
            packet::READLINK => match files.get(&itself).map(|node| &node.kind) {
                Some(Kind::Link(target)) => names(&[(target.to_vec(), vec![], None)]),
                Some(_) => Answer::Status(Status::Failure),
                None => Answer::Status(Status::NoSuchFile),
            },
            // OpenSSH has the two the other way round than the draft, and so has everybody else.
            _ => {
                let link = files.resolve_link(&self.home, second.unwrap_or_default());
                files.link(&link, name, Timestamp::now()).into()
            }
        })
    }

    fn open(
        &mut self,
        reader: &mut Reader<'_>,
        files: &mut Filesystem,
        deeds: &mut Vec<Deed>,
    ) -> Option<Answer> {
        let (name, flags) = (reader.string()?, reader.number()?);
        let wanted = reader.attributes()?;
        let path = files.resolve(&self.home, name);
        let writes = flags & packet::WRITES != 0;
        note(deeds, if writes { "put" } else { "get" }, &[name]);
        let there = files.get(&path).is_some();
        let opened = if self.handles.len() >= HANDLES {
            return Some(Answer::Status(Status::Failure));
        } else if !writes {
            files
                .read(&path)
                .map(drop)
                .map(|()| Handle::Download(path.clone()))
        } else if there && flags & packet::EXCLUSIVE != 0 {
            Err(Refusal::Exists)
        } else if !there && flags & packet::CREATES == 0 {
            Err(Refusal::Missing)
        } else {
            let append = flags & packet::TRUNCATES == 0;
            Upload::begin(name, path.clone(), append, files).map(Handle::Upload)
        };
        Some(match opened {
            Err(refusal) => Answer::Status(refusal.into()),
            Ok(handle) => {
                if let (false, true, Some(mode)) = (there, writes, wanted.mode) {
                    let _ = files.set_mode(&path, mode & 0o7777);
                }
                self.handle(handle)
            }
        })
    }

    fn handle(&mut self, handle: Handle) -> Answer {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.handles.insert(number, handle);
        let mut body = vec![];
        packet::string(&mut body, &number.to_be_bytes());
        Answer::Packet(packet::HANDLE, body)
    }

    fn read(
        &mut self,
        reader: &mut Reader<'_>,
        files: &Filesystem,
        deeds: &mut Vec<Deed>,
    ) -> Option<Answer> {
        let (handle, offset, length) = (reader.handle()?, reader.long()?, reader.number()?);
        let Some(Handle::Download(path)) = self.handles.get(&handle) else {
            return Some(Answer::Status(Status::Failure));
        };
        let bytes = files.read(path).unwrap_or_default();
        let start = usize::try_from(offset).map_or(bytes.len(), |n| n.min(bytes.len()));
        let end = start
            .saturating_add(length.min(READ) as usize)
            .min(bytes.len());
        if start == end {
            return Some(Answer::Status(Status::EndOfFile));
        }
        for piece in bytes[start..end].chunks(skep_model::limits::VALUE) {
            deeds.push(Deed::Sent(piece.to_vec()));
        }
        let mut body = vec![];
        packet::string(&mut body, &bytes[start..end]);
        Some(Answer::Packet(packet::DATA, body))
    }

    fn open_directory(&mut self, name: &[u8], files: &Filesystem, deeds: &mut Vec<Deed>) -> Answer {
        note(deeds, "ls", &[name]);
        let path = files.resolve(&self.home, name);
        match files.list(&path) {
            _ if self.handles.len() >= HANDLES => Answer::Status(Status::Failure),
            Ok(entries) => {
                let own = [b".".to_vec(), b"..".to_vec()];
                let entries = entries.into_iter().map(|(name, _)| name);
                let mut left: Vec<_> = own.into_iter().chain(entries).collect();
                left.reverse();
                self.handle(Handle::Directory(path, left))
            }
            Err(refusal) => Answer::Status(refusal.into()),
        }
    }

    fn read_directory(&mut self, handle: u32, files: &Filesystem) -> Answer {
        let Some(Handle::Directory(path, left)) = self.handles.get_mut(&handle) else {
            return Answer::Status(Status::Failure);
        };
        let mut told = vec![];
        while told.len() < NAMES
            && let Some(name) = left.pop()
        {
            let entry = files.resolve_link(path, &name);
            if let Some(node) = files.get(&entry) {
                let line = long(node, &name, files.owner(node));
                told.push((name, line, Some(node)));
            }
        }
        if told.is_empty() {
            Answer::Status(Status::EndOfFile)
        } else {
            names(&told)
        }
    }

    fn extended(
        &mut self,
        reader: &mut Reader<'_>,
        files: &mut Filesystem,
        deeds: &mut Vec<Deed>,
    ) -> Option<Answer> {
        Some(match reader.string()? {
            b"posix-rename@openssh.com" => {
                let (from, to) = (reader.string()?, reader.string()?);
                note(deeds, "rename", &[from, to]);
                let from = files.resolve_link(&self.home, from);
                let to = files.resolve(&self.home, to);
                files.rename(&from, &to).into()
            }
            b"fsync@openssh.com" => {
                let known = self.handles.contains_key(&reader.handle()?);
                Answer::Status(if known { Status::Ok } else { Status::Failure })
            }
            b"limits@openssh.com" => {
                let limits = [PACKET as u64, READ.into(), READ.into(), HANDLES as u64];
                let body = limits.map(u64::to_be_bytes).concat();
                Answer::Packet(packet::EXTENDED_REPLY, body)
            }
            b"expand-path@openssh.com" => {
                let name = reader.string()?;
                let name = match name.strip_prefix(b"~") {
                    Some(rest) if rest.is_empty() || rest.starts_with(b"/") => {
                        [self.home.as_slice(), rest].concat()
                    }
                    _ => name.to_vec(),
                };
                names(&[(files.resolve(&self.home, &name), vec![], None)])
            }
            _ => Answer::Status(Status::Unsupported),
        })
    }
}

impl Handle {
    fn path(&self) -> &[u8] {
        match self {
            Self::Upload(upload) => upload.path(),
            Self::Download(path) | Self::Directory(path, _) => path,
        }
    }
}

#[cfg(test)]
mod tests;
