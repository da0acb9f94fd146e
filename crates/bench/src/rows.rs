//! Reads what the server stored, as rows to be inserted elsewhere: in batches, each with its own share of the rollups.

use std::collections::BTreeMap;

use skep_model::{Interaction, InteractionKind, Timestamp, raw};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use crate::Result;

/// The columns of an event that the server writes, those with bytes first.
pub(crate) const EVENT: [&str; 28] = [
    "id",
    "sensor_id",
    "group_id",
    "instance_id",
    "source",
    "subject",
    "service_id",
    "revision",
    "started_at",
    "ended_at",
    "last_at",
    "received_at",
    "source_port",
    "target_port",
    "transport",
    "classification",
    "severity",
    "status",
    "count",
    "next_index",
    "interactions",
    "logins",
    "accepted",
    "commands",
    "requests",
    "files",
    "probes",
    "bytes_in",
];
const EVENT_BYTES: usize = 6;

/// A value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(Option<i64>),
    Bytes(Vec<u8>),
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

pub(crate) type Row = Vec<Value>;

/// The rows of one transaction.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) events: Vec<Row>,
    /// Event number, index, time, kind, body.
    pub(crate) interactions: Vec<Row>,
    /// Event number and text.
    pub(crate) texts: Vec<Row>,
    /// Span, start, sensor, service, classification, writer, count.
    pub(crate) rollup_events: Vec<Row>,
    /// Span, field, start, value, sensor, service, writer, count.
    pub(crate) rollup_values: Vec<Row>,
}

/// Reads everything, in batches of `events` events. Numbers are given anew, from 1 without a gap.
pub(crate) async fn read(connection: &mut AnyConnection, events: usize) -> Result<Vec<Batch>> {
    let sql = format!(
        "SELECT number, {} FROM events ORDER BY number",
        EVENT.join(", ")
    );
    let stored = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await?;
    let mut interactions = sqlx::query(
        "SELECT event_number, idx, at, kind, body FROM interactions ORDER BY event_number, idx",
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .peekable();
    let mut batches = vec![];
    let mut number = 0;
    for chunk in stored.chunks(events) {
        let (mut batch, mut counts) = (Batch::default(), Counts::default());
        for event in chunk {
            number += 1;
            let old: i64 = event.try_get("number")?;
            let place = counts.event(event)?;
            let mut text = String::new();
            while let Some(step) =
                interactions.next_if(|row| row.try_get(0).is_ok_and(|n: i64| n == old))
            {
                let body: Vec<u8> = step.try_get("body")?;
                let interaction: Interaction = serde_json::from_slice(&body)?;
                counts.interaction(&place, &interaction);
                for value in interaction
                    .kind
                    .values()
                    .into_iter()
                    .filter(|value| !value.0.is_empty())
                {
                    text.push_str(&raw::visible(&value.0));
                    text.push('\n');
                }
                batch.interactions.push(vec![
                    number.into(),
                    step.try_get::<i64, _>("idx")?.into(),
                    interaction.at.0.into(),
                    Value::Text(step.try_get("kind")?),
                    Value::Bytes(body),
                ]);
            }
            if !text.is_empty() {
                batch.texts.push(vec![number.into(), Value::Text(text)]);
            }
            batch.events.push(event_row(event)?);
        }
        counts.into_rows(&mut batch);
        batches.push(batch);
    }
    Ok(batches)
}

fn event_row(event: &AnyRow) -> Result<Row> {
    let mut row = vec![];
    for (place, column) in EVENT.into_iter().enumerate() {
        row.push(if place < EVENT_BYTES {
            Value::Bytes(event.try_get(column)?)
        } else {
            Value::Number(event.try_get(column)?)
        });
    }
    Ok(row)
}

/// Span, field, start, value, sensor, service.
type ValueKey = (i64, i64, i64, Vec<u8>, Vec<u8>, i64);

/// Where the counts of an event go.
struct Place {
    sensor: Vec<u8>,
    service: i64,
}

/// The rollups' rules, written once more: that both databases come to the same counts is checked after each round.
#[derive(Default)]
struct Counts {
    events: BTreeMap<(i64, i64, Vec<u8>, i64, i64), i64>,
    values: BTreeMap<ValueKey, i64>,
}

impl Counts {
    fn event(&mut self, event: &AnyRow) -> Result<Place> {
        let place = Place {
            sensor: event.try_get("sensor_id")?,
            service: event.try_get("service_id")?,
        };
        let at = Timestamp(event.try_get("started_at")?);
        for (span, start) in spans(at) {
            let key = (
                span,
                start,
                place.sensor.clone(),
                place.service,
                event.try_get("classification")?,
            );
            *self.events.entry(key).or_default() += 1;
        }
        self.value(&place, at, 0, &event.try_get::<Vec<u8>, _>("source")?);
        let port: i64 = event.try_get("target_port")?;
        self.value(&place, at, 2, &(port as u16).to_be_bytes());
        Ok(place)
    }

    fn interaction(&mut self, place: &Place, interaction: &Interaction) {
        let at = interaction.at;
        match &interaction.kind {
            InteractionKind::Probe {
                port,
                repeated: false,
                ..
            } => self.value(place, at, 2, &port.to_be_bytes()),
            InteractionKind::Login { user, secret, .. } => {
                self.value(place, at, 3, &user.0);
                self.value(place, at, 4, &secret.0);
            }
            InteractionKind::Command { line, .. } => self.value(place, at, 5, &line.0),
            InteractionKind::Attribute { name, value } if name == InteractionKind::URL => {
                self.value(place, at, 6, &value.0);
            }
            _ => {}
        }
    }

    fn value(&mut self, place: &Place, at: Timestamp, field: i64, value: &[u8]) {
        for (span, start) in spans(at) {
            let key = (
                span,
                field,
                start,
                value.to_vec(),
                place.sensor.clone(),
                place.service,
            );
            *self.values.entry(key).or_default() += 1;
        }
    }

    fn into_rows(self, batch: &mut Batch) {
        for ((span, start, sensor, service, class), count) in self.events {
            let sensor = Value::Bytes(sensor);
            let row = vec![
                span.into(),
                start.into(),
                sensor,
                service.into(),
                class.into(),
                0.into(),
                count.into(),
            ];
            batch.rollup_events.push(row);
        }
        for ((span, field, start, value, sensor, service), count) in self.values {
            let (value, sensor) = (Value::Bytes(value), Value::Bytes(sensor));
            let row = vec![
                span.into(),
                field.into(),
                start.into(),
                value,
                sensor,
                service.into(),
                0.into(),
                count.into(),
            ];
            batch.rollup_values.push(row);
        }
    }
}

/// The hour and the day, as the rollups number them.
fn spans(at: Timestamp) -> [(i64, i64); 2] {
    [(0, at.hour().0), (1, at.day().0)]
}
