//! The form of a spool's files.
//!
//! A segment is a header (magic word, epoch, place of its first record, checksum) and records one after the other
//! (length, checksum over place and content, content). Numbers are little-endian. A record's place is not written:
//! it follows from the header's, and the checksum proves it.

use std::{fs::File, io, os::unix::fs::FileExt};

use skep_model::{ids::Epoch, limits};

/// How long a segment's header is.
pub const HEADER: usize = 36;
const MAGIC: &[u8; 8] = b"skepspl1";
const RECORD_HEADER: usize = 8;

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The spool's epoch.
    pub epoch: Epoch,
    /// The place of the first record.
    pub first: u64,
}

impl Header {
    /// The header as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..24].copy_from_slice(self.epoch.as_bytes());
        bytes[24..32].copy_from_slice(&self.first.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..32]);
        bytes[32..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads a file's header; `None` when it has none that is whole.
    pub fn read(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEADER];
        if !read_whole(file, &mut bytes, 0)? {
            return Ok(None);
        }
        let [.., a, b, c, d] = bytes;
        if bytes[..8] != *MAGIC || crc32fast::hash(&bytes[..32]) != u32::from_le_bytes([a, b, c, d])
        {
            return Ok(None);
        }
        let mut first = [0; 8];
        first.copy_from_slice(&bytes[24..32]);
        Ok(Epoch::from_slice(&bytes[8..24]).map(|epoch| Self {
            epoch,
            first: u64::from_le_bytes(first),
        }))
    }
}

/// How many bytes a record with this content takes.
#[must_use]
pub fn record_size(content: &[u8]) -> u64 {
    (RECORD_HEADER + content.len()) as u64
}

/// Writes a record to the end of `out`.
pub fn encode(out: &mut Vec<u8>, seq: u64, content: &[u8]) {
    out.extend_from_slice(&(content.len() as u32).to_le_bytes());
    out.extend_from_slice(&checksum(seq, content).to_le_bytes());
    out.extend_from_slice(content);
}

/// Reads the record with place `seq` at `offset`; `None` when there is none that is whole.
pub fn read(file: &File, offset: u64, seq: u64) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; RECORD_HEADER];
    if !read_whole(file, &mut header, offset)? {
        return Ok(None);
    }
    let [l0, l1, l2, l3, c0, c1, c2, c3] = header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if length > limits::PART {
        return Ok(None);
    }
    let mut content = vec![0; length];
    let whole = read_whole(file, &mut content, offset + RECORD_HEADER as u64)?
        && checksum(seq, &content) == u32::from_le_bytes([c0, c1, c2, c3]);
    Ok(whole.then_some(content))
}

/// Finds the end of the whole records of a file that starts at place `first`: the place of the last one (one less
/// than `first` when there is none) and the offset after it.
pub fn scan(file: &File, first: u64) -> io::Result<(u64, u64)> {
    let (mut next, mut offset) = (first, HEADER as u64);
    while let Some(content) = read(file, offset, next)? {
        offset += record_size(&content);
        next += 1;
    }
    Ok((next - 1, offset))
}

fn checksum(seq: u64, content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&seq.to_le_bytes());
    hasher.update(content);
    hasher.finalize()
}

/// Fills the buffer from the file, or says that the file ends before.
fn read_whole(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
    match file.read_exact_at(buffer, offset) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
