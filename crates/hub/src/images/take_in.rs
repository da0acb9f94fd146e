//! From images to a revision of a service.

use bytes::Bytes;
use futures::Stream;
use serde_json::json;
use skep_model::{
    Complaint, Refusal,
    event::ServiceName,
    service::{ArchiveForm, ImageService, Level},
    user::Role,
};
use skep_protocol::{catalogue, manifest::Manifest};
use skep_registry::{Archive, ArchiveKind, RegistryError, Repository, Storage, Tag};
use skep_store::{ImageRow, ImageServiceRow, Namesake, NewRevision, StoreError};

use super::{
    describe::{self, Described, Offer, Reason},
    images_of, repository_of, unusable,
    upload::{self, Broken},
};
use crate::{Actor, Hub, HubError};

/// What shall be a revision, or a part of one.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) service: ServiceName,
    pub(super) label: String,
    description: String,
    level: Level,
    /// One for each processor.
    manifests: Vec<Manifest>,
    /// Whether it is the whole revision, or joins what there is.
    namesake: Namesake,
}

impl Offered {
    /// Puts the images of a revision together.
    pub(super) fn new(images: Vec<Described>, namesake: Namesake) -> Result<Self, Reason> {
        let mut images = images.into_iter();
        let Described {
            service,
            label,
            description,
            level,
            manifest,
        } = images.next().ok_or("there is no image in it")?;
        let mut manifests = vec![manifest];
        for Described { manifest, .. } in images {
            if manifest.ports != manifests[0].ports {
                return Err("its images for different processors have different ports".to_owned());
            }
            let processor = manifest.image.architecture;
            if manifests
                .iter()
                .any(|known| known.image.architecture == processor)
            {
                return Err(format!("it has two images for {}", processor.name()));
            }
            manifests.push(manifest);
        }
        Ok(Self {
            service,
            label,
            description,
            level,
            manifests,
            namesake,
        })
    }

    fn words(&self) -> serde_json::Value {
        let images: Vec<_> = self
            .manifests
            .iter()
            .map(|manifest| {
                let image = &manifest.image;
                json!({ "architecture": image.architecture.name(), "digest": image.manifest })
            })
            .collect();
        json!({ "revision": self.label, "images": images })
    }
}

