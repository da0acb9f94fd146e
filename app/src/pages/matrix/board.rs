//! What the matrix shows: sensors that change in place, what was ticked, and which rows are in sight.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use leptos::{prelude::*, task::spawn_local};
use skep_model::{
    console::LiveMessage,
    event::ServiceName,
    ids::SensorId,
    sensor::SensorView,
    service::{self, Placement, ServiceView, Settings},
};

use super::{
    draft::{Draft, Place},
    reading::{Reading, Stale},
};
use crate::{failure::Failure, server};

/// How many rows are made beyond those in sight, above and below.
const MARGIN: usize = 12;
/// When to read again what could not be read.
const AGAIN: Duration = Duration::from_secs(5);
/// How many rows the server makes.
const FIRST: usize = 60;

/// A sensor that can change in place.
#[derive(Clone)]
pub struct Row {
    /// The sensor's id.
    pub id: SensorId,
    /// The sensor.
    pub sensor: ArcRwSignal<SensorView>,
}

/// The matrix.
#[derive(Clone, Copy)]
pub struct Board {
    /// All sensors, by group and name.
    rows: RwSignal<Vec<Row>>,
    /// The columns.
    pub services: StoredValue<Vec<ServiceView>>,
    /// What was ticked and is not applied yet.
    pub draft: RwSignal<Draft>,
    /// Whether cells can be ticked.
    pub editing: RwSignal<bool>,
    /// The sensors that are chosen, for columns and profiles.
    pub chosen: RwSignal<BTreeSet<SensorId>>,
    /// The cell whose reason is open.
    pub tip: RwSignal<Option<Place>>,
    /// The cell whose ports and settings are open.
    pub opened: RwSignal<Option<Place>>,
    /// Which part of a name or address is looked for, in lower case.
    pub text: RwSignal<String>,
    /// Which group is looked for, by id.
    pub group: RwSignal<String>,
    /// The rows in sight: the first, and one beyond the last.
    pub sight: RwSignal<(usize, usize)>,
    /// Whether cells may be ticked.
    pub manager: bool,
    reading: StoredValue<Reading>,
}

impl Row {
    /// Takes how the sensor is; whether the row moves by that.
    fn take(&self, sensor: SensorView) -> bool {
        let same = self.sensor.with_untracked(|shown| *shown == sensor);
        if same {
            return false;
        }
        let before = self.place();
        self.sensor.set(sensor);
        before != self.place()
    }

    /// Where it stands among the others: by group and name.
    fn place(&self) -> (String, String) {
        self.sensor
            .with_untracked(|sensor| (sensor.group.name.clone(), sensor.name.clone()))
    }
}

impl Board {
    /// The matrix of what the server sent.
    pub fn new(sensors: Vec<SensorView>, services: Vec<ServiceView>, manager: bool) -> Self {
        let board = Self {
            rows: RwSignal::new(vec![]),
            services: StoredValue::new(services),
            draft: RwSignal::new(Draft::default()),
            editing: RwSignal::new(false),
            chosen: RwSignal::new(BTreeSet::new()),
            tip: RwSignal::new(None),
            opened: RwSignal::new(None),
            text: RwSignal::new(String::new()),
            group: RwSignal::new(String::new()),
            sight: RwSignal::new((0, FIRST)),
            manager,
            reading: StoredValue::new(Reading::default()),
        };
        board.take(&Stale::All, sensors);
        board
    }

    /// Hears the live stream.
    pub fn hear(self, message: &LiveMessage) {
        if let Some(sensors) = message.sensors() {
            self.refresh(sensors);
        }
    }

    /// Reads anew how these sensors are, or all, if none are named: some at a time, one reading after the other.
    pub fn refresh(self, sensors: &[SensorId]) {
        let begins = self
            .reading
            .try_update_value(|reading| reading.note(sensors));
        // The page may not be there any more.
        if begins == Some(true) {
            spawn_local(self.read());
        }
    }

