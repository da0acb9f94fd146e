//! Images that are fetched from other registries: begun, watched, and ended.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use skep_model::{
    Complaint, Refusal,
    event::ServiceName,
    ids::FetchId,
    service::{ArchiveForm, FetchForm, FetchState, FetchView},
    user::Role,
};
use skep_protocol::catalogue;
use skep_registry::{
    Archive, ArchiveError, Descriptor, Fetched, Login, Needs, Place, Platform, Progress, Reference,
    Remote,
};
use skep_store::Namesake;
use tokio::task::AbortHandle;

use super::{
    describe::{self, processor},
    take_in::{Offered, describe_archive},
    unusable,
};
use crate::{Actor, Hub, HubError};

/// How many fetches are remembered.
const REMEMBERED: usize = 32;
/// How long one may take.
const LONGEST: Duration = Duration::from_hours(2);
/// How much of a digest names a revision that has no tag.
const LABEL: usize = 12;

/// The fetches that run, and the last that did.
#[derive(Debug, Default)]
pub(crate) struct Fetches(Mutex<Vec<Fetch>>);

#[derive(Debug)]
struct Fetch {
    id: FetchId,
    reference: String,
    service: ServiceName,
    progress: Arc<Progress>,
    running: Option<AbortHandle>,
    /// Nothing while it runs; and why, if it did not get there.
    ended: Option<Result<(), Refusal>>,
}

impl Fetches {
    fn all(&self) -> MutexGuard<'_, Vec<Fetch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, id: FetchId, how: Result<(), Refusal>) {
        if let Some(fetch) = self.all().iter_mut().find(|fetch| fetch.id == id) {
            fetch.ended.get_or_insert(how);
            fetch.running = None;
        }
    }
}

impl Fetch {
    fn view(&self) -> FetchView {
        let (state, reason) = match &self.ended {
            None => (FetchState::Fetching, None),
            Some(Ok(())) => (FetchState::Done, None),
            Some(Err(refusal)) => (FetchState::Failed, Some(refusal.to_string())),
        };
        FetchView {
            id: self.id,
            reference: self.reference.clone(),
            service: self.service.clone(),
            state,
            reason,
            done: self.progress.done.load(Ordering::Relaxed),
            total: self.progress.total.load(Ordering::Relaxed),
        }
    }
}

impl Hub {
    /// Begins to fetch an image from another registry. What comes is the whole revision of its name.
    pub async fn fetch_service(
        &self,
        actor: &Actor,
        form: FetchForm,
    ) -> Result<FetchView, HubError> {
        actor.require(Role::Admin)?;
        let place: Place = form.reference.parse().map_err(|_| {
            unusable(
                "the reference is not of the form registry.example/name:tag or name@sha256:…"
                    .to_owned(),
            )
        })?;
        let mut about = form.about;
        let service = match about.name.take() {
            Some(name) => name,
            None => describe::named(place.repository().last_part()).map_err(unusable)?,
        };
        if catalogue::find(service.as_str()).is_some() {
            return Err(HubError::invalid("name", Complaint::Taken));
        }
        about.label.get_or_insert_with(|| match place.reference() {
            Reference::Tag(tag) => tag.to_string(),
            Reference::Digest(digest) => digest.hex()[..LABEL].to_owned(),
        });
        about.name = Some(service.clone());
        let login = form.user.zip(form.password);
        let login = login.map(|(user, password)| Login { user, password });
        let Ok(permit) = self.0.uploads.clone().try_acquire_owned() else {
            return Err(Refusal::Busy.into());
        };
        let progress = Arc::new(Progress::default());
        let reference = place.to_string();
        let (reach, limit) = (&self.0.options.reach, self.0.options.max_upload);
        let remote = Remote::new(place, login, reach, limit, progress.clone())?;
        let mut audit = actor.audit("fetch", "service", service.to_string());
        audit.after = Some(serde_json::json!({ "reference": reference }));
        self.0.store.audit(&audit).await?;

        let id = FetchId::new();
        let fetch = Fetch {
            id,
            reference,
            service,
            progress,
            running: None,
            ended: None,
        };
        let view = fetch.view();
        self.remember(fetch);
        let (hub, actor) = (self.clone(), actor.clone());
        let task = tokio::spawn(async move {
            let _permit = permit;
            let fetched = tokio::time::timeout(LONGEST, hub.fetch(&actor, &remote, about)).await;
            let fetched = fetched.unwrap_or_else(|_| {
                let hours = LONGEST.as_secs() / 3600;
                Err(unusable(format!("it took longer than {hours} hours")))
            });
            hub.0
                .fetches
                .end(id, fetched.map_err(|error| error.refusal()));
        });
        let mut all = self.0.fetches.all();
        if let Some(fetch) = all.iter_mut().find(|fetch| fetch.id == id) {
            fetch.running = Some(task.abort_handle());
        }
        Ok(view)
    }

