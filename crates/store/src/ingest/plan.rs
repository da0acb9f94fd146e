//! What a transaction is going to write, as parts are applied to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use skep_model::{
    console::SensorRef,
    event::ServiceName,
    ids::{Epoch, EventId, InstanceId, SensorId},
    sensor::GroupRef,
};
use skep_protocol::part::Part;

use super::{Delivery, NumberedPart, working::Working};
use crate::{
    StoreError,
    database::{Connection, own},
    event_list::{COLUMNS, Conditions, Value, bind, event_row, source},
    read::Read,
    rollup::Deltas,
};

/// What is known of a sensor when its parts are read.
pub(super) struct Origin {
    sensor: SensorRef,
    group: GroupRef,
    instances: HashMap<InstanceId, (i64, ServiceName)>,
}

/// A part that goes to quarantine.
pub(super) struct Rejected {
    pub(super) sensor: SensorId,
    pub(super) epoch: Epoch,
    pub(super) seq: u64,
    pub(super) reason: String,
    pub(super) raw: Vec<u8>,
}

/// What a transaction is going to write.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) events: HashMap<EventId, Working>,
    /// Events in the order in which they were first touched.
    pub(super) order: Vec<EventId>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) deltas: Deltas,
    pub(super) watermarks: BTreeMap<([u8; 16], [u8; 16]), u64>,
}

impl Plan {
    /// Adds a delivery's new parts; returns the watermark, how many were rejected, and which events it touched.
    pub(super) async fn take(
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
    pub(super) async fn load(
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
            "SELECT {COLUMNS}, e.service_id, e.last_at FROM {} {}",
            source(false),
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
    pub(super) fn apply(
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

pub(super) async fn origin(
    tx: &mut Connection,
    id: SensorId,
) -> Result<Option<Origin>, StoreError> {
    let row = sqlx::query(
        "SELECT s.name, s.group_id, g.name AS group_name FROM sensors s JOIN groups g ON g.id = s.group_id WHERE s.id = $1 AND s.removed_at IS NULL",
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
