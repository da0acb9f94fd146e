//! Compressed streams, recognised by their first bytes, and a bound for what they unpack to.

use std::{
    cell::Cell,
    io::{self, Cursor, Read},
    rc::Rc,
};

use flate2::read::MultiGzDecoder;

use super::{ArchiveError, error::refused};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The largest window of zstd that is taken, as a power of two: 32 MiB of memory.
const ZSTD_WINDOW: u32 = 25;

/// How something is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// How many bytes may still be unpacked, from all parts of an archive together.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    left: Rc<Cell<u64>>,
    whole: u64,
}

impl Budget {
    pub(super) fn new(whole: u64) -> Self {
        Self {
            left: Rc::new(Cell::new(whole)),
            whole,
        }
    }

    /// Whether there is nothing left.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// What is wrong when reading failed.
    pub(super) fn explain(&self, error: &io::Error) -> ArchiveError {
        if self.is_spent() {
            return refused(format!("it unpacks to more than {} bytes", self.whole));
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return refused("it is cut off: it ends in the middle");
        }
        refused("it is damaged: it cannot be unpacked")
    }
}

/// A reader that takes from the budget.
struct Counted<R> {
    inner: R,
    budget: Budget,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.budget.left.get().saturating_sub(count as u64);
        self.budget.left.set(left);
        if left == 0 && count > 0 {
            return Err(io::Error::other("more than may be unpacked"));
        }
        Ok(count)
    }
}

/// Reads what is inside, if it is compressed; and says how it is.
pub(super) fn recognise<'a, R: Read + 'a>(
    mut source: R,
    budget: &Budget,
) -> Result<(Compression, Box<dyn Read + 'a>), ArchiveError> {
    let mut first = vec![];
    (&mut source)
        .take(ZSTD.len() as u64)
        .read_to_end(&mut first)
        .map_err(|error| budget.explain(&error))?;
    let compression = if first.starts_with(&GZIP) {
        Compression::Gzip
    } else if first.starts_with(&ZSTD) {
        Compression::Zstd
    } else {
        Compression::None
    };
    let source = Cursor::new(first).chain(source);
    let inner: Box<dyn Read + 'a> = match compression {
        Compression::None => Box::new(source),
        Compression::Gzip => Box::new(MultiGzDecoder::new(source)),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::new(source).map_err(|error| budget.explain(&error))?;
            decoder
                .window_log_max(ZSTD_WINDOW)
                .map_err(|error| budget.explain(&error))?;
            Box::new(decoder)
        }
    };
    let budget = budget.clone();
    Ok((compression, Box::new(Counted { inner, budget })))
}

/// The same for whoever does not care how it is compressed.
pub(super) fn unpack<'a, R: Read + 'a>(
    source: R,
    budget: &Budget,
) -> Result<Box<dyn Read + 'a>, ArchiveError> {
    recognise(source, budget).map(|(_, inside)| inside)
}
