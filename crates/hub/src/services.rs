//! Which services there are, and which sensor runs them.

mod known;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
};

use skep_model::{
    Complaint, Refusal, Timestamp,
    event::ServiceName,
    ids::{InstanceId, SensorId},
    sensor::Port,
    service::{Change, Deployed, Placement, ServiceView, Setting, SettingKind, SettingValue},
    user::Role,
};
use skep_store::{DeployStep, InstanceRow, NewInstance, SensorRow};

use crate::{Actor, Hub, HubError};
use known::{Known, find};

/// The most changes at once.
const MOST: usize = 10_000;
/// The most instances on one sensor.
const MOST_INSTANCES: usize = 200;
/// The most ports of one instance.
const MOST_PORTS: usize = 128;
/// The longest line of a setting that is a list, in characters.
const LINE: usize = 256;

/// What a sensor runs, while it is being changed.
struct Plan {
    sensor: SensorRow,
    /// Every instance that it ever had, and whether it runs it.
    instances: BTreeMap<InstanceId, (NewInstance, bool)>,
}

impl Hub {
    /// The names of the services that events can be of.
    pub async fn services(&self, actor: &Actor) -> Result<Vec<ServiceName>, HubError> {
        actor.require(Role::Observer)?;
        Ok(self.0.store.services().await?)
    }

    /// The services that sensors can run, by name, with the ports that they have where nothing else is said.
    pub async fn service_views(&self, actor: &Actor) -> Result<Vec<ServiceView>, HubError> {
        actor.require(Role::Observer)?;
        let known = self.known_services().await?;
        Ok(known.into_iter().map(|known| known.view).collect())
    }

    /// Changes what sensors run: all of it, or nothing. A refusal names the change by its place in the list.
    pub async fn deploy(&self, actor: &Actor, changes: &[Change]) -> Result<Deployed, HubError> {
        actor.require(Role::Manager)?;
        if changes.is_empty() {
            return Err(HubError::invalid("changes", Complaint::Empty));
        }
        if changes.len() > MOST {
            let max = MOST as u32;
            return Err(HubError::invalid("changes", Complaint::TooMany { max }));
        }
        // Two who change the same sensor must not both find a port free.
        let _alone = self.0.deploying.lock().await;
        let services = self.known_services().await?;
        let mut plans = self.plans(actor, changes).await?;
        let mut steps = vec![];
        let mut undo = vec![];
        for (index, change) in changes.iter().enumerate() {
            let plan = plans.get_mut(&change.sensor()).ok_or(Refusal::NotFound)?;
            let (step, back) = plan
                .change(change, &services)
                .map_err(|(field, complaint)| {
                    HubError::invalid(&format!("changes.{index}{field}"), complaint)
                })?;
            steps.push((change.sensor(), step));
            undo.push(back);
        }
        for (index, change) in changes.iter().enumerate() {
            if matches!(change, Change::Remove { .. }) {
                continue;
            }
            let clash = plans.get(&change.sensor()).and_then(Plan::clash);
            if let Some(complaint) = clash {
                let field = format!("changes.{index}.placement.ports");
                return Err(HubError::invalid(&field, complaint));
            }
        }
        undo.reverse();
        let now = Timestamp::now();
        let audit: Vec<_> = plans
            .values()
            .map(|plan| plan.audit(actor, &steps))
            .collect();
        self.0.store.deploy(&steps, &audit, now).await?;
        let mut groups = HashSet::new();
        for (id, plan) in &plans {
            self.0.presence.wake(*id);
            if groups.insert(plan.sensor.group.id) {
                self.0.live.sensors(plan.sensor.group.id);
            }
        }
        Ok(Deployed {
            sensors: plans.len() as u32,
            undo,
        })
    }

    async fn plans(
        &self,
        actor: &Actor,
        changes: &[Change],
    ) -> Result<HashMap<SensorId, Plan>, HubError> {
        let wanted: HashSet<SensorId> = changes.iter().map(Change::sensor).collect();
        let sensors = self.0.store.sensors(&actor.scope).await?;
        let mut plans: HashMap<SensorId, Plan> = sensors
            .into_iter()
            .filter(|sensor| wanted.contains(&sensor.id))
            .map(|sensor| {
                let instances = BTreeMap::new();
                (sensor.id, Plan { sensor, instances })
            })
            .collect();
        if plans.len() != wanted.len() {
            return Err(Refusal::NotFound.into());
        }
        for row in self.0.store.instances(None).await? {
            let InstanceRow {
                sensor,
                instance,
                removed_at,
            } = row;
            if let Some(plan) = plans.get_mut(&sensor) {
                let runs = removed_at.is_none();
                plan.instances.insert(instance.id, (instance, runs));
            }
        }
        Ok(plans)
    }
}

