//! Taking in what sensors deliver: one transaction for events, interactions, rollups, quarantine and watermarks.

mod flush;
mod working;

use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};

use skep_model::{
    Interaction, Timestamp,
    console::{EventRow, SensorRef},
    event::ServiceName,
    ids::{Epoch, EventId, InstanceId, SensorId},
    sensor::GroupRef,
};
use skep_protocol::part::Part;

use crate::{
    Store, StoreError,
    database::{Connection, own},
    event_list::{COLUMNS, Conditions, TABLES, Value, bind, event_row},
    read::Read,
    rollup::Deltas,
};
use working::Working;

/// Parts of one sensor's spool.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The sensor.
    pub sensor: SensorId,
    /// The spool's epoch.
    pub epoch: Epoch,
    /// The parts, with rising places.
    pub parts: Vec<NumberedPart>,
}

/// A part with its place, or why it is none.
#[derive(Clone, Debug)]
pub struct NumberedPart {
    /// The place.
    pub seq: u64,
    /// The part, or what is wrong with it.
    pub part: Result<Part, String>,
    /// What the sensor sent, for the quarantine.
    pub raw: Vec<u8>,
}

/// What became of a delivery.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The highest place that is stored.
    pub seq: u64,
    /// How many of its parts went to quarantine.
    pub quarantined: u32,
    /// What changed.
    pub changes: Vec<Change>,
}

/// An event that opened or grew.
#[derive(Clone, Debug)]
pub struct Change {
    /// The event as it is now.
    pub row: EventRow,
    /// Whether it is new.
    pub opened: bool,
    /// The index of the first new interaction.
    pub first: u32,
    /// The new interactions.
    pub interactions: Vec<Interaction>,
}

/// What is known of a sensor when its parts are read.
struct Origin {
    sensor: SensorRef,
    group: GroupRef,
    instances: HashMap<InstanceId, (i64, ServiceName)>,
}

/// A part that goes to quarantine.
struct Rejected {
    sensor: SensorId,
    epoch: Epoch,
    seq: u64,
    reason: String,
    raw: Vec<u8>,
}

/// What a transaction is going to write.
struct Plan {
    events: HashMap<EventId, Working>,
    /// Events in the order in which they were first touched.
    order: Vec<EventId>,
    rejected: Vec<Rejected>,
    deltas: Deltas,
    watermarks: BTreeMap<([u8; 16], [u8; 16]), u64>,
}

impl Store {
    /// Stores what is new in the deliveries; when this returns, it is on disk. What was stored before is known by
    /// its place and left out. A part that does not fit goes to quarantine, and the others are stored.
    ///
    /// Fails as a whole, with nothing stored, only when the database does.
    pub async fn ingest(
        &self,
        deliveries: Vec<Delivery>,
        now: Timestamp,
    ) -> Result<Vec<Taken>, StoreError> {
        let mut tx = self.begin().await?;
        let mut plan = Plan {
            events: HashMap::new(),
            order: vec![],
            rejected: vec![],
            deltas: Deltas::default(),
            watermarks: BTreeMap::new(),
        };
        let mut origins = HashMap::new();
        let mut outcomes = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let origin = match origins.entry(delivery.sensor) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(origin(&mut tx, delivery.sensor).await?),
            };
            let Some(origin) = origin else {
                // The sensor was removed a moment ago: there is nothing to keep its events under.
                outcomes.push((0, 0, vec![]));
                continue;
            };
            outcomes.push(plan.take(&mut tx, origin, delivery).await?);
        }
        let Plan {
            events: mut working,
            order,
            rejected,
            deltas,
            watermarks,
        } = plan;
        flush::events(&mut tx, &order, &mut working, now).await?;
        flush::interactions(&mut tx, &order, &working).await?;
        flush::texts(&mut tx, self.engine, &order, &working).await?;
        deltas.write(&mut tx, self.writer).await?;
        flush::quarantine(&mut tx, &rejected, now).await?;
        flush::watermarks(&mut tx, &watermarks).await?;
        tx.commit().await?;

        // Each event is told of once, with the first delivery that touched it.
        let mut told = HashSet::new();
        Ok(outcomes
            .into_iter()
            .map(|(seq, quarantined, touched)| Taken {
                seq,
                quarantined,
                changes: touched
                    .into_iter()
                    .filter(|id| told.insert(*id))
                    .filter_map(|id| working.remove(&id))
                    .map(Working::into_change)
                    .collect(),
            })
            .collect())
    }
}

