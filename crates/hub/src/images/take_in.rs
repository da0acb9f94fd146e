//! From an upload to an image of a service.

use bytes::Bytes;
use futures::Stream;
use skep_model::{
    Complaint, Refusal,
    service::{ArchiveForm, ImageService},
    user::Role,
};
use skep_protocol::{catalogue, manifest::Manifest};
use skep_registry::{Archive, RegistryError, Storage, Tag};
use skep_store::{ImageRow, ImageServiceRow, NewImage, StoreError};

use super::{
    describe::{self, Described},
    repository_of, unusable,
    upload::{self, Broken},
};
use crate::{Actor, Hub, HubError};

impl Hub {
    /// Takes an archive in as an image of a service. Nothing of it stays when it is refused.
    pub async fn upload_service<E: Send>(
        &self,
        actor: &Actor,
        form: ArchiveForm,
        content: impl Stream<Item = Result<Bytes, E>> + Unpin + Send,
    ) -> Result<ImageService, HubError> {
        actor.require(Role::Admin)?;
        let Ok(_place) = self.0.uploads.try_acquire() else {
            return Err(Refusal::Busy.into());
        };
        let storage = self.registry()?.clone();
        let limit = self.0.options.max_upload;
        let (sender, incoming) = upload::channel();
        let (passed, read) = tokio::join!(
            upload::pass_on(content, limit, sender),
            Archive::read(&storage, incoming)
        );
        match passed {
            Ok(()) => {}
            Err(Broken::TooLarge) => return Err(Refusal::TooLarge { max: limit }.into()),
            Err(Broken::Interrupted) => return Err(RegistryError::Interrupted.into()),
        }
        let archive = read?;
        let described = describe::describe(&archive, form).map_err(unusable)?;
        let (hub, actor) = (self.clone(), actor.clone());
        // Whoever uploads may go away now; what is begun comes to its end.
        let taken =
            tokio::spawn(async move { hub.take_in(&actor, &storage, archive, described).await });
        taken.await.map_err(RegistryError::from)?
    }

    async fn take_in(
        &self,
        actor: &Actor,
        storage: &Storage,
        archive: Archive,
        described: Described,
    ) -> Result<ImageService, HubError> {
        let _alone = self.0.deploying.lock().await;
        let services = self.0.store.image_services().await?;
        let known = check(&described, &services)?;
        let Described {
            service,
            label,
            description,
            level,
            manifest,
        } = described;
        let repository = repository_of(&service)?;
        let architecture = manifest.image.architecture.name();
        let mut audit = actor.audit("upload", "service", service.to_string());
        audit.after = Some(serde_json::json!({
            "revision": label, "architecture": architecture, "digest": manifest.image.manifest,
        }));
        // A revision's label may hold what a tag may not, and a tag is needed for an import only.
        let digest = archive
            .import(storage, &repository, &tag_of(&manifest)?)
            .await?;
        if known {
            self.0.store.audit(&audit).await?;
            return self.image_service(actor, &service).await;
        }
        let new = NewImage {
            service: service.clone(),
            description,
            level,
            label,
            manifest,
            repository: repository.to_string(),
            digest: digest.to_string(),
        };
        if let Err(error) = self.0.store.add_image(&new, &audit).await {
            self.let_go(&new.repository, &new.digest, &services).await;
            return Err(match error {
                StoreError::Conflict(_) => HubError::invalid("label", Complaint::Taken),
                other => other.into(),
            });
        }
        self.image_service(actor, &service).await
    }
}

/// Whether what an archive comes to is known: then only its blobs are put in their place, should they be missing. It is
/// refused when it does not fit beside what is there.
fn check(described: &Described, services: &[ImageServiceRow]) -> Result<bool, HubError> {
    if catalogue::find(described.service.as_str()).is_some() {
        return Err(HubError::invalid("name", Complaint::Taken));
    }
    let known = services
        .iter()
        .find(|service| service.name == described.service);
    let same = |image: &&ImageRow| image.label == described.label;
    for image in known
        .iter()
        .flat_map(|service| &service.images)
        .filter(same)
    {
        if image.manifest == described.manifest {
            return Ok(true);
        }
        if image.manifest.image.architecture == described.manifest.image.architecture {
            return Err(HubError::invalid("label", Complaint::Taken));
        }
        if image.manifest.ports != described.manifest.ports {
            let reason =
                "the revision has an image for another processor, and that has other ports";
            return Err(unusable(reason.to_owned()));
        }
    }
    Ok(false)
}

/// The tag under which the registry shows an image: its digest.
fn tag_of(manifest: &Manifest) -> Result<Tag, HubError> {
    Ok(manifest.image.manifest.hex().parse()?)
}