type Wrong = (&'static str, Complaint);

impl Plan {
    /// Takes up a change; gives the step to take and the change that takes it back.
    fn change(
        &mut self,
        change: &Change,
        services: &[Known],
    ) -> Result<(DeployStep, Change), Wrong> {
        match change {
            Change::Add {
                sensor,
                service,
                placement,
            } => {
                let known = find(services, service).ok_or((".service", Complaint::Unknown))?;
                known
                    .runs_on(&self.sensor)
                    .map_err(|complaint| (".service", complaint))?;
                let service = &known.view;
                let placement = placement.clone().unwrap_or_else(|| Placement {
                    address: self.usual_address(),
                    ports: service.ports.clone(),
                    settings: BTreeMap::new(),
                });
                check(&placement, known)?;
                if self.instances.values().filter(|(_, runs)| *runs).count() >= MOST_INSTANCES {
                    let max = MOST_INSTANCES as u32;
                    return Err(("", Complaint::TooMany { max }));
                }
                let instance = NewInstance {
                    id: InstanceId::new(),
                    service: service.name.clone(),
                    revision: service.revision,
                    address: placement.address,
                    ports: placement.ports,
                    settings: placement.settings,
                };
                let back = Change::Remove {
                    sensor: *sensor,
                    instance: instance.id,
                };
                self.instances.insert(instance.id, (instance.clone(), true));
                Ok((DeployStep::Add(instance), back))
            }
            Change::Edit {
                sensor,
                instance,
                placement,
            } => {
                let kept = self.instance(*instance, true)?;
                let known =
                    find(services, &kept.service).ok_or((".instance", Complaint::Unknown))?;
                check(placement, known)?;
                let back = Change::Edit {
                    sensor: *sensor,
                    instance: *instance,
                    placement: Placement {
                        address: kept.address,
                        ports: std::mem::take(&mut kept.ports),
                        settings: std::mem::take(&mut kept.settings),
                    },
                };
                kept.address = placement.address;
                kept.ports.clone_from(&placement.ports);
                kept.settings.clone_from(&placement.settings);
                Ok((DeployStep::Edit(kept.clone()), back))
            }
            Change::Remove { sensor, instance } => {
                self.instance(*instance, true)?;
                self.set_running(*instance, false);
                let (sensor, instance) = (*sensor, *instance);
                Ok((
                    DeployStep::Remove(instance),
                    Change::Restore { sensor, instance },
                ))
            }
            Change::Restore { sensor, instance } => {
                let kept = self.instance(*instance, false)?.clone();
                find(services, &kept.service)
                    .ok_or(Complaint::Unknown)
                    .and_then(|known| {
                        known.runs_on(&self.sensor)?;
                        known.listens_on(&kept.ports)
                    })
                    .map_err(|complaint| (".instance", complaint))?;
                self.set_running(*instance, true);
                let (sensor, instance) = (*sensor, *instance);
                Ok((
                    DeployStep::Restore(instance),
                    Change::Remove { sensor, instance },
                ))
            }
        }
    }

    /// An instance of the sensor's that runs, or does not any more.
    fn instance(&mut self, id: InstanceId, runs: bool) -> Result<&mut NewInstance, Wrong> {
        match self.instances.get_mut(&id) {
            Some((instance, running)) if *running == runs => Ok(instance),
            _ => Err((".instance", Complaint::Unknown)),
        }
    }

    fn set_running(&mut self, id: InstanceId, runs: bool) {
        if let Some((_, running)) = self.instances.get_mut(&id) {
            *running = runs;
        }
    }

    fn running(&self) -> impl Iterator<Item = &NewInstance> {
        let running = self.instances.values().filter(|(_, runs)| *runs);
        running.map(|(instance, _)| instance)
    }

    /// Where most of what it runs listens; a sensor with nothing on it listens everywhere.
    fn usual_address(&self) -> IpAddr {
        let mut count: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for (instance, _) in self.instances.values() {
            *count.entry(instance.address).or_default() += 1;
        }
        let most = count.into_iter().max_by_key(|(_, count)| *count);
        most.map_or(IpAddr::from([0, 0, 0, 0]), |(address, _)| address)
    }

    /// Whether two instances want one port.
    fn clash(&self) -> Option<Complaint> {
        let mut taken: HashMap<Port, Vec<IpAddr>> = HashMap::new();
        for instance in self.running() {
            for port in &instance.ports {
                let addresses = taken.entry(*port).or_default();
                let overlap = |other: &IpAddr| {
                    *other == instance.address
                        || other.is_unspecified()
                        || instance.address.is_unspecified()
                };
                if addresses.iter().any(overlap) {
                    return Some(Complaint::PortTwice);
                }
                addresses.push(instance.address);
            }
        }
        None
    }

    /// What changed about the sensor, for the audit log.
    fn audit(&self, actor: &Actor, steps: &[(SensorId, DeployStep)]) -> skep_store::AuditEntry {
        let mut audit = actor.audit("deploy", "sensor", self.sensor.name.clone());
        let own = steps.iter().filter(|(id, _)| *id == self.sensor.id);
        let named = |id: &InstanceId| self.instances.get(id).map(|(instance, _)| words(instance));
        let (mut before, mut after) = (vec![], vec![]);
        for (_, step) in own {
            match step {
                DeployStep::Add(instance) | DeployStep::Edit(instance) => {
                    after.push(words(instance));
                }
                DeployStep::Remove(id) => before.extend(named(id)),
                DeployStep::Restore(id) => after.extend(named(id)),
            }
        }
        audit.before = Some(serde_json::json!({ "services": before }));
        audit.after = Some(serde_json::json!({ "services": after }));
        audit
    }
}

/// An instance in the audit log: `ssh 22/tcp`.
fn words(instance: &NewInstance) -> String {
    let ports = instance.ports.iter();
    let ports: Vec<String> = ports
        .map(|port| format!("{}/{}", port.number, port.transport))
        .collect();
    format!("{} {}", instance.service, ports.join(" "))
}

/// Whether a service can be placed so.
fn check(placement: &Placement, known: &Known) -> Result<(), Wrong> {
    const PORTS: &str = ".placement.ports";
    const SETTINGS: &str = ".placement.settings";
    let service = &known.view;
    known
        .listens_on(&placement.ports)
        .map_err(|complaint| (PORTS, complaint))?;
    if placement.ports.len() > MOST_PORTS {
        let max = MOST_PORTS as u32;
        return Err((PORTS, Complaint::TooMany { max }));
    }
    if placement.ports.iter().any(|port| port.number == 0) {
        return Err((
            PORTS,
            Complaint::Between {
                min: 1,
                max: 65_535,
            },
        ));
    }
    let spoken: HashSet<_> = service.ports.iter().map(|port| port.transport).collect();
    if placement
        .ports
        .iter()
        .any(|port| !spoken.contains(&port.transport))
    {
        return Err((PORTS, Complaint::Unknown));
    }
    for (name, value) in &placement.settings {
        let setting = service.settings.iter().find(|known| known.name == *name);
        let setting = setting.ok_or((SETTINGS, Complaint::Unknown))?;
        fits(setting, value).map_err(|complaint| (SETTINGS, complaint))?;
    }
    Ok(())
}

/// Whether a setting can have a value. The honeypot itself may want more.
fn fits(setting: &Setting, value: &SettingValue) -> Result<(), Complaint> {
    let line = |text: &str, max: usize| {
        if text.chars().count() > max {
            Err(Complaint::TooLong { max: max as u32 })
        } else if text.contains(['\0', '\n', '\r']) {
            Err(Complaint::BadCharacters)
        } else {
            Ok(())
        }
    };
    match (&setting.kind, value) {
        (SettingKind::Text { max, .. }, SettingValue::Text(text)) => line(text, *max as usize),
        (SettingKind::List { max, .. }, SettingValue::List(lines)) => {
            if lines.len() > *max as usize {
                return Err(Complaint::TooMany { max: *max });
            }
            lines.iter().try_for_each(|text| line(text, LINE))
        }
        (SettingKind::Choice { options, .. }, SettingValue::Text(word)) => options
            .contains(word)
            .then_some(())
            .ok_or(Complaint::Unknown),
        (SettingKind::Number { min, max, .. }, SettingValue::Number(number)) => {
            let (least, most) = (*min as u32, *max as u32);
            (min..=max)
                .contains(&number)
                .then_some(())
                .ok_or(Complaint::Between {
                    min: least,
                    max: most,
                })
        }
        _ => Err(Complaint::Wrong),
    }
}