impl Plan {
    /// Adds a delivery's new parts; returns the watermark, how many were rejected, and which events it touched.
    async fn take(
        &mut self,
        tx: &mut Connection,
        origin: &Origin,
        delivery: Delivery,
    ) -> Result<(u64, u32, Vec<EventId>), StoreError> {
        let Delivery {
            sensor,
            epoch,
            parts,
        } = delivery;
        let key = (sixteen(sensor.as_bytes()), sixteen(epoch.as_bytes()));
        let mut mark = match self.watermarks.get(&key) {
            Some(mark) => *mark,
            None => watermark(tx, sensor, epoch).await?,
        };
        self.load(tx, sensor, mark, &parts).await?;
        let mut touched = vec![];
        let mut quarantined = 0;
        for NumberedPart { seq, part, raw } in parts {
            if seq <= mark {
                continue;
            }
            mark = seq;
            let outcome = match part {
                Ok(part) => self.apply(origin, part, &mut touched),
                Err(reason) => Err(reason),
            };
            if let Err(reason) = outcome {
                quarantined += 1;
                self.rejected.push(Rejected {
                    sensor,
                    epoch,
                    seq,
                    reason,
                    raw,
                });
            }
        }
        self.watermarks.insert(key, mark);
        Ok((mark, quarantined, touched))
    }

    /// Reads the stored events that the parts refer to.
    async fn load(
        &mut self,
        tx: &mut Connection,
        sensor: SensorId,
        mark: u64,
        parts: &[NumberedPart],
    ) -> Result<(), StoreError> {
        let mut wanted = HashSet::new();
        let mut restart = false;
        for NumberedPart { part, .. } in parts.iter().filter(|part| part.seq > mark) {
            match part {
                Ok(
                    Part::Open { event, .. }
                    | Part::Extend { event, .. }
                    | Part::Close { event, .. },
                ) => {
                    wanted.insert(*event);
                }
                Ok(Part::Restart { .. }) => restart = true,
                Err(_) => {}
            }
        }
        let ids: Vec<Value> = wanted
            .into_iter()
            .filter(|id| !self.events.contains_key(id))
            .map(|id| Value::Bytes(id.as_bytes().to_vec()))
            .collect();
        for chunk in ids.chunks(500) {
            let mut conditions = Conditions::default();
            conditions.any_of("e.id", chunk.to_vec());
            self.load_where(tx, conditions).await?;
        }
        if restart {
            let mut conditions = Conditions::default();
            conditions.add("e.sensor_id =", Value::Bytes(sensor.as_bytes().to_vec()));
            conditions.plain("e.ended_at IS NULL");
            self.load_where(tx, conditions).await?;
        }
        Ok(())
    }