    async fn read(self) {
        while let Some(Some(stale)) = self.reading.try_update_value(Reading::next) {
            let answer = match &stale {
                Stale::All => server::sensors().await,
                Stale::Some(ids) => server::sensors_among(ids.iter().copied().collect()).await,
            };
            if self.rows.is_disposed() {
                return;
            }
            match answer {
                Ok(sensors) => self.take(&stale, sensors),
                Err(Failure::Refused(_)) => {}
                Err(Failure::Unreachable | Failure::Misunderstood) => {
                    self.reading.update_value(|reading| reading.put_back(stale));
                    return set_timeout(move || spawn_local(self.read()), AGAIN);
                }
            }
        }
    }

    /// Takes how sensors are; of those that were asked for, the others are gone.
    fn take(self, asked: &Stale, sensors: Vec<SensorView>) {
        if self.draft.with_untracked(|draft| !draft.is_empty()) {
            self.draft.update(|draft| draft.settle(asked, &sensors));
        }
        let known = self.rows.get_untracked();
        let by_id: HashMap<SensorId, &Row> = known.iter().map(|row| (row.id, row)).collect();
        let mut moves = false;
        let mut rows: Vec<Row> = sensors
            .into_iter()
            .map(|sensor| match by_id.get(&sensor.id) {
                Some(row) => {
                    moves |= row.take(sensor);
                    (*row).clone()
                }
                None => Row {
                    id: sensor.id,
                    sensor: ArcRwSignal::new(sensor),
                },
            })
            .collect();
        rows.extend(known.iter().filter(|row| !asked.has(row.id)).cloned());
        let here: HashSet<SensorId> = rows.iter().map(|row| row.id).collect();
        if moves || here.len() != known.len() || !known.iter().all(|row| here.contains(&row.id)) {
            rows.sort_by_cached_key(Row::place);
            self.rows.set(rows);
            let gone = |chosen: &BTreeSet<SensorId>| !chosen.iter().all(|id| here.contains(id));
            if self.chosen.with_untracked(gone) {
                self.chosen
                    .update(|chosen| chosen.retain(|id| here.contains(id)));
            }
        }
    }

    /// The rows that are looked for.
    pub fn found(self) -> Vec<Row> {
        let (text, group) = (self.text.get(), self.group.get());
        let mut rows = self.rows.get();
        if text.is_empty() && group.is_empty() {
            return rows;
        }
        rows.retain(|row| {
            row.sensor.with_untracked(|sensor| {
                let address = sensor.address.map(|address| address.to_string());
                let texts = [Some(sensor.name.to_lowercase()), address];
                (group.is_empty() || sensor.group.id.to_string() == group)
                    && texts.into_iter().flatten().any(|word| word.contains(&text))
            })
        });
        rows
    }

    /// All groups of sensors, by name.
    pub fn groups(self) -> Vec<(String, String)> {
        let mut groups: Vec<_> = self.rows.with_untracked(|rows| {
            let group = |row: &Row| row.sensor.with_untracked(|sensor| sensor.group.clone());
            rows.iter().map(group).collect()
        });
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        groups.dedup();
        groups
            .into_iter()
            .map(|group| (group.id.to_string(), group.name))
            .collect()
    }

    /// All rows, by sensor.
    pub fn by_id(self) -> HashMap<SensorId, Row> {
        let rows = self.rows.get_untracked().into_iter();
        rows.map(|row| (row.id, row)).collect()
    }

    /// A sensor, as it is now.
    pub fn sensor(self, id: SensorId) -> Option<SensorView> {
        self.rows.with_untracked(|rows| {
            let row = rows.iter().find(|row| row.id == id)?;
            Some(row.sensor.get_untracked())
        })
    }

    /// A service.
    pub fn service(self, name: &ServiceName) -> Option<ServiceView> {
        self.services.with_value(|services| {
            services
                .iter()
                .find(|service| service.name == *name)
                .cloned()
        })
    }

    /// The rows that a column or a profile is for: those chosen, or all that are shown.
    fn subjects(self) -> Vec<Row> {
        let chosen = self.chosen.get();
        let mut rows = self.found();
        rows.retain(|row| chosen.is_empty() || chosen.contains(&row.id));
        rows
    }

