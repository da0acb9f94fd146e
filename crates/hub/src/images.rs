//! Services whose honeypots are images: uploaded, kept in the registry, and run by sensors.

mod describe;
mod fetch;
mod health;
mod labels;
mod parts;
mod push;
mod rows;
mod take_in;
mod upload;

use std::{collections::HashMap, io, sync::Arc};

use bytes::Bytes;
use futures::stream::BoxStream;
use skep_model::{
    Complaint, Refusal,
    event::ServiceName,
    ids::SensorId,
    service::{ImageService, Level, Rights, ServiceEdit},
    user::Role,
};
use skep_registry::{ArchiveError, Digest, Limits, Reference, RegistryError, Repository, Storage};
use skep_store::{ImageRow, ImageServiceRow, ServiceChange};

use crate::{Actor, Hub, HubError, services::Uses};
use describe::{DESCRIPTION, line};
pub(crate) use fetch::Fetches;
pub(crate) use push::service_of;
pub(crate) use rows::view;
pub(crate) use rows::{has_image_for, needs, revisions, same_protocols};
use rows::{images_of, ports};

/// The registry's folder, in the data folder.
const FOLDER: &str = "registry";
/// How many archives are read at a time.
pub(crate) const UPLOADS: usize = 2;
/// Below this the registry keeps the images of services. Only the hub writes there.
pub const SERVICES: &str = "services/";

/// Why revisions do not run, by service and number.
pub(crate) type Withheld = HashMap<ServiceName, HashMap<u32, String>>;

impl Hub {
    /// The registry. It is opened when it is first asked for: commands beside a server that runs leave it alone.
    pub fn registry(&self) -> Result<&Arc<Storage>, HubError> {
        if let Some(storage) = self.0.registry.get() {
            return Ok(storage);
        }
        let _alone = self
            .0
            .opening
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.0.registry.get().is_none() {
            let folder = self.0.options.data.join(FOLDER);
            let limits = Limits::default();
            let storage = match &self.0.options.image_store {
                Some(store) => Storage::open_remote(&folder, store.open()?, limits)?,
                None => Storage::open(&folder, limits)?,
            };
            let _ = self.0.registry.set(Arc::new(storage));
        }
        self.0.registry.get().ok_or_else(|| Refusal::Busy.into())
    }

    /// The services with images, by name.
    pub async fn image_services(&self, actor: &Actor) -> Result<Vec<ImageService>, HubError> {
        let mut uses = self.uses(actor).await?;
        let services = self.0.store.image_services().await?;
        Ok(services
            .into_iter()
            .map(|service| {
                let Uses { sensors, revisions } = uses.remove(&service.name).unwrap_or_default();
                view(&service, sensors, &revisions)
            })
            .collect())
    }

    /// The revisions that no sensor runs because they ask for what no admin has allowed their services, and what to do
    /// about it.
    pub(crate) async fn withheld(&self) -> Result<Withheld, HubError> {
        let mut withheld = Withheld::new();
        for service in self.0.store.image_services().await? {
            for image in &service.images {
                let lacks = needs(&service, image.number).beyond(&service.allowed);
                if !lacks.is_empty() {
                    let reason =
                        format!("it asks for {lacks}, and no admin has allowed the service that");
                    let of_service = withheld.entry(service.name.clone()).or_default();
                    of_service.insert(image.number, reason);
                }
            }
        }
        Ok(withheld)
    }

    /// One of them.
    pub async fn image_service(
        &self,
        actor: &Actor,
        name: &ServiceName,
    ) -> Result<ImageService, HubError> {
        let services = self.image_services(actor).await?;
        let found = services.into_iter().find(|service| service.name == *name);
        found.ok_or_else(|| Refusal::NotFound.into())
    }

    /// Changes a service with images. Sensors that run it are told of another revision at once.
    pub async fn edit_service(
        &self,
        actor: &Actor,
        name: &ServiceName,
        edit: ServiceEdit,
    ) -> Result<ImageService, HubError> {
        actor.require(Role::Admin)?;
        let alone = self.0.deploying.lock().await;
        let before = self.find_service(name).await?;
        if let Some(text) = &edit.description
            && text.chars().count() > DESCRIPTION
        {
            let max = DESCRIPTION as u32;
            return Err(HubError::invalid("description", Complaint::TooLong { max }));
        }
        let description = edit.description.as_deref().map(line);
        let allowed = edit.allowed.unwrap_or_else(|| before.allowed.clone());
        let change = ServiceChange {
            description: description.unwrap_or_else(|| before.description.clone()),
            level: edit.level.unwrap_or(before.level),
            revision: edit.revision.unwrap_or(before.default_revision),
            allowed,
        };
        if change.revision != before.default_revision {
            self.check_revision(&before, change.revision, &change.allowed)
                .await?;
        }
        let mut audit = actor.audit("edit", "service", name.to_string());
        audit.before = Some(words(
            &before.description,
            before.level,
            before.default_revision,
            &before.allowed,
        ));
        audit.after = Some(words(
            &change.description,
            change.level,
            change.revision,
            &change.allowed,
        ));
        let edited = self
            .0
            .store
            .edit_image_service(name, &change, &audit)
            .await?;
        let told = edited.ok_or(Refusal::NotFound)?;
        drop(alone);
        self.tell(&told).await?;
        self.image_service(actor, name).await
    }

