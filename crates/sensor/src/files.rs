//! Small files that are replaced whole: after a crash there is the old content or the new one, never half of it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

/// Replaces a file, readable by this user only, and returns when the new content is on disk.
pub fn replace<T: Serialize>(path: &Path, content: &T) -> io::Result<()> {
    write_beside(path, content)?.sync_all()?;
    put_in_place(path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Replaces a file, and leaves it to the system when the new content goes to disk: for what may be lost with a
/// power failure.
pub fn replace_unsynced<T: Serialize>(path: &Path, content: &T) -> io::Result<()> {
    write_beside(path, content)?;
    put_in_place(path)
}

/// Reads a file that [`replace`] wrote; `None` when there is none.
pub fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(content) => serde_json::from_slice(&content).map(Some).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} cannot be understood: {error}", path.display()),
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes sure that files made, renamed or removed in a folder are so after a power failure.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn write_beside<T: Serialize>(path: &Path, content: &T) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path.with_extension("new"))?;
    file.write_all(&serde_json::to_vec(content)?)?;
    Ok(file)
}

fn put_in_place(path: &Path) -> io::Result<()> {
    fs::rename(path.with_extension("new"), path)
}
