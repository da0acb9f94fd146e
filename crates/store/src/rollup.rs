//! Rollups: counts by hour and day, written with the events and read instead of them.

use std::collections::BTreeMap;

use skep_model::{
    Address, Classification, InteractionKind, Timestamp, event::ServiceName, ids::SensorId, raw,
};

use crate::{
    Scope, Store, StoreError,
    database::{Connection, own, pieces, placeholders},
    event_list::{Conditions, Value, bind},
    read::Read,
};

/// How much time one row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// An hour, UTC.
    Hour = 0,
    /// A day, UTC.
    Day = 1,
}

/// What the rows of rollup B count. The numbers are in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Events by source address (16 bytes).
    Source = 0,
    /// Events by the source's country (two letters).
    Country = 1,
    /// Events and probes by target port (2 bytes, big-endian).
    Port = 2,
    /// Log-ins tried by user name.
    User = 3,
    /// Log-ins tried by password or key.
    Password = 4,
    /// Commands.
    Command = 5,
    /// Addresses that somebody wanted to fetch.
    Url = 6,
}

/// A value and how often it was seen.
pub type TopValue = (Vec<u8>, u64);

/// The longest value that is counted as itself, in bytes; longer ones count under their beginning.
const VALUE: usize = 256;

/// Span, start, sensor, service, classification.
type EventKey = (i64, i64, [u8; 16], i64, i64);
/// Span, field, start, value, sensor, service.
type ValueKey = (i64, i64, i64, Vec<u8>, [u8; 16], i64);

/// Changes to the rollups, summed up before they are written, in key order.
#[derive(Default)]
pub(crate) struct Deltas {
    events: BTreeMap<EventKey, i64>,
    values: BTreeMap<ValueKey, i64>,
}

/// Where counts of one event go: its sensor, its service, and when it started.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) sensor: SensorId,
    pub(crate) service: i64,
    pub(crate) started_at: Timestamp,
}

impl Deltas {
    /// Counts an event as one of a classification, or (`by` −1) no longer.
    pub(crate) fn event(&mut self, place: Place, classification: Classification, by: i64) {
        for (span, start) in spans(place.started_at) {
            let key = (
                span,
                start,
                bytes(place.sensor),
                place.service,
                classification.number(),
            );
            *self.events.entry(key).or_default() += by;
        }
    }

    /// Counts a value seen at a moment, or (`by` −1) takes it back.
    pub(crate) fn value(
        &mut self,
        place: Place,
        at: Timestamp,
        field: Field,
        value: &[u8],
        by: i64,
    ) {
        for (span, start) in spans(at) {
            let key = (
                span,
                field as i64,
                start,
                raw::cut(value, VALUE).to_vec(),
                bytes(place.sensor),
                place.service,
            );
            *self.values.entry(key).or_default() += by;
        }
    }

    /// Counts source and port of an event that opened, or (`by` −1) takes them back.
    pub(crate) fn opening(&mut self, place: Place, source: Address, port: u16, by: i64) {
        let at = place.started_at;
        self.value(place, at, Field::Source, &source.to_bytes(), by);
        self.value(place, at, Field::Port, &port.to_be_bytes(), by);
    }

    /// Counts what an interaction tells, or (`by` −1) takes it back.
    pub(crate) fn interaction(
        &mut self,
        place: Place,
        at: Timestamp,
        kind: &InteractionKind,
        by: i64,
    ) {
        match kind {
            InteractionKind::Login { user, secret, .. } => {
                self.value(place, at, Field::User, &user.0, by);
                self.value(place, at, Field::Password, &secret.0, by);
            }
            InteractionKind::Command { line, .. } => {
                self.value(place, at, Field::Command, &line.0, by);
            }
            InteractionKind::Probe {
                port,
                repeated: false,
                ..
            } => {
                self.value(place, at, Field::Port, &port.to_be_bytes(), by);
            }
            InteractionKind::Attribute { name, value } if name == InteractionKind::URL => {
                self.value(place, at, Field::Url, &value.0, by);
            }
            _ => {}
        }
    }

