//! Which services there are, and which sensor runs them.

mod known;
mod placement;
mod uses;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write as _,
};

use skep_model::{
    Complaint, Refusal, Timestamp,
    event::ServiceName,
    ids::{InstanceId, SensorId},
    listen::Listen,
    sensor::Port,
    service::{self, Change, Deployed, Placement, ServiceView},
    user::Role,
};
use skep_store::{DeployStep, InstanceRow, NewInstance, SensorRow};

use crate::{Actor, Hub, HubError};
use known::{Known, find};
use placement::{PINNED, check};
pub(crate) use uses::Uses;

/// The most changes at once.
const MOST: usize = 10_000;
/// The most instances on one sensor.
const MOST_INSTANCES: usize = 200;
/// How long the settings of all instances of a sensor may be together, in bytes of JSON.
const MOST_SETTINGS: usize = 1024 * 1024;
/// How often changes are tried while others change the same sensors.
const TRIES: usize = 5;

/// What a sensor runs, while it is being changed.
struct Plan {
    sensor: SensorRow,
    /// Every instance that it ever had, and whether it runs it.
    instances: BTreeMap<InstanceId, (NewInstance, bool)>,
    /// The instances that change: by which change last, and what they were, in words.
    touched: BTreeMap<InstanceId, (usize, Option<String>)>,
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
        // Within this server one after the other.
        let _alone = self.0.deploying.lock().await;
        // Somebody else may change the same sensors at this moment: then these look anew.
        for _ in 0..TRIES {
            if let Some(deployed) = self.try_deploy(actor, changes).await? {
                return Ok(deployed);
            }
        }
        Err(Refusal::Busy.into())
    }

    async fn try_deploy(
        &self,
        actor: &Actor,
        changes: &[Change],
    ) -> Result<Option<Deployed>, HubError> {
        let services = self.known_services().await?;
        let mut plans = self.plans(actor, changes).await?;
        let refuse = |index: usize, (field, complaint): Wrong| {
            HubError::invalid(&format!("changes.{index}{field}"), complaint)
        };
        let mut steps = vec![];
        let mut undo = vec![];
        for (index, change) in changes.iter().enumerate() {
            let plan = plans.get_mut(&change.sensor()).ok_or(Refusal::NotFound)?;
            let taken = plan.change(index, change, &services);
            let (step, back) = taken.map_err(|wrong| refuse(index, wrong))?;
            steps.push((change.sensor(), step));
            undo.push(back);
        }
        for plan in plans.values() {
            plan.fits().map_err(|(index, wrong)| refuse(index, wrong))?;
        }
        undo.reverse();
        let audit: Vec<_> = plans.values().map(|plan| plan.audit(actor)).collect();
        let sensors = plans
            .iter()
            .map(|(id, plan)| (*id, plan.sensor.desired_revision))
            .collect();
        let store = &self.0.store;
        if !store
            .deploy(&sensors, &steps, &audit, Timestamp::now())
            .await?
        {
            return Ok(None);
        }
        for id in plans.keys() {
            self.0.presence.wake(*id);
        }
        let told = plans.iter();
        self.0
            .live
            .sensors_of(told.map(|(id, plan)| (plan.sensor.group.id, *id)));
        Ok(Some(Deployed {
            sensors: plans.len() as u32,
            undo,
        }))
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
                let plan = Plan {
                    sensor,
                    instances: BTreeMap::new(),
                    touched: BTreeMap::new(),
                };
                (plan.sensor.id, plan)
            })
            .collect();
        if plans.len() != wanted.len() {
            return Err(Refusal::NotFound.into());
        }
        let wanted: Vec<SensorId> = wanted.into_iter().collect();
        for row in self.0.store.instances(Some(&wanted)).await? {
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
        index: usize,
        change: &Change,
        services: &[Known],
    ) -> Result<(DeployStep, Change), Wrong> {
        match change {
            Change::Add {
                service, placement, ..
            } => self.add(index, service, placement.as_ref(), services),
            Change::Edit {
                instance,
                placement,
                before,
                ..
            } => self.edit(index, *instance, placement, before.as_ref(), services),
            Change::Remove { sensor, instance } => {
                self.touch(index, *instance, true)?;
                self.set_running(*instance, false);
                let (sensor, instance) = (*sensor, *instance);
                Ok((
                    DeployStep::Remove(instance),
                    Change::Restore { sensor, instance },
                ))
            }
            Change::Restore { instance, .. } => self.restore(index, *instance, services),
        }
    }

    fn add(
        &mut self,
        index: usize,
        service: &ServiceName,
        placement: Option<&Placement>,
        services: &[Known],
    ) -> Result<(DeployStep, Change), Wrong> {
        let known = find(services, service).ok_or((".service", Complaint::Unknown))?;
        let placement = placement.cloned().unwrap_or_else(|| Placement {
            address: self.usual_address(),
            ports: known.view.ports.clone(),
            settings: BTreeMap::new(),
            pinned: None,
        });
        let revision = check(&placement, known)?;
        known
            .runs_on(&self.sensor, revision)
            .map_err(|complaint| (".service", complaint))?;
        let instance = NewInstance {
            id: InstanceId::new(),
            service: service.clone(),
            revision,
            pinned: placement.pinned.is_some(),
            address: placement.address,
            ports: placement.ports,
            settings: placement.settings,
        };
        let back = Change::Remove {
            sensor: self.sensor.id,
            instance: instance.id,
        };
        self.touched.insert(instance.id, (index, None));
        self.instances.insert(instance.id, (instance.clone(), true));
        Ok((DeployStep::Add(instance), back))
    }

    fn edit(
        &mut self,
        index: usize,
        instance: InstanceId,
        placement: &Placement,
        before: Option<&Placement>,
        services: &[Known],
    ) -> Result<(DeployStep, Change), Wrong> {
        self.touch(index, instance, true)?;
        let unknown = (".instance", Complaint::Unknown);
        let (kept, _) = self.instances.get_mut(&instance).ok_or(unknown)?;
        let known = find(services, &kept.service).ok_or(unknown)?;
        let revision = check(placement, known)?;
        if revision != kept.revision {
            known
                .runs_on(&self.sensor, revision)
                .map_err(|complaint| (PINNED, complaint))?;
        }
        let now = kept.placement();
        if before.is_some_and(|before| *before != now) {
            return Err((".before", Complaint::Changed));
        }
        kept.revision = revision;
        kept.pinned = placement.pinned.is_some();
        kept.address = placement.address.clone();
        kept.ports.clone_from(&placement.ports);
        kept.settings.clone_from(&placement.settings);
        let back = Change::Edit {
            sensor: self.sensor.id,
            instance,
            placement: now,
            before: Some(placement.clone()),
        };
        Ok((DeployStep::Edit(kept.clone()), back))
    }

    fn restore(
        &mut self,
        index: usize,
        instance: InstanceId,
        services: &[Known],
    ) -> Result<(DeployStep, Change), Wrong> {
        self.touch(index, instance, false)?;
        let unknown = (".instance", Complaint::Unknown);
        let (kept, _) = self.instances.get(&instance).ok_or(unknown)?;
        find(services, &kept.service)
            .ok_or(Complaint::Unknown)
            .and_then(|known| {
                let revision = known.revision(kept.placement().pinned)?;
                known.runs_on(&self.sensor, revision)?;
                known.listens_on(&kept.ports, revision)
            })
            .map_err(|complaint| (".instance", complaint))?;
        self.set_running(instance, true);
        let sensor = self.sensor.id;
        Ok((
            DeployStep::Restore(instance),
            Change::Remove { sensor, instance },
        ))
    }

    /// Notes that an instance changes that runs, or does not any more.
    fn touch(&mut self, index: usize, id: InstanceId, runs: bool) -> Result<(), Wrong> {
        match self.instances.get(&id) {
            Some((instance, running)) if *running == runs => {
                let was = runs.then(|| words(instance));
                let (by, _) = self.touched.entry(id).or_insert((index, was));
                *by = index;
                Ok(())
            }
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

    /// Where most of what it runs listens.
    fn usual_address(&self) -> Listen {
        service::usual_address(self.running().map(|instance| &instance.address))
    }

    /// Whether the sensor can run all of it; if not, the number of a change that is too much, and why. What was
    /// wrong before is nobody's fault.
    fn fits(&self) -> Result<(), (usize, Wrong)> {
        let last = self.touched.values().map(|(index, _)| *index).max();
        let last = last.unwrap_or_default();
        if self.running().count() > MOST_INSTANCES {
            let max = MOST_INSTANCES as u32;
            return Err((last, ("", Complaint::TooMany { max })));
        }
        let size: usize = self
            .running()
            .map(|instance| serde_json::to_string(&instance.settings).map_or(0, |json| json.len()))
            .sum();
        if size > MOST_SETTINGS {
            let max = MOST_SETTINGS as u32;
            return Err((last, (".placement.settings", Complaint::TooLong { max })));
        }
        let mut taken: HashMap<Port, Vec<&NewInstance>> = HashMap::new();
        for instance in self.running() {
            for port in &instance.ports {
                let others = taken.entry(*port).or_default();
                for other in others.iter().filter(|other| overlap(other, instance)) {
                    let changed = [instance.id, other.id];
                    let changed = changed.iter().filter_map(|id| self.touched.get(id));
                    if let Some(index) = changed.map(|(index, _)| *index).max() {
                        return Err((index, (".placement.ports", Complaint::PortTwice)));
                    }
                }
                others.push(instance);
            }
        }
        Ok(())
    }

    /// What changed about the sensor, for the audit log.
    fn audit(&self, actor: &Actor) -> skep_store::AuditEntry {
        let mut audit = actor.audit("deploy", "sensor", self.sensor.name.clone());
        let before: Vec<_> = self
            .touched
            .values()
            .filter_map(|(_, was)| was.as_ref())
            .collect();
        let after: Vec<_> = self
            .touched
            .keys()
            .filter_map(|id| self.instances.get(id))
            .filter(|(_, runs)| *runs)
            .map(|(instance, _)| words(instance))
            .collect();
        audit.before = Some(serde_json::json!({ "services": before }));
        audit.after = Some(serde_json::json!({ "services": after }));
        audit
    }
}

/// Whether two instances on one port are in each other's way.
fn overlap(one: &NewInstance, other: &NewInstance) -> bool {
    one.address.may_overlap(&other.address)
}

/// An instance in the audit log: `ssh 0.0.0.0 22/tcp pinned to 3 {"delay":0}`.
fn words(instance: &NewInstance) -> String {
    let mut words = format!("{} {}", instance.service, instance.address);
    for port in &instance.ports {
        let _ = write!(words, " {}/{}", port.number, port.transport);
    }
    if instance.pinned {
        let _ = write!(words, " pinned to {}", instance.revision);
    }
    if !instance.settings.is_empty() {
        let settings = serde_json::to_string(&instance.settings).unwrap_or_default();
        let _ = write!(words, " {settings}");
    }
    words
}
