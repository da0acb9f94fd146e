//! The data folder's lock: those who use the folder share it, and a restore has it alone.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

/// The right to use the data folder, until it is dropped.
#[derive(Debug)]
pub struct DataFolder(#[expect(dead_code, reason = "holding it is what it is for")] File);

/// Why the data folder is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum Locked {
    /// A restore has it.
    #[error("a backup is being restored into the data folder {0}; start again when that is done")]
    Restoring(String),
    /// A server uses it.
    #[error(
        "skep-server is running in the data folder {0}. Stop it first: nothing is restored under a running server"
    )]
    InUse(String),
    /// It cannot be used at all.
    #[error("the data folder {folder} cannot be used: {error}")]
    Unusable {
        /// Which.
        folder: String,
        /// Why.
        error: io::Error,
    },
}

impl DataFolder {
    /// Uses the folder beside others, making it where it is missing.
    pub fn share(folder: &Path) -> Result<Self, Locked> {
        lock(folder, File::try_lock_shared, Locked::Restoring)
    }

    /// Uses the folder alone, making it where it is missing.
    pub(crate) fn alone(folder: &Path) -> Result<Self, Locked> {
        lock(folder, File::try_lock, Locked::InUse)
    }
}

fn lock(
    folder: &Path,
    lock: impl Fn(&File) -> Result<(), TryLockError>,
    taken: impl Fn(String) -> Locked,
) -> Result<DataFolder, Locked> {
    let name = || folder.display().to_string();
    let locked = fs::create_dir_all(folder)
        .and_then(|()| {
            File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(folder.join("lock"))
        })
        .map_err(TryLockError::Error)
        .and_then(|file| lock(&file).map(|()| file));
    locked.map(DataFolder).map_err(|error| match error {
        TryLockError::WouldBlock => taken(name()),
        TryLockError::Error(error) => Locked::Unusable {
            folder: name(),
            error,
        },
    })
}
