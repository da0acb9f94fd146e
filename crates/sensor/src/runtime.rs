//! From what the server wants to what runs.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use skep_honeypots::{
    contract,
    listen::{self, Running},
    record::{Clock, Report, Reporter},
};
use skep_model::{
    Bytes,
    ids::InstanceId,
    sensor::{InstanceState, Port},
};
use skep_protocol::message::{Configuration, InstanceConfiguration, InstanceReport};
use tokio::{
    sync::{Mutex, Notify, mpsc},
    task::JoinSet,
    time::timeout,
};

use crate::{
    files,
    images::{Equipment, Images},
    other_ports::OtherPorts,
};

/// How often an instance that could not be started is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// How long the engine may take to say what a container printed.
const LOG: Duration = Duration::from_secs(5);

/// How long a honeypot may take to let go of its connections.
const STOP: Duration = Duration::from_secs(1);

/// Runs the instances of the configuration that was given last.
pub struct Runtime {
    clock: Clock,
    seed: [u8; 32],
    file: PathBuf,
    changed: Arc<Notify>,
    state: Mutex<State>,
}

struct State {
    /// `None` once the sensor is stopping: honeypots and images hold the only other senders.
    reports: Option<mpsc::Sender<Report>>,
    revision: Option<u64>,
    instances: HashMap<InstanceId, Instance>,
    images: Images,
    other_ports: OtherPorts,
}

/// One that is part of the sensor.
struct Instance {
    configuration: InstanceConfiguration,
    running: Result<Running, String>,
    /// What is wrong with the ports that it has beside its own, if it asks for any.
    lack: Option<String>,
}

impl Runtime {
    /// Nothing runs yet. `file` is where the configuration is kept.
    #[must_use]
    pub fn new(
        reports: mpsc::Sender<Report>,
        clock: Clock,
        seed: [u8; 32],
        file: PathBuf,
        equipment: Equipment,
    ) -> Self {
        let changed = Arc::<Notify>::default();
        let state = State {
            other_ports: OtherPorts::new(equipment.sensor),
            images: Images::new(equipment, reports.clone(), clock.clone(), changed.clone()),
            reports: Some(reports),
            revision: None,
            instances: HashMap::new(),
        };
        Self {
            clock,
            seed,
            file,
            changed,
            state: Mutex::new(state),
        }
    }

