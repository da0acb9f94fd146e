//! Backups: everything that the server keeps, in one file, from either database into either.
//!
//! A backup is a tar archive, compressed with zstd, and encrypted with age where that is asked for. Common tools open
//! it: `age -d FILE | zstd -d | tar t`. Its members, in this order:
//!
//! | member | content |
//! |---|---|
//! | `manifest.json` | format, schema, program, time, tables and columns |
//! | `tables/NAME/000001.cbor` … | rows, about a megabyte of them in each: CBOR arrays one after the other |
//! | `files/…` | what stands beside the database: the authority's certificate and key |
//! | `end.json` | how many rows there are, and how far the database's counters were |
//!
//! Behind the compressed stream stands the SHA-256 of all bytes before it, in a frame that zstd skips. So a backup that
//! was cut off or changed anywhere is known at its end, and nothing is restored before the end was seen.

mod archive;
mod checksum;
mod create;
mod encryption;
mod error;
mod files;
mod manifest;
mod output;
mod restore;
mod rows;

pub use create::{Backup, create};
pub use encryption::{Key, Protection, Recipient};
pub use error::BackupError;
pub use restore::{Restore, restore};

pub(crate) use files::settle;

/// Hears what is being done, and how many rows of it are done.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64);

/// What was written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows of all tables.
    pub rows: u64,
    /// Events, archived ones too.
    pub events: u64,
    /// Files beside the database.
    pub files: usize,
    /// The backup's length, encrypted if it is.
    pub bytes: u64,
}