    /// Adds the changes to the tables.
    pub(crate) async fn write(self, tx: &mut Connection, writer: i64) -> Result<(), StoreError> {
        let events: Vec<_> = self.events.into_iter().filter(|(_, by)| *by != 0).collect();
        for chunk in pieces(&events) {
            let sql = own(format!(
                "INSERT INTO rollup_events (span, start, sensor_id, service_id, classification, writer, count) VALUES {}
                 ON CONFLICT (span, start, sensor_id, service_id, classification, writer)
                 DO UPDATE SET count = rollup_events.count + excluded.count",
                placeholders(1, chunk.len(), 7)
            ));
            let mut query = sqlx::query(sql);
            for ((span, start, sensor, service, classification), by) in chunk {
                query = query
                    .bind(*span)
                    .bind(*start)
                    .bind(sensor.to_vec())
                    .bind(*service)
                    .bind(*classification);
                query = query.bind(writer).bind(*by);
            }
            query.execute(&mut *tx).await?;
        }
        let values: Vec<_> = self.values.into_iter().filter(|(_, by)| *by != 0).collect();
        for chunk in pieces(&values) {
            let sql = own(format!(
                "INSERT INTO rollup_values (span, field, start, value, sensor_id, service_id, writer, count) VALUES {}
                 ON CONFLICT (span, field, start, value, sensor_id, service_id, writer)
                 DO UPDATE SET count = rollup_values.count + excluded.count",
                placeholders(1, chunk.len(), 8)
            ));
            let mut query = sqlx::query(sql);
            for ((span, field, start, value, sensor, service), by) in chunk {
                query = query
                    .bind(*span)
                    .bind(*field)
                    .bind(*start)
                    .bind(value.as_slice())
                    .bind(sensor.to_vec());
                query = query.bind(*service).bind(writer).bind(*by);
            }
            query.execute(&mut *tx).await?;
        }
        Ok(())
    }
}

fn spans(at: Timestamp) -> [(i64, i64); 2] {
    [
        (Span::Hour as i64, at.hour().0),
        (Span::Day as i64, at.day().0),
    ]
}

fn bytes(sensor: SensorId) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(sensor.as_bytes());
    out
}

/// The rows of one span, from a moment on, of the sensors in scope.
fn window(scope: &Scope, span: Span, since: Timestamp) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.add("span =", Value::Number(span as i64));
    conditions.add("start >=", Value::Number(since.0));
    if let Scope::Groups(groups) = scope {
        conditions.sensors_of(groups);
    }
    conditions
}

impl Store {
    /// Events by the start of the hour or day and by classification, from `since` on, oldest first.
    pub async fn events_by_time(
        &self,
        scope: &Scope,
        span: Span,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, Classification, u64)>, StoreError> {
        let conditions = window(scope, span, since);
        let sql = format!(
            "SELECT start, classification, CAST(SUM(count) AS BIGINT) AS n FROM rollup_events {}
             GROUP BY start, classification ORDER BY start, classification",
            conditions.sql()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                let classification = row.parsed("classification", Classification::from_number)?;
                Ok((
                    row.time("start")?,
                    classification,
                    row.number("n")?.max(0) as u64,
                ))
            })
            .collect()
    }

    /// Events by service, from `since` on, most first.
    pub async fn events_by_service(
        &self,
        scope: &Scope,
        span: Span,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<(ServiceName, u64)>, StoreError> {
        let mut conditions = window(scope, span, since);
        conditions.values.push(Value::Number(i64::from(limit)));
        let sql = format!(
            "SELECT v.name, t.n FROM (SELECT service_id, CAST(SUM(count) AS BIGINT) AS n FROM rollup_events {} GROUP BY service_id) t
             JOIN services v ON v.id = t.service_id WHERE t.n > 0 ORDER BY t.n DESC, v.name LIMIT ${}",
            conditions.sql(),
            conditions.values.len()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| Ok((row.word("name")?, row.number("n")? as u64)))
            .collect()
    }

    /// The values of a field seen most, from `since` on.
    pub async fn top_values(
        &self,
        scope: &Scope,
        field: Field,
        span: Span,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<TopValue>, StoreError> {
        let mut conditions = window(scope, span, since);
        conditions.add("field =", Value::Number(field as i64));
        conditions.values.push(Value::Number(i64::from(limit)));
        let sql = format!(
            "SELECT value, CAST(SUM(count) AS BIGINT) AS n FROM rollup_values {} GROUP BY value ORDER BY n DESC, value LIMIT ${}",
            conditions.sql(),
            conditions.values.len()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| Ok((row.bytes("value")?, row.number("n")? as u64)))
            .collect()
    }

    /// How many distinct values of a field were seen, and how often all of them together, from `since` on.
    pub async fn sum_values(
        &self,
        scope: &Scope,
        field: Field,
        span: Span,
        since: Timestamp,
    ) -> Result<(u64, u64), StoreError> {
        let mut conditions = window(scope, span, since);
        conditions.add("field =", Value::Number(field as i64));
        let sql = format!(
            "SELECT COUNT(*) AS kinds, CAST(COALESCE(SUM(n), 0) AS BIGINT) AS n FROM
             (SELECT value, SUM(count) AS n FROM rollup_values {} GROUP BY value) t",
            conditions.sql()
        );
        let row = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_one(&self.read)
            .await?;
        Ok((row.number("kinds")? as u64, row.number("n")? as u64))
    }
}
