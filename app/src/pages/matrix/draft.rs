//! What was ticked and is not applied yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use skep_model::{
    event::ServiceName,
    ids::SensorId,
    sensor::{InstanceView, SensorView},
    service::{Change, Placement},
};

use super::reading::Stale;

/// A cell: a service on a sensor.
pub type Place = (SensorId, ServiceName);

/// The changes, by cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft(BTreeMap<Place, Planned>);

/// What is to change about a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Planned {
    changes: Vec<Change>,
    /// Whether the service only shall be there, in whatever way: somebody else may have seen to that.
    ticked: bool,
}

/// What the changes of a cell come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// The service comes to the sensor.
    Add,
    /// The service leaves the sensor.
    Remove,
    /// It listens or behaves otherwise, or runs once more or once less.
    Edit,
}

/// The instances of a service on a sensor.
pub fn instances<'a>(
    sensor: &'a SensorView,
    service: &'a ServiceName,
) -> impl Iterator<Item = &'a InstanceView> {
    let all = sensor.instances.iter();
    all.filter(move |instance| instance.service == *service)
}

impl Draft {
    /// What is to change about a cell.
    pub fn of(&self, sensor: &SensorView, service: &ServiceName) -> Option<Pending> {
        let changes = &self.0.get(&(sensor.id, service.clone()))?.changes;
        let now = instances(sensor, service).count();
        let count = |which: fn(&Change) -> bool| changes.iter().filter(|c| which(c)).count();
        let added = count(|change| matches!(change, Change::Add { .. }));
        let removed = count(|change| matches!(change, Change::Remove { .. }));
        Some(if now == 0 {
            Pending::Add
        } else if removed == now && added == 0 {
            Pending::Remove
        } else {
            Pending::Edit
        })
    }

    /// Whether a sensor will run a service.
    pub fn wants(&self, sensor: &SensorView, service: &ServiceName) -> bool {
        match self.of(sensor, service) {
            Some(Pending::Add | Pending::Edit) => true,
            Some(Pending::Remove) => false,
            None => instances(sensor, service).next().is_some(),
        }
    }

    /// A sensor shall run a service, or not. What it has of the service stays as it is.
    pub fn want(
        &mut self,
        sensor: &SensorView,
        service: &ServiceName,
        wanted: bool,
        placement: Option<Placement>,
    ) {
        if self.wants(sensor, service) == wanted {
            return;
        }
        let place = (sensor.id, service.clone());
        self.0.remove(&place);
        if self.wants(sensor, service) == wanted {
            return;
        }
        let changes = if wanted {
            vec![Change::Add {
                sensor: sensor.id,
                service: service.clone(),
                placement,
            }]
        } else {
            instances(sensor, service)
                .map(|instance| Change::Remove {
                    sensor: sensor.id,
                    instance: instance.id,
                })
                .collect()
        };
        let ticked = true;
        self.0.insert(place, Planned { changes, ticked });
    }

    /// The other way round; a second time is as it was.
    pub fn toggle(&mut self, sensor: &SensorView, service: &ServiceName) {
        if self.0.remove(&(sensor.id, service.clone())).is_none() {
            let wanted = !self.wants(sensor, service);
            self.want(sensor, service, wanted, None);
        }
    }

    /// Changes a cell in this way; nothing is as it is.
    pub fn set(&mut self, place: Place, changes: Vec<Change>) {
        if changes.is_empty() {
            self.0.remove(&place);
        } else {
            let ticked = false;
            self.0.insert(place, Planned { changes, ticked });
        }
    }

    /// How the instances of a cell are to be: those that stay, and those that come.
    pub fn placements(
        &self,
        sensor: &SensorView,
        service: &ServiceName,
    ) -> Vec<(Option<&Change>, Option<InstanceView>)> {
        let changes = self.0.get(&(sensor.id, service.clone()));
        let changes = changes.map_or(&[][..], |planned| &planned.changes);
        let about = |instance: &InstanceView| {
            changes.iter().find(|change| {
                matches!(change, Change::Edit { instance: id, .. } | Change::Remove { instance: id, .. } if *id == instance.id)
            })
        };
        let kept = instances(sensor, service)
            .map(|instance| (about(instance), Some(instance.clone())))
            .filter(|(change, _)| !matches!(change, Some(Change::Remove { .. })));
        let added = changes
            .iter()
            .filter(|change| matches!(change, Change::Add { .. }))
            .map(|change| (Some(change), None));
        kept.chain(added).collect()
    }

    /// Forgets what came true meanwhile, or cannot any more.
    pub fn settle(&mut self, asked: &Stale, sensors: &[SensorView]) {
        let here: HashMap<_, _> = sensors.iter().map(|sensor| (sensor.id, sensor)).collect();
        self.0.retain(|(id, service), planned| {
            let Some(sensor) = here.get(id) else {
                return !asked.has(*id);
            };
            let has = |wanted| instances(sensor, service).any(|instance| instance.id == wanted);
            let comes = matches!(&planned.changes[..], [Change::Add { .. }]);
            if planned.ticked && comes && instances(sensor, service).next().is_some() {
                return false;
            }
            planned.changes.retain(|change| match change {
                Change::Edit { instance, .. } | Change::Remove { instance, .. } => has(*instance),
                Change::Add { .. } | Change::Restore { .. } => true,
            });
            !planned.changes.is_empty()
        });
    }

