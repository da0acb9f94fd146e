//! Archives that come in parts: what is there survives a broken connection and a restart.

use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use skep_model::{
    Complaint, Refusal,
    ids::ArchiveId,
    service::{ArchiveForm, ImageService, UploadView},
    user::Role,
};
use skep_registry::{Archive, Limits, Parked, ParkedLimits, Parking, RegistryError};
use skep_store::Namesake;

use super::{
    take_in::{Offered, describe_archive},
    unusable,
};
use crate::{Actor, Hub, HubError};

/// The folder, in the data folder.
const FOLDER: &str = "archives";
/// How many there may be.
const COUNT: usize = 8;
/// For how long one is kept that nobody goes on with.
const IDLE: Duration = Duration::from_hours(24);

impl Hub {
    /// Opened when it is first needed, like the registry.
    fn parking(&self) -> Result<&Parking, HubError> {
        if let Some(parking) = self.0.parking.get() {
            return Ok(parking);
        }
        let limits = ParkedLimits {
            count: COUNT,
            length: self.0.options.max_upload,
            idle: IDLE,
            free_room: Limits::default().free_room,
        };
        let opened = Parking::open(self.0.options.data.join(FOLDER), limits)?;
        Ok(self.0.parking.get_or_init(|| opened))
    }

    /// The archives that are being uploaded, the one that was written to last first.
    pub fn uploads(&self, actor: &Actor) -> Result<Vec<UploadView>, HubError> {
        actor.require(Role::Admin)?;
        let parking = self.parking()?;
        let all = parking.all()?;
        Ok(all.iter().map(|parked| view(parking, parked)).collect())
    }

    /// Begins to upload an archive.
    pub fn begin_upload(&self, actor: &Actor) -> Result<UploadView, HubError> {
        actor.require(Role::Admin)?;
        let parking = self.parking()?;
        let begun = parking.begin(ArchiveId::new()).map_err(told)?;
        Ok(view(parking, &begun))
    }

    /// How far one is.
    pub fn upload_view(&self, actor: &Actor, id: ArchiveId) -> Result<UploadView, HubError> {
        actor.require(Role::Admin)?;
        let parking = self.parking()?;
        Ok(view(parking, &parking.get(id).map_err(told)?))
    }

    /// Appends a part. What came of it before the connection broke is kept.
    pub async fn append_upload<E: Send>(
        &self,
        actor: &Actor,
        id: ArchiveId,
        offset: u64,
        content: impl Stream<Item = Result<Bytes, E>> + Unpin + Send,
    ) -> Result<UploadView, HubError> {
        actor.require(Role::Admin)?;
        let parking = self.parking()?;
        let received = parking.append(id, offset, content).await.map_err(told)?;
        if received == offset {
            return Err(HubError::invalid("part", Complaint::Empty));
        }
        self.upload_view(actor, id)
    }

    /// Takes an archive in that is whole, as [`Self::upload_service`] does. If it is refused it stays, so that it can be
    /// tried with other words.
    pub async fn finish_upload(
        &self,
        actor: &Actor,
        id: ArchiveId,
        form: ArchiveForm,
    ) -> Result<ImageService, HubError> {
        actor.require(Role::Admin)?;
        let Ok(_place) = self.0.uploads.try_acquire() else {
            return Err(Refusal::Busy.into());
        };
        let turn = self.parking()?.take(id).map_err(told)?;
        let archive = Archive::read(self.registry()?, turn.open()?).await?;
        let described = describe_archive(&archive, &form)?;
        let offered = Offered::new(vec![described], Namesake::Grows).map_err(unusable)?;
        let service = self
            .take_in(actor, "upload", offered, vec![archive])
            .await?;
        turn.remove()?;
        Ok(service)
    }

    /// Removes one.
    pub fn remove_upload(&self, actor: &Actor, id: ArchiveId) -> Result<(), HubError> {
        actor.require(Role::Admin)?;
        self.parking()?.remove(id).map_err(told)
    }

    /// Removes those that nobody goes on with.
    pub(crate) fn remove_idle_uploads(&self) -> Result<(), HubError> {
        if !self.0.options.data.join(FOLDER).exists() {
            return Ok(());
        }
        Ok(self.parking()?.remove_idle()?)
    }
}

fn view(parking: &Parking, parked: &Parked) -> UploadView {
    let limits = parking.limits();
    let idle = parked.touched.elapsed().unwrap_or_default();
    UploadView {
        id: parked.id,
        received: parked.length,
        most: limits.length,
        kept: limits.idle.saturating_sub(idle).as_secs(),
    }
}

fn told(error: RegistryError) -> HubError {
    match error {
        RegistryError::UnknownUpload => Refusal::NotFound.into(),
        RegistryError::InUse => Refusal::Busy.into(),
        // Waiting would not help: one has to be finished or removed.
        RegistryError::TooManyUploads => {
            let max = COUNT as u32;
            HubError::invalid("uploads", Complaint::TooMany { max })
        }
        RegistryError::TooLarge(max) => Refusal::TooLarge { max }.into(),
        RegistryError::OutOfOrder(length) => unusable(format!(
            "the part does not follow what has come: go on at offset {length}"
        )),
        other => other.into(),
    }
}
