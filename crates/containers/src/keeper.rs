//! Keeps one instance running.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use skep_model::{ids::InstanceId, raw, sensor::InstanceState};
use skep_protocol::{
    manifest::{Events, Ready},
    message::InstanceReport,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    EngineError, Publication, Wanted,
    archive::{Progress, archive},
    containers::Shared,
    engine::Connection,
    firewall::{FirewallError, Opening},
    intake::{Intake, Printed},
    names, ports, ready, routes,
    spec::{self, Storage},
    subnet::{self, Subnets},
};

/// How far an instance is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing has been done yet.
    #[default]
    Scheduled,
    /// Its image is being fetched.
    Loading(Progress),
    /// It was started, and has not answered yet.
    Starting,
    /// It answered as its manifest says.
    Running,
    /// It does not run, and why. It is tried again.
    Failed(String),
}

impl State {
    /// The same in the server's words.
    #[must_use]
    pub fn report(&self, id: InstanceId) -> InstanceReport {
        let (state, reason) = match self {
            Self::Scheduled | Self::Loading(_) => (InstanceState::Scheduled, None),
            Self::Starting => (InstanceState::Scheduled, Some("starting".to_owned())),
            Self::Running => (InstanceState::Running, None),
            Self::Failed(reason) => (InstanceState::Failed, Some(reason.clone())),
        };
        let progress = match self {
            Self::Loading(progress) => Some(progress.percent()),
            _ => None,
        };
        InstanceReport {
            id,
            state,
            reason,
            progress,
        }
    }
}

/// How long to wait before the first restart, and between restarts at most.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);

/// A container that ran for so long has not failed because of how it was started.
const PROVEN: Duration = Duration::from_mins(1);

/// How often to look whether the engine is back.
const RETURN: Duration = Duration::from_secs(1);

/// How many free subnets are tried: the engine may know of networks that we cannot see.
const SUBNETS: usize = 16;

/// How long what a container printed last may take to be read.
const DRAIN: Duration = Duration::from_secs(10);

/// The most of a container's last words that become part of a reason, in bytes.
const LAST_WORDS: usize = 300;

/// Why an instance does not run.
enum Failure {
    /// The engine is gone: look for it again soon.
    Engine(String),
    /// Anything else: the longer it lasts, the rarer it is tried.
    Other(String),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Gone(_) => Self::Engine(error.to_string()),
            EngineError::Refused { .. } => Self::Other(error.to_string()),
        }
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Other(reason)
    }
}

impl From<FirewallError> for Failure {
    fn from(error: FirewallError) -> Self {
        Self::Other(error.to_string())
    }
}

/// What keeps one instance running.
pub(crate) struct Keeper {
    pub shared: Arc<Shared>,
    pub wanted: Wanted,
}

impl Keeper {
    /// Never returns. May be dropped at any point: what is left over is taken up, or removed, by whoever comes next.
    pub(crate) async fn keep(self) {
        let mut delay = FIRST;
        loop {
            let began = Instant::now();
            let Err(failure) = self.attempt().await;
            let reason = match failure {
                Failure::Engine(reason) => {
                    delay = FIRST;
                    self.fail(&reason);
                    sleep(RETURN).await;
                    continue;
                }
                Failure::Other(reason) => reason,
            };
            if began.elapsed() > PROVEN + ready::DEADLINE {
                delay = FIRST;
            }
            self.fail(&reason);
            sleep(delay).await;
            delay = (delay * 2).min(LONGEST);
        }
    }

    fn id(&self) -> InstanceId {
        self.wanted.configuration.id
    }

    fn fail(&self, reason: &str) {
        let service = &self.wanted.configuration.service;
        if self.shared.set(self.id(), State::Failed(reason.to_owned())) {
            tracing::warn!(
                "{service} does not run in its container, which is tried again: {reason}"
            );
        }
    }

