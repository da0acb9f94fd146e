//! Taking in what sensors deliver: one transaction for events, interactions, rollups, quarantine and watermarks.

mod flush;
mod plan;
mod working;

use std::collections::{HashMap, HashSet, hash_map::Entry};

use skep_model::{
    Interaction, Timestamp,
    console::EventRow,
    ids::{Epoch, EventId, SensorId},
};
use skep_protocol::part::Part;

use crate::{AuditEntry, Store, StoreError, audit::write_audit, database::Connection};
use plan::{Plan, origin};
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
        let mut plan = Plan::default();
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
        let mut working = self.write_plan(&mut tx, plan, now).await?;
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

    /// Takes a part out of the quarantine and stores it. `Err`: why it does not fit still; it stays where it is.
    pub async fn ingest_again(
        &self,
        sensor: SensorId,
        quarantined: i64,
        part: Part,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<Result<Vec<Change>, String>, StoreError> {
        let mut tx = self.begin().await?;
        let gone = sqlx::query("DELETE FROM quarantine WHERE id = $1")
            .bind(quarantined)
            .execute(&mut *tx)
            .await?;
        if gone.rows_affected() == 0 {
            return Ok(Err("it is not in the quarantine any more".to_owned()));
        }
        let Some(origin) = origin(&mut tx, sensor).await? else {
            return Ok(Err("its sensor was removed".to_owned()));
        };
        let mut plan = Plan::default();
        let mut touched = vec![];
        let parts = [NumberedPart {
            seq: 1,
            part: Ok(part.clone()),
            raw: vec![],
        }];
        plan.load(&mut tx, sensor, 0, &parts).await?;
        if let Err(reason) = plan.apply(&origin, part, &mut touched) {
            return Ok(Err(reason));
        }
        let mut working = self.write_plan(&mut tx, plan, now).await?;
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(Ok(touched
            .into_iter()
            .filter_map(|id| working.remove(&id))
            .map(Working::into_change)
            .collect()))
    }

    /// Writes what a transaction is going to; returns the events as they are then.
    async fn write_plan(
        &self,
        tx: &mut Connection,
        plan: Plan,
        now: Timestamp,
    ) -> Result<HashMap<EventId, Working>, StoreError> {
        let Plan {
            events: mut working,
            order,
            rejected,
            deltas,
            watermarks,
        } = plan;
        flush::events(tx, &order, &mut working, now).await?;
        flush::interactions(tx, &order, &working).await?;
        flush::texts(tx, self.engine, &order, &working).await?;
        deltas.write(tx, self.writer).await?;
        flush::quarantine(tx, &rejected, now).await?;
        flush::watermarks(tx, &watermarks).await?;
        Ok(working)
    }
}
