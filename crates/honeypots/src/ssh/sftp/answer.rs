//! What comes of a request.

use skep_model::Timestamp;

use super::super::{
    packet::{self, Reader, Status, attributes},
    transfer::Deed,
};
use crate::shell::filesystem::{Filesystem, Node, Refusal};

/// What comes of a request.
pub(super) enum Answer {
    Status(Status),
    Packet(u8, Vec<u8>),
}

impl From<Result<(), Refusal>> for Answer {
    fn from(result: Result<(), Refusal>) -> Self {
        Self::Status(result.map_or_else(Status::from, |()| Status::Ok))
    }
}

/// Notes what a client does, with the paths as it wrote them.
pub(super) fn note(deeds: &mut Vec<Deed>, word: &str, paths: &[&[u8]]) {
    let mut line = format!("sftp: {word}").into_bytes();
    for path in paths.iter().filter(|path| !path.is_empty()) {
        line.push(b' ');
        line.extend_from_slice(path);
    }
    deeds.push(Deed::Command(line));
}

pub(super) fn stat(path: &[u8], files: &Filesystem) -> Answer {
    match files.get(path) {
        Some(node) => {
            let mut body = vec![];
            attributes(&mut body, Some(node));
            Answer::Packet(packet::ATTRIBUTES, body)
        }
        None => Answer::Status(Status::NoSuchFile),
    }
}

/// Follows what a client wants to be true of a file; what is asked of an open file is not noted.
pub(super) fn set(
    path: &[u8],
    reader: &mut Reader<'_>,
    files: &mut Filesystem,
    name: Option<(&[u8], &mut Vec<Deed>)>,
) -> Option<Answer> {
    let wanted = reader.attributes()?;
    if let Some((name, deeds)) = name {
        match (wanted.mode, wanted.modified) {
            (Some(mode), _) => note(deeds, &format!("chmod {:o}", mode & 0o7777), &[name]),
            (None, Some(_)) => note(deeds, "touch", &[name]),
            (None, None) => note(deeds, "setstat", &[name]),
        }
    }
    let mut done = files.get(path).map(drop).ok_or(Refusal::Missing);
    if let (Ok(()), Some(mode)) = (done, wanted.mode) {
        done = files.set_mode(path, mode & 0o7777);
    }
    if let (Ok(()), Some(seconds)) = (done, wanted.modified) {
        done = files.set_modified(path, Timestamp(i64::from(seconds) * 1000));
    }
    Some(done.into())
}

/// Names with what `ls -l` says of them.
pub(super) fn names(entries: &[(Vec<u8>, Vec<u8>, Option<&Node>)]) -> Answer {
    let mut body = (entries.len() as u32).to_be_bytes().to_vec();
    for (name, line, node) in entries {
        packet::string(&mut body, name);
        packet::string(&mut body, if line.is_empty() { name } else { line });
        attributes(&mut body, *node);
    }
    Answer::Packet(packet::NAME, body)
}
