//! Archives taken apart and put together again, as somebody might who means harm.

use std::io::Read;

use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

/// A member's name, kind and content.
#[derive(Clone)]
pub struct Member {
    pub name: String,
    pub kind: EntryType,
    pub content: Vec<u8>,
}

impl Member {
    pub fn file(name: &str, content: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.to_owned(),
            kind: EntryType::Regular,
            content: content.into(),
        }
    }
}

/// The members of a backup.
pub fn apart(backup: &[u8]) -> Vec<Member> {
    let mut archive = Archive::new(zstd::Decoder::new(backup).unwrap());
    let members = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut content = vec![];
        entry.read_to_end(&mut content).unwrap();
        Member::file(&name, content)
    });
    members.collect()
}

/// A backup of these members, with everything right about it but them.
pub fn together(members: &[Member]) -> Vec<u8> {
    let mut builder = Builder::new(vec![]);
    for member in members {
        let mut header = Header::new_ustar();
        // As it is: the library's own way refuses names that lead out of a folder.
        header.as_old_mut().name[..member.name.len()].copy_from_slice(member.name.as_bytes());
        header.set_entry_type(member.kind);
        if matches!(member.kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(member.content.len() as u64);
        header.set_cksum();
        builder.append(&header, member.content.as_slice()).unwrap();
    }
    sealed(&builder.into_inner().unwrap())
}

/// A tar archive as a backup: compressed, with its checksum.
pub fn sealed(tar: &[u8]) -> Vec<u8> {
    summed(zstd::encode_all(tar, 1).unwrap())
}

/// Compressed bytes with their checksum behind them.
pub fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let hash = Sha256::digest(&bytes);
    bytes.extend([0x5B, 0x2A, 0x4D, 0x18, 32, 0, 0, 0]);
    bytes.extend(hash);
    bytes
}
