//! Where a backup is written: a file that has its name only when it is whole, or standard output.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::BackupError;

/// A backup on its way.
pub(super) struct Target {
    writer: BufWriter<Kind>,
    written: u64,
}

enum Kind {
    Stdout,
    /// Beside the file that it becomes; gone if it never does.
    File {
        unfinished: NamedTempFile,
        path: PathBuf,
        replace: bool,
    },
}

impl Target {
    /// `None` is standard output. A file that is there already is refused, unless it is to be replaced.
    pub(super) fn new(path: Option<&Path>, replace: bool) -> Result<Self, BackupError> {
        let kind = match path {
            None => Kind::Stdout,
            Some(path) => {
                match fs::symlink_metadata(path) {
                    Ok(metadata) if !metadata.is_file() => {
                        return Err(BackupError::NoFile(path.display().to_string()));
                    }
                    Ok(_) if !replace => {
                        return Err(BackupError::Exists(path.display().to_string()));
                    }
                    _ => {}
                }
                // Only its owner may read it.
                let unfinished = tempfile::Builder::new()
                    .prefix(".skep-backup-")
                    .suffix(".unfinished")
                    .tempfile_in(folder(path))
                    .map_err(|error| BackupError::file(path, error))?;
                Kind::File {
                    unfinished,
                    path: path.to_owned(),
                    replace,
                }
            }
        };
        Ok(Self {
            writer: BufWriter::with_capacity(256 * 1024, kind),
            written: 0,
        })
    }

    /// Puts the whole backup on disk and gives it its name; returns how long it is.
    pub(super) fn finish(self) -> Result<u64, BackupError> {
        let written = self.written;
        let kind = self
            .writer
            .into_inner()
            .map_err(|error| BackupError::Unwritten(error.into_error()))?;
        if let Kind::File {
            unfinished,
            path,
            replace,
        } = kind
        {
            let failed = |error| BackupError::file(&path, error);
            unfinished.as_file().sync_all().map_err(failed)?;
            let named = if replace {
                unfinished.persist(&path)
            } else {
                unfinished.persist_noclobber(&path)
            };
            named.map_err(|error| failed(error.error))?;
            File::open(folder(&path))
                .and_then(|folder| folder.sync_all())
                .map_err(failed)?;
        }
        Ok(written)
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Write for Kind {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => io::stdout().write(bytes),
            Self::File { unfinished, .. } => unfinished.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().flush(),
            Self::File { unfinished, .. } => unfinished.flush(),
        }
    }
}