    fn remember(&self, fetch: Fetch) {
        let mut all = self.0.fetches.all();
        all.push(fetch);
        // Those that run are few: there is always one that has ended.
        if all.len() > REMEMBERED
            && let Some(oldest) = all.iter().position(|fetch| fetch.ended.is_some())
        {
            all.remove(oldest);
        }
    }

    async fn fetch(
        &self,
        actor: &Actor,
        remote: &Remote,
        about: ArchiveForm,
    ) -> Result<(), HubError> {
        let storage = self.registry()?;
        let images = images(remote).await?;
        remote.expect(&images)?;
        let mut archives: Vec<Archive> = vec![];
        for image in images {
            archives.push(remote.image(storage, image).await?);
        }
        let described = archives
            .iter()
            .map(|archive| describe_archive(archive, &about));
        let described = described.collect::<Result<_, _>>()?;
        let offered = Offered::new(described, Namesake::Goes).map_err(unusable)?;
        self.take_in(actor, "upload", offered, archives).await?;
        Ok(())
    }

    /// The fetches that run, and the last that did, newest first.
    pub fn fetches(&self, actor: &Actor) -> Result<Vec<FetchView>, HubError> {
        actor.require(Role::Admin)?;
        let all = self.0.fetches.all();
        Ok(all.iter().rev().map(Fetch::view).collect())
    }

    /// One of them.
    pub fn fetch_view(&self, actor: &Actor, id: FetchId) -> Result<FetchView, HubError> {
        let found = self.fetches(actor)?.into_iter().find(|view| view.id == id);
        found.ok_or_else(|| Refusal::NotFound.into())
    }

    /// Ends a fetch; or forgets it, if it has ended.
    pub fn end_fetch(&self, actor: &Actor, id: FetchId) -> Result<(), HubError> {
        actor.require(Role::Admin)?;
        let mut all = self.0.fetches.all();
        let place = all.iter().position(|fetch| fetch.id == id);
        let fetch = all.remove(place.ok_or(Refusal::NotFound)?);
        if let Some(running) = fetch.running {
            running.abort();
        }
        Ok(())
    }
}

/// The images that sensors can run, of those that the reference names.
async fn images(remote: &Remote) -> Result<Vec<Fetched>, HubError> {
    let first = remote.manifest().await?;
    let Needs::Manifests(listed) = &first.manifest.needs else {
        return Ok(vec![first]);
    };
    let mut chosen: Vec<(&Descriptor, &Platform)> = vec![];
    for listed in listed.iter().filter(|listed| listed.is_image()) {
        let Some(platform) = &listed.platform else {
            continue;
        };
        let Some(wanted) = processor(&platform.os, &platform.architecture) else {
            continue;
        };
        let same = |(_, other): &&mut (&Descriptor, &Platform)| {
            processor(&other.os, &other.architecture) == Some(wanted)
        };
        match chosen.iter_mut().find(same) {
            // What runs on the older one runs on all.
            Some(other) if platform.variant < other.1.variant => *other = (listed, platform),
            Some(_) => {}
            None => chosen.push((listed, platform)),
        }
    }
    if chosen.is_empty() {
        return Err(unusable(
            "it has no image that a sensor can run: Linux on amd64, arm64 or arm".to_owned(),
        ));
    }
    let mut images = vec![];
    for (listed, _) in chosen {
        let image: Result<Fetched, ArchiveError> = remote.listed(listed).await;
        images.push(image?);
    }
    Ok(images)
}