/// What an archive comes to.
pub(super) fn describe_archive(
    archive: &Archive,
    form: &ArchiveForm,
) -> Result<Described, HubError> {
    let (digest, manifest) = archive.manifest()?;
    let metadata = match &archive.kind {
        ArchiveKind::HoneySens(metadata) => Some(metadata),
        ArchiveKind::DockerSave | ArchiveKind::OciLayout | ArchiveKind::Fetched => None,
    };
    let offer = Offer {
        digest,
        manifest: &manifest,
        image: &archive.image,
        metadata,
    };
    describe::describe(&offer, form).map_err(unusable)
}

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
        let described = describe_archive(&archive, &form)?;
        let offered = Offered::new(vec![described], Namesake::Grows).map_err(unusable)?;
        self.take_in(actor, "upload", offered, vec![archive]).await
    }

    /// Makes images a revision, or a part of one. They are in the registry already, but for the archives.
    pub(super) async fn take_in(
        &self,
        actor: &Actor,
        action: &'static str,
        offered: Offered,
        archives: Vec<Archive>,
    ) -> Result<ImageService, HubError> {
        let (hub, actor) = (self.clone(), actor.clone());
        // Whoever sends them may go away now; what is begun comes to its end.
        let taken =
            tokio::spawn(async move { hub.take_in_alone(&actor, action, offered, archives).await });
        taken.await.map_err(RegistryError::from)?
    }

    async fn take_in_alone(
        &self,
        actor: &Actor,
        action: &'static str,
        offered: Offered,
        archives: Vec<Archive>,
    ) -> Result<ImageService, HubError> {
        let _alone = self.0.deploying.lock().await;
        let services = self.0.store.image_services().await?;
        let known = self.compare(&offered, &services).await?;
        let repository = repository_of(&offered.service)?;
        let storage = self.registry()?;
        for archive in archives {
            import(storage, &repository, archive).await?;
        }
        let mut audit = actor.audit(action, "service", offered.service.to_string());
        audit.after = Some(offered.words());
        let Offered {
            service,
            label,
            description,
            level,
            manifests,
            namesake,
        } = offered;
        if matches!(known, Namesakes::Same) {
            self.0.store.audit(&audit).await?;
            return self.image_service(actor, &service).await;
        }
        let new = NewRevision {
            service,
            description,
            level,
            label,
            namesake,
            manifests,
            repository: repository.to_string(),
        };
        let added = self.0.store.add_revision(&new, &audit).await;
        let left = self.0.store.image_services().await?;
        let gone = match (&added, known) {
            // Whoever pushed a manifest may push it again; what an archive brought goes.
            (Err(_), _) => digests(&new.manifests),
            (Ok(_), Namesakes::Other(digests)) => digests,
            (Ok(_), _) => vec![],
        };
        for digest in gone {
            self.let_go(&new.repository, &digest, &left).await;
        }
        match added {
            Ok(_) => self.image_service(actor, &new.service).await,
            Err(StoreError::Conflict(_)) => Err(HubError::invalid("label", Complaint::Taken)),
            Err(other) => Err(other.into()),
        }
    }

    /// Looks whether it fits beside what is there.
    async fn compare(
        &self,
        offered: &Offered,
        services: &[ImageServiceRow],
    ) -> Result<Namesakes, HubError> {
        if catalogue::find(offered.service.as_str()).is_some() {
            return Err(HubError::invalid("name", Complaint::Taken));
        }
        let service = services.iter().find(|known| known.name == offered.service);
        let images = service.into_iter().flat_map(|service| &service.images);
        let same: Vec<&ImageRow> = images
            .filter(|image| image.label == offered.label)
            .collect();
        let (Some(service), Some(first)) = (service, same.first()) else {
            return Ok(Namesakes::None);
        };
        let has = |manifest: &Manifest| same.iter().any(|image| image.manifest == *manifest);
        let all_known = offered.manifests.iter().all(has);
        match offered.namesake {
            Namesake::Grows if all_known => Ok(Namesakes::Same),
            Namesake::Grows => {
                joins(offered, &same)?;
                Ok(Namesakes::None)
            }
            Namesake::Goes if all_known && offered.manifests.len() == same.len() => {
                Ok(Namesakes::Same)
            }
            Namesake::Goes => {
                if first.number == service.default_revision && self.is_run(&service.name).await? {
                    return Err(unusable(format!(
                        "sensors run another image as revision {} of {}: give this one another tag, then choose it \
                         as the service's revision",
                        offered.label, offered.service
                    )));
                }
                let images = images_of(service, first.number);
                Ok(Namesakes::Other(
                    images.map(|image| image.digest.clone()).collect(),
                ))
            }
        }
    }

    /// Whether any sensor runs a service.
    pub(super) async fn is_run(&self, service: &ServiceName) -> Result<bool, HubError> {
        let instances = self.0.store.instances(None).await?;
        Ok(instances
            .iter()
            .any(|row| row.removed_at.is_none() && row.instance.service == *service))
    }
}

/// What there is of the same name.
enum Namesakes {
    /// Nothing that would be in the way.
    None,
    /// The very same: only its blobs are put in their place, should they be missing.
    Same,
    /// Another one, with these images, that goes.
    Other(Vec<String>),
}

/// Whether images can join those of a revision.
fn joins(offered: &Offered, same: &[&ImageRow]) -> Result<(), HubError> {
    for (image, manifest) in same.iter().flat_map(|image| {
        offered
            .manifests
            .iter()
            .map(move |manifest| (image, manifest))
    }) {
        if image.manifest.image.architecture == manifest.image.architecture {
            return Err(HubError::invalid("label", Complaint::Taken));
        }
        if image.manifest.ports != manifest.ports {
            let reason =
                "the revision has an image for another processor, and that has other ports";
            return Err(unusable(reason.to_owned()));
        }
    }
    Ok(())
}

fn digests(manifests: &[Manifest]) -> Vec<String> {
    let digests = manifests.iter().map(|manifest| &manifest.image.manifest);
    digests.map(ToString::to_string).collect()
}

/// Puts what an archive holds in its place. Its tag is its digest: a revision's label may hold what a tag may not.
async fn import(
    storage: &Storage,
    repository: &Repository,
    archive: Archive,
) -> Result<(), HubError> {
    let (digest, _) = archive.manifest()?;
    let tag: Tag = digest.hex().parse()?;
    archive.import(storage, repository, &tag).await?;
    Ok(())
}
