//! All instances together: from what is wanted to what runs.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use skep_honeypots::record::{Clock, Report, Reporter};
use skep_model::{
    Bytes,
    ids::{InstanceId, SensorId},
    limits,
};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    Engine, EngineError, Layers, Owner, State, Wanted,
    engine::Connection,
    firewall::{self, FirewallError, Opening},
    forwarding,
    keeper::{self, Keeper},
    names,
};

/// How often everything is looked at anew.
const INTERVAL: Duration = Duration::from_secs(10);

/// What a sensor's containers need.
pub struct Setup {
    /// Whose they are.
    pub sensor: SensorId,
    /// Who runs them.
    pub engine: Engine,
    /// Where images come from.
    pub layers: Arc<dyn Layers>,
    /// Where what they catch goes.
    pub reports: mpsc::Sender<Report>,
    /// What time it is.
    pub clock: Clock,
}

/// The containers of a sensor.
///
/// What was made before a crash, of this program or of the engine, is known by its labels and taken up or removed.
/// Dropping this stops nothing; [`stop`](Self::stop) does.
pub struct Containers {
    shared: Arc<Shared>,
    keepers: Mutex<HashMap<InstanceId, Kept>>,
}

struct Kept {
    wanted: Wanted,
    task: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why what nobody wants could not be removed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum SweepError {
    Engine(#[from] EngineError),
    Firewall(#[from] FirewallError),
}

/// What the firewall lets through.
struct Openings {
    by_instance: BTreeMap<InstanceId, Opening>,
    /// Whether the firewall may have rules of ours: at first those of an earlier life.
    has_rules: bool,
}

impl Openings {
    /// Has the firewall do as it is written here.
    async fn apply(&mut self, owner: Owner) -> Result<(), FirewallError> {
        let openings: Vec<_> = self.by_instance.values().cloned().collect();
        if !openings.is_empty() {
            self.has_rules = true;
            firewall::apply(&firewall::rules(owner, &openings)).await?;
            return forwarding::allow(owner).await;
        }
        if self.has_rules {
            let removed = async {
                forwarding::disallow(owner).await?;
                firewall::apply(&firewall::none(owner)).await
            };
            match removed.await {
                // Where a program is missing, it has made no rules; nor has who may not.
                Ok(()) | Err(FirewallError::NoProgram { .. } | FirewallError::NotPermitted) => {
                    self.has_rules = false;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What all keepers share.
pub(crate) struct Shared {
    pub owner: Owner,
    pub engine: Engine,
    pub layers: Arc<dyn Layers>,
    /// Held by whoever loads an image.
    pub loading: Mutex<()>,
    /// Held by whoever chooses addresses.
    pub addressing: Mutex<()>,
    reports: mpsc::Sender<Report>,
    clock: Clock,
    openings: Mutex<Openings>,
    states: watch::Sender<BTreeMap<InstanceId, State>>,
}

impl Shared {
    /// Reports what an instance catches.
    pub(crate) fn reporter(&self, wanted: &Wanted) -> Reporter {
        let configuration = &wanted.configuration;
        Reporter::new(
            configuration.service.clone(),
            configuration.id,
            configuration.revision,
            self.clock.clone(),
            self.reports.clone(),
        )
    }

    /// Notes how an instance is; returns whether that is new.
    pub(crate) fn set(&self, instance: InstanceId, state: State) -> bool {
        self.states.send_if_modified(|states| {
            // Nobody asks about an instance that is wanted no longer.
            let known = states.get_mut(&instance).filter(|known| **known != state);
            known.map(|known| *known = state).is_some()
        })
    }

    /// Adds to what the firewall lets through, or sees that it is so.
    pub(crate) async fn open(
        &self,
        instance: InstanceId,
        opening: Opening,
    ) -> Result<(), FirewallError> {
        let mut openings = self.openings.lock().await;
        openings.by_instance.insert(instance, opening);
        openings.apply(self.owner).await
    }
}

impl Containers {
    /// Nothing is done yet.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let shared = Shared {
            owner: Owner::new(setup.sensor),
            engine: setup.engine,
            layers: setup.layers,
            reports: setup.reports,
            clock: setup.clock,
            loading: Mutex::default(),
            addressing: Mutex::default(),
            openings: Mutex::new(Openings {
                by_instance: BTreeMap::new(),
                has_rules: true,
            }),
            states: watch::Sender::default(),
        };
        Self {
            shared: Arc::new(shared),
            keepers: Mutex::default(),
        }
    }

    /// How the instances are, and whenever that changes.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<BTreeMap<InstanceId, State>> {
        self.shared.states.subscribe()
    }

    /// Does what is wanted, now and whenever that changes, and looks after it in between. Returns when nobody can
    /// want anything else.
    pub async fn run(&self, mut wanted: watch::Receiver<Vec<Wanted>>) {
        loop {
            let now = wanted.borrow_and_update().clone();
            self.converge(&now).await;
            if let Ok(Err(_)) = timeout(INTERVAL, wanted.changed()).await {
                return;
            }
        }
    }

    /// Removes what is not wanted, and has the rest run. What takes its time, such as loading an image, goes on
    /// afterwards; the states say how far it is. Doing it again changes nothing.
    pub async fn converge(&self, wanted: &[Wanted]) -> BTreeMap<InstanceId, State> {
        let mut keepers = self.keepers.lock().await;
        let wanted: BTreeMap<_, _> = wanted
            .iter()
            .map(|wanted| (wanted.configuration.id, wanted))
            .collect();
        let gone = keepers.extract_if(|id, kept| wanted.get(id) != Some(&&kept.wanted));
        end(gone.map(|(_, kept)| kept).collect()).await;
        self.shared.states.send_if_modified(|states| {
            let before = states.clone();
            states.retain(|id, _| wanted.contains_key(id));
            for id in wanted.keys() {
                states.entry(*id).or_default();
            }
            *states != before
        });
        let swept = async {
            let engine = self.shared.engine.agree().await?;
            self.sweep(&engine, &wanted).await?;
            self.sweep_images(&engine, &wanted).await?;
            Ok::<_, SweepError>(())
        };
        if let Err(problem) = swept.await {
            tracing::warn!("containers could not be looked after, which is tried again: {problem}");
        }
        self.start(&mut keepers, &wanted);
        self.shared.states.borrow().clone()
    }

    /// Removes all containers, what belongs to them, and the rules, until something is wanted again. Images stay, so
    /// that whoever comes next need not fetch them.
    pub async fn stop(&self) {
        let mut keepers = self.keepers.lock().await;
        end(keepers.drain().map(|(_, kept)| kept).collect()).await;
        let swept = async {
            let engine = self.shared.engine.agree().await?;
            self.sweep(&engine, &BTreeMap::new()).await
        };
        if let Err(problem) = swept.await {
            tracing::warn!("containers could not be removed: {problem}");
        }
    }

    /// Starts what does not run yet, but for what wants a port that another instance has.
    fn start(
        &self,
        keepers: &mut HashMap<InstanceId, Kept>,
        wanted: &BTreeMap<InstanceId, &Wanted>,
    ) {
        let publications = |wanted: &Wanted| wanted.publications().unwrap_or_default();
        // Whoever runs keeps its ports.
        let mut taken: Vec<_> = keepers
            .values()
            .flat_map(|kept| {
                publications(&kept.wanted)
                    .into_iter()
                    .map(|it| (it, kept.wanted.configuration.service.clone()))
            })
            .collect();
        for (id, wanted) in wanted {
            if keepers.contains_key(id) {
                continue;
            }
            let ports = publications(wanted);
            let clash = ports.iter().find_map(|port| {
                let (_, service) = taken.iter().find(|(other, _)| port.clashes(other))?;
                Some(format!(
                    "port {port} is taken by another instance, of {service}"
                ))
            });
            let rival = keepers
                .values()
                .filter(|_| !wanted.catches_rest_of().is_empty())
                .find(|kept| !kept.wanted.catches_rest_of().is_empty());
            let clash = clash.or_else(|| {
                let service = &rival?.wanted.configuration.service;
                Some(format!(
                    "what no service takes goes to another instance, of {service}"
                ))
            });
            if let Some(reason) = clash {
                self.shared.set(*id, State::Failed(reason));
                continue;
            }
            let service = &wanted.configuration.service;
            taken.extend(ports.into_iter().map(|port| (port, service.clone())));
            let keeper = Keeper {
                shared: self.shared.clone(),
                wanted: (*wanted).clone(),
            };
            let task = tokio::spawn(keeper.keep());
            keepers.insert(
                *id,
                Kept {
                    wanted: (*wanted).clone(),
                    task,
                },
            );
        }
    }

    /// Removes the containers and networks of ours that nobody wants, and has the firewall fit the rest.
    async fn sweep(
        &self,
        engine: &Connection,
        wanted: &BTreeMap<InstanceId, &Wanted>,
    ) -> Result<(), SweepError> {
        let owner = self.shared.owner;
        let is_wanted =
            |instance: Option<InstanceId>| instance.and_then(|id| wanted.get(&id).copied());
        for container in engine.containers(owner).await? {
            let fits = is_wanted(container.instance)
                .is_some_and(|wanted| wanted.fingerprint() == container.configuration);
            if !fits {
                engine.remove(&container.id).await?;
            }
        }
        let mut openings = self.shared.openings.lock().await;
        openings.by_instance.retain(|id, _| wanted.contains_key(id));
        for network in engine.networks(Some(owner)).await? {
            match (is_wanted(network.instance), network.ours()) {
                (Some(wanted), Some(subnets)) => {
                    // So that taking up one container does not cut off another.
                    let ports = wanted.publications().unwrap_or_default();
                    let opening = keeper::opening(&self.shared, wanted, subnets, &ports);
                    openings
                        .by_instance
                        .insert(wanted.configuration.id, opening);
                }
                _ => engine.remove_network(&network.id).await?,
            }
        }
        Ok(openings.apply(owner).await?)
    }

    /// Removes the images of ours that nobody wants. No container is made of them any longer.
    async fn sweep_images(
        &self,
        engine: &Connection,
        wanted: &BTreeMap<InstanceId, &Wanted>,
    ) -> Result<(), EngineError> {
        let owner = self.shared.owner;
        let needed: HashSet<_> = wanted
            .values()
            .map(|wanted| owner.image(&wanted.manifest.image.manifest))
            .collect();
        for image in engine.images(owner).await? {
            if !needed.contains(&image) {
                engine.remove_image(&image).await?;
            }
        }
        Ok(())
    }

    /// The last lines that an instance's container printed, oldest first: at most [`limits::LOG_LINES`], and at most
    /// [`limits::LOG`] bytes. An attacker may have written every byte of them.
    pub async fn log(&self, instance: InstanceId) -> Result<Vec<Bytes>, EngineError> {
        let engine = self.shared.engine.agree().await?;
        let name = names::name(instance);
        let printed = engine.tail(&name, limits::LOG_LINES, limits::LOG).await?;
        let mut lines: Vec<_> = printed
            .split(|byte| *byte == b'\n')
            .map(Bytes::from)
            .collect();
        // What is behind the last line's end is none.
        lines.pop_if(|line| line.0.is_empty());
        let before = lines.len().saturating_sub(limits::LOG_LINES);
        Ok(lines.split_off(before))
    }
}

/// Ends keepers, and waits until they are over: they might still create something.
async fn end(keepers: Vec<Kept>) {
    for mut kept in keepers {
        kept.task.abort();
        let _ = (&mut kept.task).await;
    }
}
