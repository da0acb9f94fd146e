//! What stands in files beside the database, and how it changes together with the database.
//!
//! A restore writes the files into a folder of their own in the data folder. The database's transaction carries the
//! restore's name in its entry of the audit log; so the commit decides for both. Only then are the files moved to their
//! places, and if that is interrupted, the next start does it. A folder whose name is not in the audit log is of a
//! restore that came to nothing.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use skep_store::{AuditEntry, Store};

use super::{BackupError, archive::Member, manifest::Name};
use crate::{
    Actor, Authority,
    certificates::{CERTIFICATE, FOLDER, KEY},
};

/// The files, by their place in the data folder.
const FILES: [[&str; 2]; 2] = [[FOLDER, KEY], [FOLDER, CERTIFICATE]];
const STAGED: &str = "restore-";
/// The longest file that is read.
const LONGEST: usize = 64 * 1024;
const ACTION: &str = "restore";
const KIND: &str = "backup";

/// Reads the files of a data folder; a server that never ran has none.
pub(super) fn read(data: &Path) -> Result<Vec<Member>, BackupError> {
    let mut members = vec![];
    for file in FILES {
        let path = data.join(file[0]).join(file[1]);
        match fs::read(&path) {
            Ok(content) => members.push(Member {
                name: Name::File(&file.join("/")).to_string(),
                content,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(BackupError::file(&path, error)),
        }
    }
    Ok(members)
}

/// Files that wait for the database's commit.
#[derive(Debug)]
pub(super) struct Staged {
    folder: PathBuf,
    name: String,
}

impl Staged {
    /// Makes the folder for a restore.
    pub(super) fn new(data: &Path) -> Result<Self, BackupError> {
        let name = crate::secrets::reference();
        let folder = data.join(format!("{STAGED}{name}"));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|error| BackupError::file(&folder, error))?;
        Ok(Self { folder, name })
    }

    /// Writes a file. Names that Skep does not know are refused, whatever they are.
    pub(super) fn add(&self, name: &str, content: &[u8]) -> Result<(), BackupError> {
        let known = FILES.iter().find(|file| file.join("/") == name);
        let (Some(file), true) = (known, content.len() <= LONGEST) else {
            return Err(BackupError::damaged(
                "it has a file that Skep does not know",
            ));
        };
        let folder = self.folder.join(file[0]);
        fs::create_dir_all(&folder).map_err(|error| BackupError::file(&folder, error))?;
        crate::certificates::write(&folder.join(file[1]), content).map_err(BackupError::Authority)
    }

    /// Whether the files are of use: a server that could not start with them would be no restored one.
    pub(super) fn check(&self) -> Result<(), BackupError> {
        let folder = self.folder.join(FOLDER);
        match (folder.join(KEY).exists(), folder.join(CERTIFICATE).exists()) {
            (false, false) => Ok(()),
            (true, true) => Authority::open(&folder)
                .and_then(|authority| authority.leaves(vec![]))
                .map(drop)
                .map_err(BackupError::Authority),
            _ => Err(BackupError::damaged(
                "it has one of the authority's two files",
            )),
        }
    }

    /// The note of the restore in the audit log, by which [`settle`] knows that it took place.
    pub(super) fn entry(&self, of: serde_json::Value) -> AuditEntry {
        let mut entry = Actor::command_line().audit(ACTION, KIND, self.name.clone());
        entry.after = Some(of);
        entry
    }

    /// Moves the files to their places, after the commit.
    pub(super) fn settle(&self, data: &Path) -> Result<(), BackupError> {
        take_over(&self.folder, data).map_err(|error| BackupError::file(&self.folder, error))
    }

    /// Leaves everything as it was.
    pub(super) fn abandon(&self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "a folder could not be removed");
        }
    }
}

/// Ends what an interrupted restore has left in the data folder: moves its files to their places if the database is
/// the restored one, and removes them if not.
pub(crate) async fn settle(store: &Store, data: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::file(data, error);
    for entry in fs::read_dir(data).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix(STAGED))
        else {
            continue;
        };
        if store.has_audit_entry(ACTION, KIND, name).await? {
            take_over(&path, data).map_err(failed)?;
        } else {
            fs::remove_dir_all(&path).map_err(failed)?;
        }
    }
    Ok(())
}

fn take_over(staged: &Path, data: &Path) -> io::Result<()> {
    for [folder, file] in FILES {
        let from = staged.join(folder).join(file);
        if from.exists() {
            fs::create_dir_all(data.join(folder))?;
            fs::rename(from, data.join(folder).join(file))?;
        }
        let folder = data.join(folder);
        if folder.exists() {
            fs::File::open(folder)?.sync_all()?;
        }
    }
    fs::remove_dir_all(staged)
}