    /// Forgets what was applied; what was ticked since then stays.
    pub fn applied(&mut self, sent: &Self) {
        self.0
            .retain(|place, planned| sent.0.get(place) != Some(planned));
    }

    /// Everything, in the order in which it is applied: what leaves makes room for what comes.
    pub fn changes(&self) -> Vec<Change> {
        let mut all: Vec<Change> = self
            .0
            .values()
            .flat_map(|planned| planned.changes.iter().cloned())
            .collect();
        all.sort_by_key(|change| !matches!(change, Change::Remove { .. }));
        all
    }

    /// The cells that change.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.keys()
    }

    /// How many cells change, and on how many sensors.
    pub fn size(&self) -> (usize, usize) {
        let sensors: BTreeSet<_> = self.0.keys().map(|(sensor, _)| sensor).collect();
        (self.0.len(), sensors.len())
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use skep_model::{
        Timestamp,
        ids::{GroupId, InstanceId},
        listen::Listen,
        sensor::{GroupRef, InstanceState, Presence},
        service::Settings,
    };

    use super::*;

    fn placement() -> Placement {
        Placement {
            address: Listen::ANYWHERE,
            ports: vec![],
            settings: Settings::new(),
            pinned: None,
        }
    }

    fn instance(number: u8, service: &str) -> InstanceView {
        InstanceView {
            id: InstanceId::from_slice(&[number; 16]).unwrap(),
            service: service.parse().unwrap(),
            revision: 1,
            placement: placement(),
            state: InstanceState::Running,
            reason: None,
            progress: None,
        }
    }

    fn sensor(instances: Vec<InstanceView>) -> SensorView {
        SensorView {
            id: SensorId::from_slice(&[9; 16]).unwrap(),
            name: "lobby".to_owned(),
            group: GroupRef {
                id: GroupId::from_slice(&[8; 16]).unwrap(),
                name: "default".to_owned(),
            },
            presence: Presence::Online,
            since: None,
            address: None,
            version: None,
            architecture: None,
            queued: 0,
            dropped: 0,
            instances,
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn a_tick_comes_and_goes() {
        let sensor = sensor(vec![instance(1, "ssh"), instance(2, "ssh")]);
        let (ssh, ftp) = ("ssh".parse().unwrap(), "ftp".parse().unwrap());
        let mut draft = Draft::default();
        draft.toggle(&sensor, &ssh);
        draft.toggle(&sensor, &ftp);
        assert_eq!(draft.of(&sensor, &ssh), Some(Pending::Remove));
        assert_eq!(draft.of(&sensor, &ftp), Some(Pending::Add));
        assert_eq!(draft.size(), (2, 1));
        let changes = draft.changes();
        assert_eq!(changes.len(), 3, "both instances go, one comes");
        assert!(
            matches!(changes[2], Change::Add { .. }),
            "what comes is last"
        );
        draft.toggle(&sensor, &ssh);
        draft.toggle(&sensor, &ftp);
        assert!(draft.is_empty());
    }

    #[test]
    fn wanting_what_is_there_changes_nothing() {
        let sensor = sensor(vec![instance(1, "ssh")]);
        let ssh = "ssh".parse().unwrap();
        let mut draft = Draft::default();
        draft.want(&sensor, &ssh, true, None);
        assert!(draft.is_empty());
        draft.want(&sensor, &ssh, false, None);
        draft.want(&sensor, &ssh, true, None);
        assert!(draft.is_empty(), "an untick taken back");
    }

    #[test]
    fn what_another_one_did_is_no_longer_pending() {
        let before = sensor(vec![instance(1, "ssh")]);
        let (ssh, ftp) = ("ssh".parse().unwrap(), "ftp".parse().unwrap());
        let mut draft = Draft::default();
        draft.toggle(&before, &ssh);
        draft.toggle(&before, &ftp);
        let after = sensor(vec![instance(2, "ftp")]);
        draft.settle(&Stale::All, std::slice::from_ref(&after));
        assert!(draft.is_empty());
        draft.toggle(&after, &ftp);
        let others = Stale::Some(BTreeSet::from([SensorId::new()]));
        draft.settle(&others, &[]);
        assert!(!draft.is_empty(), "another sensor is gone");
        draft.settle(&Stale::All, &[]);
        assert!(draft.is_empty(), "the sensor is gone");
    }

    #[test]
    fn what_is_ticked_while_the_rest_is_applied_stays() {
        let sensor = sensor(vec![]);
        let (ssh, ftp) = ("ssh".parse().unwrap(), "ftp".parse().unwrap());
        let mut draft = Draft::default();
        draft.toggle(&sensor, &ssh);
        let sent = draft.clone();
        draft.toggle(&sensor, &ftp);
        draft.applied(&sent);
        assert_eq!(draft.of(&sensor, &ssh), None);
        assert_eq!(draft.of(&sensor, &ftp), Some(Pending::Add));
    }

    #[test]
    fn an_edit_is_neither_coming_nor_going() {
        let sensor = sensor(vec![instance(1, "ssh")]);
        let ssh: ServiceName = "ssh".parse().unwrap();
        let mut draft = Draft::default();
        let once_more = Change::Add {
            sensor: sensor.id,
            service: ssh.clone(),
            placement: Some(placement()),
        };
        draft.set((sensor.id, ssh.clone()), vec![once_more]);
        assert_eq!(draft.of(&sensor, &ssh), Some(Pending::Edit));
        assert_eq!(draft.placements(&sensor, &ssh).len(), 2);
    }
}