    async fn load_where(
        &mut self,
        tx: &mut Connection,
        conditions: Conditions,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, e.service_id, e.last_at FROM {TABLES} {}",
            conditions.sql()
        );
        for row in &bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&mut *tx)
            .await?
        {
            let event = event_row(row)?;
            if !self.events.contains_key(&event.id) {
                let id = event.id;
                let working = Working::stored(
                    event,
                    row.number("service_id")?,
                    row.count("next_index")?,
                    row.time("last_at")?,
                );
                self.events.insert(id, working);
            }
        }
        Ok(())
    }

    /// Applies one part to the events in memory, or says why it does not fit.
    fn apply(
        &mut self,
        origin: &Origin,
        part: Part,
        touched: &mut Vec<EventId>,
    ) -> Result<(), String> {
        match part {
            Part::Open {
                event,
                at,
                encounter,
                interactions,
            } => {
                if self.events.contains_key(&event) {
                    return Err("opens an event that was opened before".to_owned());
                }
                let Some((service_id, service)) = origin.instances.get(&encounter.instance) else {
                    return Err("names an instance that this sensor never had".to_owned());
                };
                let mut working = Working::new(
                    event,
                    at,
                    &encounter,
                    *service_id,
                    service,
                    (&origin.sensor, &origin.group),
                );
                working.open(&mut self.deltas);
                working.extend(interactions, 0, &mut self.deltas);
                self.events.insert(event, working);
                self.touch(event, touched);
            }
            Part::Extend {
                event,
                first,
                interactions,
            } => {
                let working = own_event(&mut self.events, origin, event)?;
                if first < working.next_index() {
                    return Err("repeats interactions that the event has already".to_owned());
                }
                working.extend(interactions, first, &mut self.deltas);
                self.touch(event, touched);
            }
            Part::Close { event, at } => {
                own_event(&mut self.events, origin, event)?.close(at);
                self.touch(event, touched);
            }
            Part::Restart { .. } => {
                let open: Vec<EventId> = self
                    .events
                    .iter_mut()
                    .filter(|(_, working)| {
                        working.row().sensor.id == origin.sensor.id
                            && working.row().ended_at.is_none()
                    })
                    .map(|(id, working)| {
                        working.close_at_last();
                        *id
                    })
                    .collect();
                for event in open {
                    self.touch(event, touched);
                }
            }
        }
        Ok(())
    }

    fn touch(&mut self, event: EventId, touched: &mut Vec<EventId>) {
        if let Some(working) = self.events.get_mut(&event)
            && working.touch()
        {
            self.order.push(event);
            touched.push(event);
        }
    }
}

/// The event, if this sensor has it.
fn own_event<'a>(
    events: &'a mut HashMap<EventId, Working>,
    origin: &Origin,
    event: EventId,
) -> Result<&'a mut Working, String> {
    events
        .get_mut(&event)
        .filter(|working| working.row().sensor.id == origin.sensor.id)
        .ok_or_else(|| "continues an event that is not here".to_owned())
}

/// The highest place stored of a spool, 0 for a new one. The row stays locked until the transaction ends.
async fn watermark(tx: &mut Connection, sensor: SensorId, epoch: Epoch) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO watermarks (sensor_id, epoch, seq) VALUES ($1, $2, 0)
         ON CONFLICT (sensor_id, epoch) DO UPDATE SET seq = watermarks.seq RETURNING seq",
    )
    .bind(sensor.as_bytes())
    .bind(epoch.as_bytes())
    .fetch_one(tx)
    .await?;
    Ok(row.number("seq")? as u64)
}

async fn origin(tx: &mut Connection, id: SensorId) -> Result<Option<Origin>, StoreError> {
    let row = sqlx::query(
        "SELECT s.name, s.group_id, g.name AS group_name FROM sensors s JOIN groups g ON g.id = s.group_id WHERE s.id = $1",
    )
    .bind(id.as_bytes())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let instances = sqlx::query(
        "SELECT i.id, i.service_id, v.name FROM instances i JOIN services v ON v.id = i.service_id WHERE i.sensor_id = $1",
    )
    .bind(id.as_bytes())
    .fetch_all(&mut *tx)
    .await?;
    Ok(Some(Origin {
        sensor: SensorRef {
            id,
            name: row.text("name")?,
        },
        group: GroupRef {
            id: row.id("group_id")?,
            name: row.text("group_name")?,
        },
        instances: instances
            .iter()
            .map(|row| {
                Ok((
                    row.id("id")?,
                    (row.number("service_id")?, row.word("name")?),
                ))
            })
            .collect::<Result<_, StoreError>>()?,
    }))
}

fn sixteen(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(bytes);
    out
}
