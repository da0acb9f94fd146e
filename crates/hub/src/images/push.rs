//! From a push to a revision: what stands for a tag is the whole revision of that name.

use skep_model::{event::ServiceName, service::ArchiveForm};
use skep_registry::{
    CONFIG_LENGTH, Digest, Image, Manifest, Needs, Pushed, Reference, Repository, Storage,
};
use skep_store::Namesake;

use super::{
    SERVICES,
    describe::{self, Offer, processor},
    take_in::Offered,
    unusable,
};
use crate::{Actor, Hub, HubError};

/// What is told to whoever pushes something that is kept, and nothing more.
const NO_SERVICE: &str =
    "no service is made of this: for that, push HOST/NAME:TAG without a further slash";

/// An image that was pushed.
struct Found {
    digest: Digest,
    manifest: Manifest,
    image: Image,
}

impl Hub {
    /// Makes a revision of what was pushed. Says what whoever pushed it should know.
    pub(crate) async fn take_push(
        &self,
        actor: &Actor,
        pushed: &Pushed,
    ) -> Result<Option<&'static str>, HubError> {
        let Some(service) = service_of(&pushed.repository) else {
            return Ok(Some(NO_SERVICE));
        };
        let form = ArchiveForm {
            name: Some(service.map_err(unusable)?),
            label: Some(pushed.tag.to_string()),
            ..ArchiveForm::default()
        };
        let found = find(self.registry()?, pushed).await?;
        let described = found.iter().map(|found| {
            let offer = Offer {
                digest: found.digest,
                manifest: &found.manifest,
                image: &found.image,
                metadata: None,
            };
            describe::describe(&offer, &form)
        });
        let described = described.collect::<Result<_, _>>().map_err(unusable)?;
        let offered = Offered::new(described, Namesake::Goes).map_err(unusable)?;
        self.take_in(actor, "push", offered, vec![]).await?;
        Ok(None)
    }
}

/// The service whose images a repository has, if it is for one; or why there can be no such service.
pub(crate) fn service_of(repository: &Repository) -> Option<Result<ServiceName, String>> {
    let name = repository.as_str().strip_prefix(SERVICES)?;
    let wrong = |_| {
        format!(
            "{name} is no name of a service: it begins with a letter, and has lower-case letters, digits and hyphens"
        )
    };
    Some(name.parse().map_err(wrong).and_then(|name: ServiceName| {
        if skep_protocol::catalogue::find(name.as_str()).is_some() {
            return Err(format!(
                "{name} is a service that every sensor has: push it under another name"
            ));
        }
        Ok(name)
    }))
}

/// The images that sensors can run, of all that were pushed together.
async fn find(storage: &Storage, pushed: &Pushed) -> Result<Vec<Found>, HubError> {
    let repository = &pushed.repository;
    let listed = match &pushed.stored.manifest.needs {
        Needs::Blobs { config, .. } => {
            let config = storage.small_blob(repository, &config.digest, CONFIG_LENGTH);
            return Ok(vec![Found {
                digest: pushed.stored.digest,
                manifest: pushed.stored.manifest.clone(),
                image: Image::parse(&config.await?)?,
            }]);
        }
        Needs::Manifests(listed) => listed,
    };
    let mut found: Vec<Found> = vec![];
    for listed in listed.iter().filter(|listed| listed.is_image()) {
        let reference = Reference::Digest(listed.digest);
        let stored = storage.manifest(repository, &reference).await?;
        let image = storage.image(repository, &reference).await?;
        let Some(architecture) = processor(&image.os, &image.architecture) else {
            continue;
        };
        let other = found.iter_mut().find(|found| {
            processor(&found.image.os, &found.image.architecture) == Some(architecture)
        });
        let one = Found {
            digest: stored.digest,
            manifest: stored.manifest,
            image,
        };
        match other {
            // What runs on the older one runs on all.
            Some(other) if one.image.variant < other.image.variant => *other = one,
            Some(_) => {}
            None => found.push(one),
        }
    }
    if found.is_empty() {
        return Err(unusable(
            "it has no image that a sensor can run: Linux on amd64, arm64 or arm".to_owned(),
        ));
    }
    Ok(found)
}