    /// Runs what was kept from the last time, if anything.
    pub async fn restore(&self) {
        match files::read::<Configuration>(&self.file) {
            Ok(Some(configuration)) => self.run(configuration).await,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!("nothing is caught before the server answers: {error}");
            }
        }
    }

    /// Runs a new configuration, and keeps it. Instances that are the same in both are left alone.
    pub async fn apply(&self, configuration: Configuration) {
        if let Err(error) = files::replace(&self.file, &configuration) {
            tracing::warn!("the configuration cannot be kept over a restart: {error}");
        }
        self.run(configuration).await;
    }

    async fn run(&self, configuration: Configuration) {
        let mut state = self.state.lock().await;
        if state.reports.is_none() {
            return;
        }
        let (images, built_in): (Vec<_>, Vec<_>) = configuration
            .instances
            .into_iter()
            .partition(|instance| instance.image.is_some());
        // Stop first, so that ports are free for whoever gets them now.
        let keep: HashMap<_, _> = built_in
            .iter()
            .map(|instance| (instance.id, instance))
            .collect();
        let gone: Vec<Instance> = state
            .instances
            .extract_if(|id, instance| keep.get(id) != Some(&&instance.configuration))
            .map(|(_, instance)| instance)
            .collect();
        for instance in &gone {
            state.other_ports.take_back(instance.configuration.id);
        }
        stop(gone).await;
        state.images.run(images);
        for wanted in built_in {
            if !state.instances.contains_key(&wanted.id) {
                self.start(&mut state, wanted).await;
            }
        }
        state.other_ports.tidy().await;
        state.revision = Some(configuration.revision);
    }

    /// Tries again, every now and then, to start what failed and to open ports that could not be opened. Never
    /// returns.
    pub async fn mend(&self) {
        loop {
            tokio::time::sleep(RETRY).await;
            let mut state = self.state.lock().await;
            let incomplete: Vec<Instance> = state
                .instances
                .extract_if(|_, instance| instance.problem().is_some() || instance.is_cut_off())
                .map(|(_, instance)| instance)
                .collect();
            for mut instance in incomplete {
                let before = instance.problem();
                let id = instance.configuration.id;
                let cut_off = instance.is_cut_off();
                match &mut instance.running {
                    Ok(running) if !cut_off => {
                        running.open_missing().await;
                        if instance.lack.is_some() {
                            let place = &instance.configuration.address;
                            instance.lack = state.other_ports.give(id, place, running).await;
                        }
                        state.instances.insert(id, instance);
                    }
                    _ => {
                        let configuration = instance.configuration.clone();
                        state.other_ports.take_back(id);
                        instance.stop().await;
                        self.start(&mut state, configuration).await;
                    }
                }
                if state.instances.get(&id).and_then(Instance::problem) != before {
                    self.changed.notify_one();
                }
            }
            state.other_ports.look_after().await;
        }
    }

    /// Waits until something changed by itself, not by a new configuration.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The active revision, and how the instances are.
    pub async fn status(&self) -> (Option<u64>, Vec<InstanceReport>) {
        let state = self.state.lock().await;
        let mut reports: Vec<_> = state.instances.values().map(Instance::report).collect();
        reports.extend(state.images.reports());
        reports.sort_by_key(|report| report.id);
        (state.revision, reports)
    }

    /// The last lines that an instance's container printed; or why there are none.
    pub async fn log(&self, instance: InstanceId) -> Result<Vec<Bytes>, String> {
        let containers = {
            let state = self.state.lock().await;
            if state.instances.contains_key(&instance) {
                return Err("the service is part of it, and runs in no container".to_owned());
            }
            state.images.log_of(instance)?
        };
        timeout(LOG, containers.log(instance))
            .await
            .map_err(|_| "its container engine takes too long".to_owned())?
            .map_err(|error| error.to_string())
    }

    /// Stops everything; open events end.
    pub async fn stop(&self) {
        let state = &mut *self.state.lock().await;
        state.reports = None;
        let built_in = std::mem::take(&mut state.instances);
        tokio::join!(
            stop(built_in.into_values()),
            state.images.stop(),
            state.other_ports.stop()
        );
    }

    async fn start(&self, state: &mut State, configuration: InstanceConfiguration) {
        let Some(reports) = state.reports.clone() else {
            return;
        };
        let mut running = self.listen(&configuration, reports).await;
        let mut lack = None;
        match &mut running {
            Ok(running) => {
                tracing::info!(
                    "{} listens on {} {}",
                    configuration.service,
                    configuration.address,
                    ports(&running.ports())
                );
                if let Some(missing) = running.missing() {
                    tracing::warn!(
                        "{} does not listen everywhere, which is tried again every {} s: {missing}",
                        configuration.service,
                        RETRY.as_secs()
                    );
                }
                let (id, place) = (configuration.id, &configuration.address);
                lack = state.other_ports.give(id, place, running).await;
                if let Some(reason) = &lack {
                    tracing::warn!("{} is incomplete: {reason}", configuration.service);
                }
            }
            Err(reason) => tracing::error!(
                "{} cannot run on {} {}, which is tried again every {} s: {reason}",
                configuration.service,
                configuration.address,
                ports(&configuration.ports),
                RETRY.as_secs()
            ),
        }
        let instance = Instance {
            configuration,
            running,
            lack,
        };
        state.instances.insert(instance.configuration.id, instance);
    }

    async fn listen(
        &self,
        configuration: &InstanceConfiguration,
        reports: mpsc::Sender<Report>,
    ) -> Result<Running, String> {
        let service = &configuration.service;
        let honeypot = skep_honeypots::find(service.as_str())
            .ok_or_else(|| format!("this sensor's version has no honeypot named {service}"))?;
        let settings = serde_json::to_value(&configuration.settings);
        let settings = settings.ok().and_then(|value| value.as_object().cloned());
        let configured = honeypot
            .configure(&settings.unwrap_or_default(), &self.seed)
            .map_err(|error| error.to_string())?;
        let reporter = Reporter::new(
            service.clone(),
            configuration.id,
            honeypot.describe().revision,
            self.clock.clone(),
            reports,
        );
        listen::start(
            configured,
            &configuration.address,
            &configuration.ports,
            listen::Limits::default(),
            reporter,
        )
        .await
        .map_err(|error| error.to_string())
    }
}

impl Instance {
    fn report(&self) -> InstanceReport {
        // What it has to have and has not is a failure, although it serves its own ports.
        let lacks = |running: &Running| {
            self.lack.is_some() && running.other_ports() == contract::OtherPorts::Required
        };
        let state = match &self.running {
            Ok(running) if !lacks(running) => InstanceState::Running,
            _ => InstanceState::Failed,
        };
        InstanceReport {
            id: self.configuration.id,
            state,
            reason: self.problem(),
            progress: None,
        }
    }

    /// Why it does not run, or not on all of its ports.
    fn problem(&self) -> Option<String> {
        match &self.running {
            Ok(running) => {
                let missing = running.missing().map(ToString::to_string);
                let problems: Vec<_> = missing.into_iter().chain(self.lack.clone()).collect();
                (!problems.is_empty()).then(|| problems.join("; "))
            }
            Err(reason) => Some(reason.clone()),
        }
    }

    /// Whether it listens at an interface that is not there any more.
    fn is_cut_off(&self) -> bool {
        self.running.as_ref().is_ok_and(Running::is_cut_off)
    }

    async fn stop(self) {
        if let Ok(running) = self.running {
            // When the time is over, dropping what is left of it stops it too.
            let _ = timeout(STOP, running.stop()).await;
            tracing::info!("{} stopped", self.configuration.service);
        }
    }
}

/// Stops instances, all at the same time.
async fn stop(instances: impl IntoIterator<Item = Instance>) {
    let stopping: JoinSet<()> = instances.into_iter().map(Instance::stop).collect();
    stopping.join_all().await;
}

fn ports(ports: &[Port]) -> String {
    let ports: Vec<String> = ports
        .iter()
        .map(|port| format!("{}/{}", port.number, port.transport))
        .collect();
    ports.join(" ")
}