    async fn attempt(&self) -> Result<Infallible, Failure> {
        let wanted = &self.wanted;
        let name = names::name(self.id());
        let architecture = wanted.manifest.image.architecture;
        if !architecture.is_native() {
            return Err(Failure::Other(format!(
                "the image is for {}, and this sensor is {}",
                architecture.name(),
                std::env::consts::ARCH
            )));
        }
        let publications = wanted.publications()?;
        let engine = self.shared.engine.agree().await?;
        self.load(&engine).await?;

        let adopted = engine.inspect(&name).await?.is_some_and(|condition| {
            condition.running && condition.configuration == wanted.fingerprint()
        });
        if !adopted {
            self.shared.set(self.id(), State::Starting);
            engine.remove(&name).await?;
        }
        let subnets = self.network(&engine, adopted).await?;
        let _reserved = ports::reserve(&publications).await?;
        let mut intake = Intake::open(wanted, &subnets).await?;
        // Closed before it opens: no container runs before the rules that confine it are there.
        self.shared
            .open(
                self.id(),
                opening(&self.shared, wanted, subnets, &publications),
            )
            .await?;
        if !adopted {
            self.create(&engine, name.clone(), &subnets).await?;
            engine.start(&name).await?;
        }
        let printed = Printed {
            engine: &engine,
            container: &name,
            adopted,
        };
        intake.begin(wanted, subnets, self.shared.reporter(wanted), &printed);
        tokio::select! {
            answered = ready::wait(&wanted.manifest.ready, self.probe(&publications, &subnets)) => {
                if let Err(problem) = answered {
                    let reason = self.silence(&problem);
                    // Said at once: stopping takes its time.
                    self.fail(&reason);
                    engine.stop(&name).await?;
                    return Err(Failure::Other(reason));
                }
            }
            ended = engine.wait(&name) => {
                ended?;
                return Err(self.last_words(&engine, &name).await);
            }
        }
        if self.shared.set(self.id(), State::Running) {
            tracing::info!("{} runs in its container", wanted.configuration.service);
        }
        engine.wait(&name).await?;
        // What it printed last may still be on its way.
        let _ = timeout(DRAIN, intake.drain()).await;
        Err(self.last_words(&engine, &name).await)
    }

    /// Has the engine load the image, if it does not have it. One image at a time.
    async fn load(&self, engine: &Connection) -> Result<(), Failure> {
        let image = &self.wanted.manifest.image;
        let name = self.shared.owner.image(&image.manifest);
        if engine.has_image(&name).await? {
            return Ok(());
        }
        let _alone = self.shared.loading.lock().await;
        if engine.has_image(&name).await? {
            return Ok(());
        }
        let (progress, mut told) = watch::channel(Progress {
            done: 0,
            all: image.size(),
        });
        let failure = Arc::new(OnceLock::new());
        let layers = self.shared.layers.clone();
        let archive = archive(
            image.clone(),
            name.clone(),
            layers,
            progress,
            failure.clone(),
        );
        let loading = engine.load(archive);
        tokio::pin!(loading);
        let loaded = loop {
            let now = *told.borrow_and_update();
            self.shared.set(self.id(), State::Loading(now));
            tokio::select! {
                loaded = &mut loading => break loaded,
                Ok(()) = told.changed() => {}
            }
        };
        if let Some(error) = failure.get() {
            return Err(Failure::Other(format!(
                "the image could not be fetched: {error}"
            )));
        }
        loaded?;
        if engine.has_image(&name).await? {
            Ok(())
        } else {
            Err(Failure::Other(
                "the container engine took the image, and does not have it".to_owned(),
            ))
        }
    }

