//! Archives that come in parts, over days and restarts: files beside the registry, each as long as what has come.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use skep_model::ids::ArchiveId;

use crate::{RegistryError, staging::check_room};

/// How much is gathered before it is written.
const GATHERED: usize = 1024 * 1024;
/// How long a sender may say nothing within a request.
const SILENCE: Duration = Duration::from_mins(1);

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct ParkedLimits {
    /// How many there may be.
    pub count: usize,
    /// The longest.
    pub length: u64,
    /// For how long one is kept that nobody goes on with.
    pub idle: Duration,
    /// What stays free on the disk, whatever comes.
    pub free_room: u64,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Which.
    pub id: ArchiveId,
    /// How much of it has come.
    pub length: u64,
    /// Since when nobody has gone on with it.
    pub touched: SystemTime,
}

/// The folder of such archives. Each is a file that is called by its id; there is nothing else to be lost.
#[derive(Debug)]
pub struct Parking {
    folder: PathBuf,
    limits: ParkedLimits,
    /// Those that somebody writes to or reads.
    busy: Mutex<HashSet<ArchiveId>>,
}

/// Somebody who has an archive for himself, until this is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    parking: &'a Parking,
    id: ArchiveId,
}

impl Parking {
    /// Opens the folder, which is made if it is missing.
    pub fn open(folder: PathBuf, limits: ParkedLimits) -> Result<Self, RegistryError> {
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            limits,
            busy: Mutex::default(),
        })
    }

    /// How much is kept.
    #[must_use]
    pub fn limits(&self) -> &ParkedLimits {
        &self.limits
    }

    /// What is there.
    pub fn all(&self) -> Result<Vec<Parked>, RegistryError> {
        let mut all = vec![];
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let id = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if let Some(id) = id {
                all.extend(self.find(id)?);
            }
        }
        all.sort_by_key(|parked| std::cmp::Reverse(parked.touched));
        Ok(all)
    }

    fn find(&self, id: ArchiveId) -> Result<Option<Parked>, RegistryError> {
        match fs::metadata(self.at(id)) {
            Ok(file) => Ok(Some(Parked {
                id,
                length: file.len(),
                touched: file.modified()?,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// One of them.
    pub fn get(&self, id: ArchiveId) -> Result<Parked, RegistryError> {
        self.find(id)?.ok_or(RegistryError::UnknownUpload)
    }

    /// A new one, of which nothing has come.
    pub fn begin(&self, id: ArchiveId) -> Result<Parked, RegistryError> {
        self.remove_idle()?;
        // Alone, so that not more begin than there may be.
        let _alone = self.busy();
        if self.all()?.len() >= self.limits.count {
            return Err(RegistryError::TooManyUploads);
        }
        check_room(&self.folder, self.limits.free_room)?;
        File::options()
            .write(true)
            .create_new(true)
            .open(self.at(id))?;
        File::open(&self.folder)?.sync_all()?;
        self.get(id)
    }

    /// Appends what comes, and says how much there is then; it is on disk when this returns. `from` is where the sender
    /// believes to be. What came before the sender stopped in the middle is kept.
    pub async fn append<E>(
        &self,
        id: ArchiveId,
        from: u64,
        mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<u64, RegistryError> {
        let turn = self.take(id)?;
        let mut length = self.get(id)?.length;
        if from != length {
            return Err(RegistryError::OutOfOrder(length));
        }
        let mut file = File::options().append(true).open(self.at(id))?;
        let mut end = None;
        while end.is_none() {
            let mut gathered = vec![];
            let mut size = 0;
            while size < GATHERED && end.is_none() {
                match tokio::time::timeout(SILENCE, content.next()).await {
                    Ok(Some(Ok(bytes))) => {
                        size += bytes.len();
                        gathered.push(bytes);
                    }
                    Ok(None) => end = Some(Ok(())),
                    Ok(Some(Err(_))) | Err(_) => end = Some(Err(RegistryError::Interrupted)),
                }
            }
            length = length.saturating_add(size as u64);
            if length > self.limits.length {
                return Err(RegistryError::TooLarge(self.limits.length));
            }
            let (folder, room) = (self.folder.clone(), self.limits.free_room);
            let written = tokio::task::spawn_blocking(move || {
                check_room(&folder, room.saturating_add(size as u64))?;
                for bytes in gathered {
                    io::Write::write_all(&mut file, &bytes)?;
                }
                Ok::<_, RegistryError>(file)
            });
            file = written.await??;
        }
        tokio::task::spawn_blocking(move || file.sync_all()).await??;
        drop(turn);
        end.unwrap_or(Ok(()))?;
        Ok(length)
    }

    /// Keeps others away from one.
    pub fn take(&self, id: ArchiveId) -> Result<Turn<'_>, RegistryError> {
        if !self.busy().insert(id) {
            return Err(RegistryError::InUse);
        }
        let turn = Turn { parking: self, id };
        self.get(id).map(|_| turn)
    }

    /// Removes one.
    pub fn remove(&self, id: ArchiveId) -> Result<(), RegistryError> {
        self.take(id)?.remove()
    }

    /// Removes those that nobody goes on with.
    pub fn remove_idle(&self) -> Result<(), RegistryError> {
        for parked in self.all()? {
            let idle = parked.touched.elapsed().unwrap_or_default();
            if idle > self.limits.idle
                && let Ok(turn) = self.take(parked.id)
            {
                turn.remove()?;
            }
        }
        Ok(())
    }

    fn at(&self, id: ArchiveId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<ArchiveId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Opens it for reading.
    pub fn open(&self) -> Result<File, RegistryError> {
        Ok(File::open(self.parking.at(self.id))?)
    }

    /// Removes it.
    pub fn remove(self) -> Result<(), RegistryError> {
        Ok(fs::remove_file(self.parking.at(self.id))?)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.parking.busy().remove(&self.id);
    }
}