    /// Whether all sensors that run a service can run another revision of it.
    async fn check_revision(
        &self,
        service: &ImageServiceRow,
        number: u32,
        allowed: &Rights,
    ) -> Result<(), HubError> {
        const FIELD: &str = "revision";
        let images: Vec<&ImageRow> = images_of(service, number).collect();
        let ports = images.first().map(|image| ports(&image.manifest));
        let ports = ports.ok_or_else(|| HubError::invalid(FIELD, Complaint::Unknown))?;
        let lacks_rights = !needs(service, number).beyond(allowed).is_empty();
        let sensors = self.0.store.sensors(&skep_store::Scope::Everything).await?;
        for row in self.0.store.instances(None).await? {
            let instance = &row.instance;
            if row.removed_at.is_some() || instance.pinned || instance.service != service.name {
                continue;
            }
            if lacks_rights {
                return Err(HubError::invalid(FIELD, Complaint::NotAllowed));
            }
            let sensor = sensors.iter().find(|sensor| sensor.id == row.sensor);
            let architecture = sensor.and_then(|sensor| sensor.status.as_ref());
            let architecture = architecture.map(|status| status.architecture.as_str());
            // A sensor that is being removed is not shown any more, and runs nothing.
            if sensor.is_some() && !has_image_for(service, number, architecture) {
                return Err(HubError::invalid(FIELD, Complaint::NoImage));
            }
            if !same_protocols(&row.instance.ports, &ports) {
                return Err(HubError::invalid(FIELD, Complaint::OtherPorts));
            }
        }
        Ok(())
    }

    /// Lets sensors that have something new to run hear of it.
    async fn tell(&self, sensors: &[SensorId]) -> Result<(), HubError> {
        for sensor in sensors {
            self.0.presence.wake(*sensor);
        }
        let rows = self.0.store.sensors(&skep_store::Scope::Everything).await?;
        let changed = rows.iter().filter(|row| sensors.contains(&row.id));
        self.0
            .live
            .sensors_of(changed.map(|row| (row.group.id, row.id)));
        Ok(())
    }

    /// Removes a revision that is not the service's, and that no instance is pinned to.
    pub async fn remove_revision(
        &self,
        actor: &Actor,
        name: &ServiceName,
        number: u32,
    ) -> Result<(), HubError> {
        actor.require(Role::Admin)?;
        let _alone = self.0.deploying.lock().await;
        let service = self.find_service(name).await?;
        let removed: Vec<&ImageRow> = images_of(&service, number).collect();
        let label = &removed.first().ok_or(Refusal::NotFound)?.label;
        if service.default_revision == number {
            return Err(HubError::invalid("revision", Complaint::InUse));
        }
        let instances = self.0.store.instances(None).await?;
        let pinned = instances.iter().any(|row| {
            let instance = &row.instance;
            row.removed_at.is_none() && instance.service == *name && instance.revision == number
        });
        if pinned {
            return Err(HubError::invalid("revision", Complaint::InUse));
        }
        let mut audit = actor.audit("remove revision", "service", name.to_string());
        audit.before = Some(serde_json::json!({ "number": number, "revision": label }));
        if !self.0.store.remove_revision(name, number, &audit).await? {
            return Err(Refusal::NotFound.into());
        }
        let left = self.0.store.image_services().await?;
        for image in &removed {
            self.let_go(&image.repository, &image.digest, &left).await;
        }
        self.forget_tag(&repository_of(name)?, label).await;
        Ok(())
    }

    /// Removes a service that no sensor runs. Its events stay.
    pub async fn remove_service(&self, actor: &Actor, name: &ServiceName) -> Result<(), HubError> {
        actor.require(Role::Admin)?;
        let _alone = self.0.deploying.lock().await;
        let service = self.find_service(name).await?;
        let mut audit = actor.audit("remove", "service", name.to_string());
        audit.before = Some(serde_json::json!({ "description": service.description }));
        if !self.0.store.remove_image_service(name, &audit).await? {
            return Err(HubError::invalid("service", Complaint::InUse));
        }
        let repository = repository_of(name)?;
        Ok(self.registry()?.delete_repository(&repository).await?)
    }

