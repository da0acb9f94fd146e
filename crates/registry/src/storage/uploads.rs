//! Uploads that take several requests. They live as long as the program; whoever finds his gone begins anew.

use std::{
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};

use super::Storage;
use crate::{Digest, RegistryError, Repository, digest::hex, staging::Unfinished};

/// How much is gathered before it is written.
const GATHERED: usize = 1024 * 1024;
/// How long a sender may say nothing within a request.
const SILENCE: Duration = Duration::from_mins(1);

/// Which upload. Nobody guesses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(String);

impl UploadId {
    const BYTES: usize = 16;

    fn random() -> Result<Self, RegistryError> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes).map_err(RegistryError::failed)?;
        Ok(Self(hex(&bytes)))
    }
}

impl FromStr for UploadId {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        if text.len() == 2 * Self::BYTES && text.bytes().all(|c| c.is_ascii_hexdigit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RegistryError::UnknownUpload)
        }
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All uploads of the moment.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<HashMap<UploadId, Arc<Upload>>>);

#[derive(Debug)]
struct Upload {
    repository: Repository,
    /// Held by the one request that writes.
    turn: tokio::sync::Mutex<()>,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    /// Gone when the upload has ended.
    file: Option<Unfinished>,
    touched: Instant,
}

impl Uploads {
    fn all(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Upload>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, repository: &Repository, id: &UploadId) -> Result<Arc<Upload>, RegistryError> {
        let found = self.all().get(id).cloned();
        found
            .filter(|upload| upload.repository == *repository)
            .ok_or(RegistryError::UnknownUpload)
    }

    /// Ends those that nobody has written to for so long.
    pub(super) fn end_idle(&self, idle: Duration) -> usize {
        let mut all = self.all();
        let before = all.len();
        all.retain(|_, upload| {
            upload.turn.try_lock().is_err() || upload.progress().touched.elapsed() < idle
        });
        before - all.len()
    }
}

impl Upload {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn length(&self) -> Result<u64, RegistryError> {
        let progress = self.progress();
        let file = progress.file.as_ref().ok_or(RegistryError::UnknownUpload)?;
        Ok(file.length())
    }

    /// Writes what was gathered. An upload that cannot be written to has ended.
    fn write(&self, gathered: &[Bytes]) -> Result<(), RegistryError> {
        let mut progress = self.progress();
        progress.touched = Instant::now();
        let file = progress.file.as_mut().ok_or(RegistryError::UnknownUpload)?;
        let written = gathered.iter().try_for_each(|bytes| file.append(bytes));
        if written.is_err() {
            progress.file = None;
        }
        written
    }
}

impl Storage {
    /// Begins an upload.
    pub fn begin_upload(&self, repository: &Repository) -> Result<UploadId, RegistryError> {
        self.uploads.end_idle(self.limits.idle);
        let id = UploadId::random()?;
        let file = self.stage(self.limits.blob)?;
        let upload = Upload {
            repository: repository.clone(),
            turn: tokio::sync::Mutex::new(()),
            progress: Mutex::new(Progress {
                file: Some(file),
                touched: Instant::now(),
            }),
        };
        let mut all = self.uploads.all();
        if all.len() >= self.limits.uploads {
            return Err(RegistryError::TooManyUploads);
        }
        all.insert(id.clone(), Arc::new(upload));
        Ok(id)
    }

    /// How much of an upload has come.
    pub fn upload_length(
        &self,
        repository: &Repository,
        id: &UploadId,
    ) -> Result<u64, RegistryError> {
        self.uploads.find(repository, id)?.length()
    }

    /// Appends what comes, and says how much there is then. `from` is where the sender believes to be. What came
    /// before the sender stopped in the middle is kept.
    pub async fn append<E>(
        &self,
        repository: &Repository,
        id: &UploadId,
        from: Option<u64>,
        mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<u64, RegistryError> {
        let upload = self.uploads.find(repository, id)?;
        let _turn = upload.turn.try_lock().map_err(|_| RegistryError::InUse)?;
        let length = upload.length()?;
        if from.is_some_and(|from| from != length) {
            return Err(RegistryError::OutOfOrder(length));
        }
        let mut sender = Ok(());
        while sender.is_ok() {
            let mut gathered = vec![];
            let mut size = 0;
            while size < GATHERED {
                match tokio::time::timeout(SILENCE, content.next()).await {
                    Ok(Some(Ok(bytes))) => {
                        size += bytes.len();
                        gathered.push(bytes);
                    }
                    Ok(None) => break,
                    Ok(Some(Err(_))) | Err(_) => {
                        sender = Err(RegistryError::Interrupted);
                        break;
                    }
                }
            }
            if gathered.is_empty() {
                break;
            }
            let writer = upload.clone();
            let written = tokio::task::spawn_blocking(move || writer.write(&gathered)).await?;
            if written.is_err() {
                self.uploads.all().remove(id);
                written?;
            }
        }
        sender?;
        upload.length()
    }

    /// Ends an upload: what came is a blob from now on, if it has this digest, and nothing otherwise.
    pub async fn finish_upload(
        &self,
        repository: &Repository,
        id: &UploadId,
        digest: &Digest,
    ) -> Result<(), RegistryError> {
        let upload = self.uploads.find(repository, id)?;
        let _turn = upload.turn.try_lock().map_err(|_| RegistryError::InUse)?;
        self.uploads.all().remove(id);
        let file = upload.progress().file.take();
        let staged = file.ok_or(RegistryError::UnknownUpload)?.finish();
        if staged.digest() != *digest {
            return Err(RegistryError::OtherDigest(staged.digest()));
        }
        self.add_blob(repository, staged).await.map(drop)
    }

    /// Ends an upload; nothing of it stays.
    pub fn cancel_upload(
        &self,
        repository: &Repository,
        id: &UploadId,
    ) -> Result<(), RegistryError> {
        let upload = self.uploads.find(repository, id)?;
        self.uploads.all().remove(id);
        upload.progress().file = None;
        Ok(())
    }
}
