//! The archive: members one after the other, compressed.

use std::io::{self, BufReader, Read, Write};

use tar::{Archive, Builder, EntryType, Header};
use zstd::{Decoder, Encoder};

use super::{
    BackupError,
    checksum::{Checking, Summing},
};

/// The longest member that is read, in bytes: many times the longest row, which is a batch in quarantine.
pub(super) const LONGEST: usize = 4 * skep_model::limits::BATCH;
/// zstd's usual level: much faster than the database, and smaller files take far longer.
const LEVEL: i32 = 3;
/// The decompressor's memory, as a power of two. The level above needs less.
const WINDOW: u32 = 23;
/// What tar writes behind the last member, of which its reader takes a part.
const PADDING: usize = 2 * 512;

/// One member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// Writes an archive.
pub(super) struct Writer<W: Write>(Builder<Encoder<'static, Summing<W>>>);

impl<W: Write> Writer<W> {
    pub(super) fn new(output: W) -> io::Result<Self> {
        let encoder = Encoder::new(Summing::new(output), LEVEL)?;
        Ok(Self(Builder::new(encoder)))
    }

    pub(super) fn append(&mut self, member: &Member) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(member.content.len() as u64);
        self.0
            .append_data(&mut header, &member.name, member.content.as_slice())
    }

    /// Ends it; what it was written to comes back.
    pub(super) fn finish(self) -> io::Result<W> {
        self.0.into_inner()?.finish()?.finish()
    }
}

/// Gives each member to a function. `Ok` only if the archive is whole: what was taken before counts for nothing
/// otherwise.
pub(super) fn read(
    input: impl Read,
    mut take: impl FnMut(Member) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut decoder = Decoder::new(Checking::new(input)).map_err(BackupError::damaged)?;
    decoder
        .window_log_max(WINDOW)
        .map_err(BackupError::damaged)?;
    let mut archive = Archive::new(&mut decoder);
    // Raw: a name stands in its header, and no member says anything about another.
    for entry in archive.entries().map_err(BackupError::damaged)?.raw(true) {
        take(member(entry.map_err(BackupError::damaged)?)?)?;
    }
    finish(decoder)
}

fn member(mut entry: tar::Entry<'_, impl Read>) -> Result<Member, BackupError> {
    let name = String::from_utf8(entry.path_bytes().into_owned())
        .map_err(|_| BackupError::damaged("a member's name is no text"))?;
    let length = usize::try_from(entry.size()).unwrap_or(usize::MAX);
    if entry.header().entry_type() != EntryType::Regular || length > LONGEST {
        return Err(BackupError::damaged(
            "a member is of a kind or length that Skep does not write",
        ));
    }
    let mut content = Vec::with_capacity(length);
    entry
        .read_to_end(&mut content)
        .map_err(BackupError::damaged)?;
    if content.len() != length {
        return Err(BackupError::damaged("it ends in the middle of a member"));
    }
    Ok(Member { name, content })
}

/// Reads on to the end, where the checksum is.
fn finish(decoder: Decoder<'_, BufReader<Checking<impl Read>>>) -> Result<(), BackupError> {
    let mut rest = vec![];
    decoder
        .take(PADDING as u64 + 1)
        .read_to_end(&mut rest)
        .map_err(BackupError::damaged)?;
    if rest.len() > PADDING || rest.iter().any(|byte| *byte != 0) {
        return Err(BackupError::damaged("something follows its end"));
    }
    Ok(())
}
