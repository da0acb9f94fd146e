//! An event while parts are applied to it.

use skep_model::{
    Classification, Encounter, Interaction, Severity, Status, Timestamp,
    console::{EventRow, SensorRef},
    event::ServiceName,
    ids::{EventId, InstanceId},
    sensor::GroupRef,
};

use super::Change;
use crate::rollup::{Deltas, Place};

/// What a new event has besides its row.
pub(super) struct Fresh {
    pub(super) instance: InstanceId,
    pub(super) revision: u32,
}

/// An event, stored or new, and what the transaction adds to it.
pub(super) struct Working {
    row: EventRow,
    pub(super) service_id: i64,
    next_index: u32,
    pub(super) last_at: Timestamp,
    /// `Some` for an event that is not stored yet.
    pub(super) fresh: Option<Fresh>,
    pub(super) added: Vec<(u32, Interaction)>,
    touched: bool,
}

impl Working {
    pub(super) fn stored(
        row: EventRow,
        service_id: i64,
        next_index: u32,
        last_at: Timestamp,
    ) -> Self {
        Self {
            row,
            service_id,
            next_index,
            last_at,
            fresh: None,
            added: vec![],
            touched: false,
        }
    }

    pub(super) fn new(
        id: EventId,
        at: Timestamp,
        encounter: &Encounter,
        service_id: i64,
        service: &ServiceName,
        (sensor, group): (&SensorRef, &GroupRef),
    ) -> Self {
        let row = EventRow {
            id,
            number: 0,
            started_at: at,
            ended_at: None,
            sensor: sensor.clone(),
            group: group.clone(),
            service: service.clone(),
            source: encounter.source,
            source_port: encounter.source_port,
            target_port: encounter.target_port,
            transport: encounter.transport,
            classification: Classification::Connection,
            severity: Severity::Low,
            status: Status::New,
            digest: skep_model::Digest::default(),
            count: 1,
            country: None,
        };
        let fresh = Fresh {
            instance: encounter.instance,
            revision: encounter.revision,
        };
        Self {
            row,
            service_id,
            next_index: 0,
            last_at: at,
            fresh: Some(fresh),
            added: vec![],
            touched: false,
        }
    }

    pub(super) fn row(&self) -> &EventRow {
        &self.row
    }

    pub(super) fn set_number(&mut self, number: i64) {
        self.row.number = number;
    }

    pub(super) fn next_index(&self) -> u32 {
        self.next_index
    }

    /// Marks it as changed; `true` the first time.
    pub(super) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.touched, true)
    }

    fn place(&self) -> Place {
        Place {
            sensor: self.row.sensor.id,
            service: self.service_id,
            started_at: self.row.started_at,
        }
    }

    /// Counts the new event.
    pub(super) fn open(&self, deltas: &mut Deltas) {
        deltas.event(self.place(), self.row.classification, 1);
        deltas.opening(self.place(), self.row.source, self.row.target_port, 1);
    }

    /// Adds interactions from index `first` on. What the event is said to be, and how it is counted, follows.
    pub(super) fn extend(
        &mut self,
        interactions: Vec<Interaction>,
        first: u32,
        deltas: &mut Deltas,
    ) {
        let place = self.place();
        let before = self.row.classification;
        self.next_index = first;
        for interaction in interactions {
            self.row.digest.add(&interaction.kind);
            self.last_at = self.last_at.max(interaction.at);
            deltas.interaction(place, interaction.at, &interaction.kind, 1);
            self.added.push((self.next_index, interaction));
            self.next_index += 1;
        }
        self.row.severity = self.row.severity.max(self.row.digest.severity());
        self.row.classification = self.row.digest.classification();
        if self.row.classification != before {
            deltas.event(place, before, -1);
            deltas.event(place, self.row.classification, 1);
        }
    }

    pub(super) fn close(&mut self, at: Timestamp) {
        self.row.ended_at = Some(at.max(self.row.started_at));
    }

    pub(super) fn close_at_last(&mut self) {
        self.row.ended_at = Some(self.last_at);
    }

    pub(super) fn into_change(self) -> Change {
        Change {
            opened: self.fresh.is_some(),
            first: self
                .added
                .first()
                .map_or(self.next_index, |(index, _)| *index),
            interactions: self
                .added
                .into_iter()
                .map(|(_, interaction)| interaction)
                .collect(),
            row: self.row,
        }
    }
}