    /// The instance's own network: that of a container which was taken up, and a new one for a new container. An engine
    /// that was killed while it started one knows nothing of it any longer, but its half is still connected, with the same
    /// addresses, and may answer instead of ours.
    async fn network(&self, engine: &Connection, adopted: bool) -> Result<Subnets, Failure> {
        let owner = self.shared.owner;
        let _alone = self.shared.addressing.lock().await;
        let mut networks = engine.networks(None).await?;
        let name = names::name(self.id());
        if let Some(place) = networks.iter().position(|network| network.name == name) {
            let network = networks.swap_remove(place);
            match network.ours() {
                Some(subnets) if network.instance == Some(self.id()) => {
                    if adopted {
                        return Ok(subnets);
                    }
                    engine.remove_network(&network.id).await?;
                }
                _ => {
                    return Err(Failure::Other(format!(
                        "there is a network {name} that is none of ours: remove it"
                    )));
                }
            }
        }
        let mut taken = routes::known();
        taken.extend(networks.iter().flat_map(|network| &network.subnets));
        let mut refused = None;
        for subnets in subnet::free(owner.sensor(), routes::has_v6(), &taken).take(SUBNETS) {
            match engine.create_network(owner, self.id(), &subnets).await {
                Ok(()) => return Ok(subnets),
                Err(error @ EngineError::Gone(_)) => return Err(error.into()),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.map_or_else(
            || Failure::Other("no addresses are free for the network of a container".to_owned()),
            Failure::from,
        ))
    }

    async fn create(
        &self,
        engine: &Connection,
        name: String,
        subnets: &Subnets,
    ) -> Result<(), Failure> {
        let owner = self.shared.owner;
        let bounded = spec::container(owner, &self.wanted, subnets, Storage::Bounded)?;
        match engine.create(name.clone(), bounded).await {
            Err(error) if error.is_unbounded_storage() => {
                tracing::warn!(
                    "the container engine cannot bound what {} writes to disk: its storage driver would have to be \
                     overlay2 on XFS with project quotas, btrfs or zfs",
                    self.wanted.configuration.service
                );
                let body = spec::container(owner, &self.wanted, subnets, Storage::Unbounded)?;
                Ok(engine.create(name, body).await?)
            }
            other => Ok(other?),
        }
    }

    /// Where the service is asked whether it works: at its published port, by the address of its network's gateway. What
    /// it catches from there is no attack.
    fn probe(&self, publications: &[Publication], subnets: &Subnets) -> Option<SocketAddr> {
        let (number, protocol) = match &self.wanted.manifest.ready {
            Ready::Runs => return None,
            Ready::Connect { port, protocol } | Ready::Answer { port, protocol, .. } => {
                (port.get(), *protocol)
            }
        };
        let publication = publications
            .iter()
            .find(|publication| (publication.number, publication.protocol) == (number, protocol));
        let port = publication.map_or(number, |publication| publication.published);
        let v6 = publication.is_some_and(Publication::is_only_v6);
        let gateway = match subnets.gateway_v6() {
            Some(gateway) if v6 => IpAddr::V6(gateway),
            _ => IpAddr::V4(subnets.gateway()),
        };
        Some(SocketAddr::new(gateway, port))
    }

    fn silence(&self, problem: &str) -> String {
        let (port, protocol) = match &self.wanted.manifest.ready {
            Ready::Runs => return problem.to_owned(),
            Ready::Connect { port, protocol } | Ready::Answer { port, protocol, .. } => {
                (port, *protocol)
            }
        };
        format!(
            "it runs, and does not answer on its port {port}/{} within {} s: {problem}",
            protocol.word(),
            ready::DEADLINE.as_secs()
        )
    }

    /// Why a container ended.
    async fn last_words(&self, engine: &Connection, name: &str) -> Failure {
        let condition = match engine.inspect(name).await {
            Ok(Some(condition)) => condition,
            Ok(None) => return Failure::Other("somebody removed its container".to_owned()),
            Err(error) => return error.into(),
        };
        let words = engine.tail(name, 1, LAST_WORDS).await.unwrap_or_default();
        let words = raw::visible(words.trim_ascii());
        let because = match (condition.out_of_memory, words.is_empty()) {
            (true, _) => format!(
                " for want of memory ({} bytes)",
                self.wanted.manifest.limits.memory
            ),
            (false, true) => String::new(),
            (false, false) => format!("; its last words: {words}"),
        };
        Failure::Other(format!(
            "it ended with code {}{because}",
            condition.exit_code
        ))
    }
}

/// What the firewall has to know of an instance.
pub(crate) fn opening(
    shared: &Shared,
    wanted: &Wanted,
    subnets: Subnets,
    publications: &[Publication],
) -> Opening {
    Opening {
        bridge: shared.owner.bridge(&subnets),
        subnets,
        collector: wanted.manifest.events == Events::HoneysensCollector,
        publications: publications.to_vec(),
        rest: wanted.catches_rest_of(),
    }
}