    /// For each service, how many of the subjects can and shall run it.
    pub fn shares(self) -> Vec<Share> {
        let rows = self.subjects();
        self.services.with_value(|services| {
            let mut shares = vec![Share::default(); services.len()];
            self.draft.with(|draft| {
                for row in rows {
                    row.sensor.with(|sensor| {
                        for (service, share) in services.iter().zip(&mut shares) {
                            share.count(draft, sensor, service);
                        }
                    });
                }
            });
            shares
        })
    }

    /// How many of the services a sensor can and shall run.
    pub fn share(self, sensor: &SensorView) -> Share {
        let mut share = Share::default();
        self.draft.with(|draft| {
            self.services.with_value(|services| {
                for service in services {
                    share.count(draft, sensor, service);
                }
            });
        });
        share
    }

    /// Whether there is something of a service for a sensor's processor.
    pub fn fits(self, sensor: &SensorView, service: &ServiceName) -> bool {
        self.services.with_value(|services| {
            let mut of_name = services.iter().filter(|known| known.name == *service);
            of_name.all(|service| service.runs_on(sensor.architecture.as_deref()))
        })
    }

    /// All subjects that can shall run a service, or none of them; placed so where they have it not yet.
    pub fn want(
        self,
        service: &ServiceView,
        wanted: bool,
        place: impl Fn(&SensorView) -> Option<Placement>,
    ) {
        let subjects = untrack(|| self.subjects());
        self.draft.update(|draft| {
            for row in subjects {
                row.sensor.with_untracked(|sensor| {
                    if !wanted || service.runs_on(sensor.architecture.as_deref()) {
                        draft.want(sensor, &service.name, wanted, place(sensor));
                    }
                });
            }
        });
    }

    /// A sensor shall run every service that there is for it, or none.
    pub fn want_all(self, sensor: &SensorView, wanted: bool) {
        self.draft.update(|draft| {
            self.services.with_value(|services| {
                for service in services {
                    if !wanted || service.runs_on(sensor.architecture.as_deref()) {
                        draft.want(sensor, &service.name, wanted, None);
                    }
                }
            });
        });
    }

    /// Which of so many rows to make: the first, and one beyond the last. With another filter there may be fewer than
    /// was scrolled.
    pub fn in_sight(self, rows: usize) -> (usize, usize) {
        let (first, last) = self.sight.get();
        let end = last.min(rows);
        (first.min(end.saturating_sub(last - first)), end)
    }

    /// Notes which rows a place of this height shows that is scrolled so far.
    pub fn see(self, scrolled: f64, height: f64, row: f64) {
        if row <= 0.0 {
            return;
        }
        let first = ((scrolled / row) as usize).saturating_sub(MARGIN);
        let last = ((scrolled + height) / row) as usize + MARGIN;
        if self.sight.get_untracked() != (first, last) {
            self.sight.set((first, last));
        }
    }
}

/// How many can run something, and how many shall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    can: usize,
    shall: usize,
}

impl Share {
    fn count(&mut self, draft: &Draft, sensor: &SensorView, service: &ServiceView) {
        if service.runs_on(sensor.architecture.as_deref()) {
            self.can += 1;
            self.shall += usize::from(draft.wants(sensor, &service.name));
        }
    }

    /// Whether all shall.
    pub fn all(self) -> bool {
        self.shall > 0 && self.shall == self.can
    }

    /// Whether some shall, and not all.
    pub fn some(self) -> bool {
        self.shall > 0 && self.shall < self.can
    }
}

/// How a service comes to a sensor where nothing else is said.
pub fn usual_placement(sensor: &SensorView, service: &ServiceView) -> Placement {
    let instances = sensor.instances.iter();
    Placement {
        address: service::usual_address(instances.map(|instance| &instance.placement.address)),
        ports: service.ports.clone(),
        settings: Settings::new(),
        pinned: None,
    }
}
