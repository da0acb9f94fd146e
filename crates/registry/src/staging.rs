//! Files on their way in: written beside everything else, counted and digested as they grow, gone unless published.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use crate::{Digest, RegistryError};

/// How much is written before the room is looked at again.
const LOOK_EVERY: u64 = 8 * 1024 * 1024;

/// The folder of unfinished files.
#[derive(Clone, Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    /// What stays free on the disk, whatever comes.
    free_room: u64,
}

impl Staging {
    /// Makes the folder. What is in it was left by a program that stopped in the middle, and goes.
    pub(crate) fn open(folder: PathBuf, free_room: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for left in fs::read_dir(&folder)? {
            fs::remove_file(left?.path())?;
        }
        Ok(Self { folder, free_room })
    }

    /// How many bytes there is room for.
    pub(crate) fn room(&self) -> Result<u64, RegistryError> {
        Ok(free(&self.folder)?.saturating_sub(self.free_room))
    }

    /// A new file that takes at most `limit` bytes.
    pub(crate) fn begin(&self, limit: u64) -> Result<Unfinished, RegistryError> {
        check_room(&self.folder, self.free_room)?;
        let (file, path) = tempfile::NamedTempFile::new_in(&self.folder)?.into_parts();
        Ok(Unfinished {
            file,
            path,
            hasher: Sha256::new(),
            length: 0,
            limit,
            looked_at: 0,
            staging: self.clone(),
        })
    }
}

/// How many bytes are free on the disk of a folder.
fn free(folder: &Path) -> Result<u64, RegistryError> {
    let disk = rustix::fs::statvfs(folder).map_err(io::Error::from)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Looks whether there is so much room on the disk of a folder.
pub(crate) fn check_room(folder: &Path, wanted: u64) -> Result<(), RegistryError> {
    if free(folder)? < wanted {
        return Err(RegistryError::NoRoom);
    }
    Ok(())
}

/// A file that still grows.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: File,
    path: TempPath,
    hasher: Sha256,
    length: u64,
    limit: u64,
    looked_at: u64,
    staging: Staging,
}

impl Unfinished {
    /// How much has come.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Appends; what does not fit is refused.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), RegistryError> {
        let length = self.length + bytes.len() as u64;
        if length > self.limit {
            return Err(RegistryError::TooLarge(self.limit));
        }
        if length >= self.looked_at + LOOK_EVERY {
            let free_room = self.staging.free_room;
            check_room(&self.staging.folder, free_room.saturating_add(LOOK_EVERY))?;
            self.looked_at = length;
        }
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length = length;
        Ok(())
    }

    /// Closes the file.
    pub(crate) fn finish(self) -> Staged {
        Staged {
            path: self.path,
            digest: Digest::finish(self.hasher),
            length: self.length,
        }
    }
}

/// A whole file that nobody sees yet. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Staged {
    path: TempPath,
    digest: Digest,
    length: u64,
}

impl Staged {
    /// What it is called by.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// How long it is.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Opens it for reading.
    pub(crate) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// The whole of a small file; `None` if it is longer than `limit`.
    pub(crate) fn read(&self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        if self.length > limit as u64 {
            return Ok(None);
        }
        let mut content = vec![];
        self.open()?.take(limit as u64).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// Moves it to its place, and returns when it is on disk there. Its age counts from now.
    pub(crate) fn publish(self, to: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(&self.path)?;
        file.set_modified(std::time::SystemTime::now())?;
        file.sync_all()?;
        let folder = to.parent().unwrap_or(Path::new("/"));
        make_folder(folder)?;
        self.path.persist(to)?;
        File::open(folder)?.sync_all()
    }
}

/// Makes a folder and those above it, so that they are there after a power failure.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new("/"));
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(above)?.sync_all(),
    }
}
