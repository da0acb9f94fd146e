//! What can go wrong with backups, in words for whoever runs them.

use std::{fmt, io, path::Path};

use skep_store::StoreError;

use crate::{CertificateError, data_folder::Locked};

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// It holds something.
    #[error(
        "the database holds something already. --replace gives that up for what is in the backup"
    )]
    NotEmpty,
    /// The data folder is in use.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The backup cannot be written.
    #[error("the backup could not be written: {0}. Is there room on the disk?")]
    Unwritten(io::Error),
    /// The backup's file is there already.
    #[error("{0} is there already; choose another name, or replace it with --force")]
    Exists(String),
    /// The backup cannot be written to that.
    #[error("{0} is no file; a backup is written to a file, or with - to standard output")]
    NoFile(String),
    /// The authority in the backup.
    #[error("the backup's files cannot be used: {0}")]
    Authority(CertificateError),
    /// The backup is not whole.
    #[error("this is no backup of Skep's, or it is damaged or cut off: {0}. Nothing was changed")]
    Damaged(String),
    /// The backup is from a newer version.
    #[error(
        "the backup was made by a newer version ({0}); restore it with that or a later one. Nothing was changed"
    )]
    Newer(String),
    /// The passphrase or key.
    #[error("{0}")]
    Key(String),
}

impl BackupError {
    /// About a file.
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            error,
        }
    }

    /// About a backup's content.
    pub(super) fn damaged(why: impl fmt::Display) -> Self {
        Self::Damaged(why.to_string())
    }

    /// What the database says of rows that a backup brings.
    pub(super) fn refused(error: StoreError) -> Self {
        match error {
            StoreError::NotEmpty => Self::NotEmpty,
            StoreError::Conflict(_) => Self::damaged("its rows contradict each other"),
            StoreError::Unreadable(what) => Self::damaged(format!("{what} is not as it should be")),
            other => other.into(),
        }
    }
}