    async fn find_service(&self, name: &ServiceName) -> Result<ImageServiceRow, HubError> {
        let services = self.0.store.image_services().await?;
        let found = services.into_iter().find(|service| service.name == *name);
        found.ok_or_else(|| Refusal::NotFound.into())
    }

    /// Removes an image from the registry, unless somebody else needs it. What stays by mistake costs room only.
    async fn let_go(&self, repository: &str, digest: &str, left: &[ImageServiceRow]) {
        let needed = left.iter().flat_map(|service| &service.images);
        if needed
            .clone()
            .any(|image| image.repository == repository && image.digest == digest)
        {
            return;
        }
        let (Ok(name), Ok(digest)) = (repository.parse(), digest.parse::<Digest>()) else {
            return;
        };
        let Ok(storage) = self.registry() else { return };
        let gone = storage
            .delete_manifest(&name, &Reference::Digest(digest))
            .await;
        if let Err(error) = gone {
            tracing::warn!(repository, %digest, %error, "an image that nobody needs stays in the registry");
        }
    }

    /// Removes the tag that a revision was pushed with, if it was; it may stand for an index of what is gone.
    async fn forget_tag(&self, repository: &Repository, label: &str) {
        let (Ok(storage), Ok(tag)) = (self.registry(), label.parse()) else {
            return;
        };
        let gone = storage
            .delete_manifest(repository, &Reference::Tag(tag))
            .await;
        match gone {
            Ok(()) | Err(RegistryError::UnknownManifest) => {}
            Err(error) => tracing::warn!(%repository, label, %error, "a tag stays in the registry"),
        }
    }

    /// A blob of an image that a sensor shall run, with its length.
    pub async fn sensor_blob(
        &self,
        sensor: SensorId,
        digest: &str,
    ) -> Result<(u64, BoxStream<'static, io::Result<Bytes>>), HubError> {
        let everything = skep_store::Scope::Everything;
        let row = self.0.store.sensor(&everything, sensor).await?;
        let status = row.and_then(|row| row.status).ok_or(Refusal::NotFound)?;
        let images = self.0.store.images_of(sensor, &status.architecture).await?;
        let image = images.into_iter().map(|(_, image, _)| image).find(|image| {
            let content = &image.manifest.image;
            let layers = content.layers.iter().map(|layer| &layer.blob);
            layers
                .chain([&content.config])
                .any(|blob| blob.digest.as_str() == digest)
        });
        let image = image.ok_or(Refusal::NotFound)?;
        let (Ok(repository), Ok(digest)) = (image.repository.parse(), digest.parse()) else {
            return Err(Refusal::NotFound.into());
        };
        let storage = self.registry()?;
        let length = storage.blob_length(&repository, &digest).await?;
        let Some(length) = length else {
            tracing::error!(%repository, %digest, "a blob of an image that sensors shall run is missing");
            return Err(Refusal::NotFound.into());
        };
        Ok((length, storage.read_blob(&digest, 0..length).await?))
    }

    /// Removes from the registry what nobody needs.
    pub(crate) async fn collect_garbage(&self) -> Result<(), HubError> {
        if !self.0.options.data.join(FOLDER).exists() {
            return Ok(());
        }
        let storage = self.registry()?;
        let services = self.0.store.image_services().await?;
        let images = services.iter().flat_map(|service| &service.images);
        let needed: Vec<_> = images
            .filter_map(|image| Some((image.repository.parse().ok()?, image.digest.parse().ok()?)))
            .collect();
        storage.collect_untagged(SERVICES, &needed).await?;
        let collected = storage.collect().await?;
        if collected.blobs > 0 {
            tracing::info!(
                collected.blobs,
                collected.bytes,
                "removed from the registry what nobody needs"
            );
        }
        Ok(())
    }
}

/// How a service is, in the audit log.
fn words(description: &str, level: Level, revision: u32, allowed: &Rights) -> serde_json::Value {
    serde_json::json!({
        "description": description, "level": level, "revision": revision, "allowed": allowed,
    })
}

fn unusable(reason: String) -> HubError {
    Refusal::Upload { reason }.into()
}

fn repository_of(service: &ServiceName) -> Result<Repository, HubError> {
    Ok(format!("{SERVICES}{service}").parse()?)
}

impl From<ArchiveError> for HubError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Refused(reason) => unusable(reason.into_owned()),
            ArchiveError::Registry(error) => error.into(),
        }
    }
}

impl From<RegistryError> for HubError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Failed(_) => Self::Registry(error),
            other => unusable(other.to_string()),
        }
    }
}
