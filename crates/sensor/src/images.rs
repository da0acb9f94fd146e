//! Instances that are images: in containers, where there is an engine.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use skep_containers::{Containers, Engine, Layers, Permissions, Setup, State, Wanted};
use skep_honeypots::record::{Clock, Report};
use skep_model::{
    ids::{InstanceId, SensorId},
    listen::InterfaceName,
    sensor::InstanceState,
};
use skep_protocol::message::{InstanceConfiguration, InstanceReport};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

const NO_ENGINE: &str = "it runs in a container, and this sensor has no container engine: install Docker on the sensor's \
     machine, and start the sensor again with --engine /var/run/docker.sock";

const NO_INTERFACE: &str = "it works on a network interface of the sensor's machine: name one with --interface, and \
     start the sensor again";

/// How long a change may wait for others that are told with it: the loading of an image is one long change.
const PACE: Duration = Duration::from_secs(1);

/// How long the engine may take to remove everything when the sensor stops.
const STOP: Duration = Duration::from_secs(20);

/// What a sensor has to run images with.
pub struct Equipment {
    /// Whose containers they are.
    pub sensor: SensorId,
    /// Who runs them, if anybody.
    pub engine: Option<Engine>,
    /// The interface for those that work on the host's own network.
    pub interface: Option<InterfaceName>,
    /// Where images come from.
    pub layers: Arc<dyn Layers>,
}

/// Runs the images of the configuration that was given last.
pub struct Images {
    interface: Option<InterfaceName>,
    /// `None` where there is no engine, and once the sensor is stopping.
    containers: Option<Arc<Containers>>,
    changed: Arc<Notify>,
    /// Those that cannot run here, and why.
    refused: BTreeMap<InstanceId, &'static str>,
    /// Not before it is known what is to be run.
    running: Option<Running>,
}

struct Running {
    wanted: watch::Sender<Vec<Wanted>>,
    states: watch::Receiver<BTreeMap<InstanceId, State>>,
    converging: JoinHandle<()>,
    telling: JoinHandle<()>,
}

impl Images {
    /// Nothing runs yet. Whenever an instance's state changes, `changed` is notified.
    #[must_use]
    pub fn new(
        equipment: Equipment,
        reports: mpsc::Sender<Report>,
        clock: Clock,
        changed: Arc<Notify>,
    ) -> Self {
        let Equipment {
            sensor,
            engine,
            interface,
            layers,
        } = equipment;
        let containers = engine.map(|engine| {
            Arc::new(Containers::new(Setup {
                sensor,
                engine,
                layers,
                reports,
                clock,
            }))
        });
        Self {
            interface,
            containers,
            changed,
            refused: BTreeMap::new(),
            running: None,
        }
    }

    /// Has these instances run, and no others. Returns at once.
    pub fn run(&mut self, instances: Vec<InstanceConfiguration>) {
        self.refused.clear();
        let mut wanted = Vec::new();
        for instance in instances {
            let (id, service) = (instance.id, instance.service.clone());
            match self.permit(instance) {
                Ok(permitted) => wanted.extend(permitted),
                Err(reason) => {
                    tracing::error!("{service} cannot run: {reason}");
                    self.refused.insert(id, reason);
                }
            }
        }
        match (&self.running, &self.containers) {
            (Some(running), _) => {
                running.wanted.send_if_modified(|before| {
                    let different = *before != wanted;
                    *before = wanted;
                    different
                });
            }
            // Also where nothing is wanted: an earlier life may have been killed before it removed what was there.
            (None, Some(containers)) => {
                self.running = Some(Running::start(containers, wanted, &self.changed));
            }
            (None, None) => {}
        }
    }

    /// What an instance may, or why it cannot run here.
    fn permit(&self, mut instance: InstanceConfiguration) -> Result<Option<Wanted>, &'static str> {
        let Some(image) = instance.image.take() else {
            return Ok(None);
        };
        if self.containers.is_none() {
            return Err(NO_ENGINE);
        }
        let mut wanted = Wanted {
            configuration: instance,
            manifest: image.manifest,
            allowed: Permissions {
                capabilities: image.capabilities,
                raw_network: None,
            },
        };
        if image.raw_network && wanted.manifest.profile.asks_for_raw_network() {
            wanted.allowed.raw_network = Some(self.interface.clone().ok_or(NO_INTERFACE)?);
        }
        Ok(Some(wanted))
    }

    /// How the instances are.
    #[must_use]
    pub fn reports(&self) -> Vec<InstanceReport> {
        let refused = self.refused.iter().map(|(id, reason)| InstanceReport {
            id: *id,
            state: InstanceState::Failed,
            reason: Some((*reason).to_owned()),
            progress: None,
        });
        refused
            .chain(self.running.iter().flat_map(Running::reports))
            .collect()
    }

    /// Who knows what an instance's container printed; or why nobody does.
    pub fn log_of(&self, instance: InstanceId) -> Result<Arc<Containers>, String> {
        if let Some(reason) = self.refused.get(&instance) {
            return Err((*reason).to_owned());
        }
        let runs = self.running.as_ref().is_some_and(|running| {
            let wanted = running.wanted.borrow();
            wanted.iter().any(|it| it.configuration.id == instance)
        });
        let containers = self.containers.as_ref().filter(|_| runs);
        containers
            .cloned()
            .ok_or_else(|| "it does not run that any longer".to_owned())
    }

    /// Removes the containers, because what they would catch from now on nobody takes. Their images stay for the next
    /// start.
    pub async fn stop(&mut self) {
        let Some(containers) = self.containers.take() else {
            return;
        };
        let Some(mut running) = self.running.take() else {
            return;
        };
        running.telling.abort();
        // What converges ends after the round that it is at.
        drop(running.wanted);
        let stopping = async {
            let _ = (&mut running.converging).await;
            containers.stop().await;
        };
        if timeout(STOP, stopping).await.is_err() {
            running.converging.abort();
            tracing::warn!("containers are left behind; the next start takes them up");
        }
    }
}

impl Running {
    fn start(containers: &Arc<Containers>, wanted: Vec<Wanted>, changed: &Arc<Notify>) -> Self {
        let states = containers.states();
        let (wanted, told) = watch::channel(wanted);
        let containers = containers.clone();
        Self {
            wanted,
            converging: tokio::spawn(async move { containers.run(told).await }),
            telling: tokio::spawn(tell(states.clone(), changed.clone())),
            states,
        }
    }

    fn reports(&self) -> Vec<InstanceReport> {
        let states = self.states.borrow();
        let wanted = self.wanted.borrow();
        let ids = wanted.iter().map(|wanted| wanted.configuration.id);
        ids.map(|id| states.get(&id).unwrap_or(&State::Scheduled).report(id))
            .collect()
    }
}

/// Tells of changes that the server would see: at once, but for how far the loading of an image is.
async fn tell(mut states: watch::Receiver<BTreeMap<InstanceId, State>>, changed: Arc<Notify>) {
    let reports = |states: &BTreeMap<InstanceId, State>| -> Vec<_> {
        let reports = states.iter().map(|(id, state)| state.report(*id));
        reports.collect()
    };
    let mut told: Vec<InstanceReport> = Vec::new();
    while states.changed().await.is_ok() {
        let another_state = |now: &BTreeMap<_, _>| {
            let words = |report: &InstanceReport| (report.id, report.state);
            !reports(now).iter().map(words).eq(told.iter().map(words))
        };
        let _ = timeout(PACE, states.wait_for(another_state)).await;
        let now = reports(&states.borrow_and_update());
        if now != told {
            told = now;
            changed.notify_one();
        }
    }
}
