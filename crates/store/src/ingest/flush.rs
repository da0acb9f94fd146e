//! Writing a plan to the tables, many rows per statement.

use std::collections::{BTreeMap, HashMap};

use skep_model::{Timestamp, ids::EventId, raw};

use super::{plan::Rejected, working::Working};
use crate::{
    Engine, StoreError,
    database::{Connection, own, pieces, placeholders},
    event_text,
    read::Read,
};

type Events = HashMap<EventId, Working>;

/// Inserts new events, which get their numbers, and updates stored ones.
pub(super) async fn events(
    tx: &mut Connection,
    order: &[EventId],
    events: &mut Events,
    now: Timestamp,
) -> Result<(), StoreError> {
    const COLUMNS: usize = 28;
    let fresh: Vec<EventId> = order
        .iter()
        .copied()
        .filter(|id| events.get(id).is_some_and(|w| w.fresh.is_some()))
        .collect();
    for chunk in pieces(&fresh) {
        let sql = own(format!(
            "INSERT INTO events (id, sensor_id, group_id, service_id, instance_id, revision, started_at, ended_at, last_at,
             received_at, source, source_port, target_port, transport, classification, severity, status, count, next_index,
             interactions, logins, accepted, commands, requests, files, probes, bytes_in, subject) VALUES {} RETURNING id, number",
            placeholders(1, chunk.len(), COLUMNS)
        ));
        let mut query = sqlx::query(sql);
        for working in chunk.iter().filter_map(|id| events.get(id)) {
            let Some(fresh) = &working.fresh else {
                continue;
            };
            let row = working.row();
            let digest = &row.digest;
            query = query
                .bind(row.id.as_bytes().to_vec())
                .bind(row.sensor.id.as_bytes().to_vec())
                .bind(row.group.id.as_bytes().to_vec())
                .bind(working.service_id)
                .bind(fresh.instance.as_bytes().to_vec())
                .bind(i64::from(fresh.revision))
                .bind(row.started_at.0)
                .bind(row.ended_at.map(|at| at.0))
                .bind(working.last_at.0)
                .bind(now.0)
                .bind(row.source.to_bytes().to_vec())
                .bind(i64::from(row.source_port))
                .bind(i64::from(row.target_port))
                .bind(row.transport.number())
                .bind(row.classification.number())
                .bind(row.severity.number())
                .bind(row.status.number())
                .bind(i64::from(row.count))
                .bind(i64::from(working.next_index()))
                .bind(i64::from(digest.interactions))
                .bind(i64::from(digest.logins))
                .bind(i64::from(digest.accepted))
                .bind(i64::from(digest.commands))
                .bind(i64::from(digest.requests))
                .bind(i64::from(digest.files))
                .bind(i64::from(digest.probes))
                .bind(digest.bytes_in as i64)
                .bind(digest.subject.0.clone());
        }
        for row in &query.fetch_all(&mut *tx).await? {
            if let Some(working) = events.get_mut(&row.id("id")?) {
                working.set_number(row.number("number")?);
            }
        }
    }
    for working in order
        .iter()
        .filter_map(|id| events.get(id))
        .filter(|working| working.fresh.is_none())
    {
        let row = working.row();
        let digest = &row.digest;
        sqlx::query(
            "UPDATE events SET ended_at = $2, last_at = $3, classification = $4, severity = $5, next_index = $6,
             interactions = $7, logins = $8, accepted = $9, commands = $10, requests = $11, files = $12, probes = $13,
             bytes_in = $14, subject = $15 WHERE number = $1",
        )
        .bind(row.number)
        .bind(row.ended_at.map(|at| at.0))
        .bind(working.last_at.0)
        .bind(row.classification.number())
        .bind(row.severity.number())
        .bind(i64::from(working.next_index()))
        .bind(i64::from(digest.interactions))
        .bind(i64::from(digest.logins))
        .bind(i64::from(digest.accepted))
        .bind(i64::from(digest.commands))
        .bind(i64::from(digest.requests))
        .bind(i64::from(digest.files))
        .bind(i64::from(digest.probes))
        .bind(digest.bytes_in as i64)
        .bind(digest.subject.0.as_slice())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Inserts the new interactions.
pub(super) async fn interactions(
    tx: &mut Connection,
    order: &[EventId],
    events: &Events,
) -> Result<(), StoreError> {
    const COLUMNS: usize = 5;
    let rows: Vec<_> = order
        .iter()
        .filter_map(|id| events.get(id))
        .flat_map(|working| {
            working
                .added
                .iter()
                .map(|(index, interaction)| (working.row().number, *index, interaction))
        })
        .collect();
    for chunk in pieces(&rows) {
        let sql = own(format!(
            "INSERT INTO interactions (event_number, idx, at, kind, body) VALUES {}",
            placeholders(1, chunk.len(), COLUMNS)
        ));
        let mut query = sqlx::query(sql);
        for (number, index, interaction) in chunk {
            query = query
                .bind(*number)
                .bind(i64::from(*index))
                .bind(interaction.at.0)
                .bind(interaction.kind.word())
                .bind(serde_json::to_vec(interaction).unwrap_or_default());
        }
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// Inserts what can be searched for.
pub(super) async fn texts(
    tx: &mut Connection,
    engine: Engine,
    order: &[EventId],
    events: &Events,
) -> Result<(), StoreError> {
    let texts: Vec<(i64, String)> = order
        .iter()
        .filter_map(|id| events.get(id))
        .map(|working| (working.row().number, searchable(working)))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    event_text::insert(tx, engine, &texts).await
}

/// The visible text of what was added to an event, a value a line.
fn searchable(working: &Working) -> String {
    let mut text = String::new();
    for (_, interaction) in &working.added {
        for value in interaction.kind.values() {
            event_text::add(&mut text, value);
        }
    }
    text
}

/// Keeps the parts that did not fit.
pub(super) async fn quarantine(
    tx: &mut Connection,
    rejected: &[Rejected],
    now: Timestamp,
) -> Result<(), StoreError> {
    for part in rejected {
        sqlx::query("INSERT INTO quarantine (sensor_id, epoch, seq, received_at, reason, raw) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(part.sensor.as_bytes())
            .bind(part.epoch.as_bytes())
            .bind(part.seq as i64)
            .bind(now.0)
            .bind(raw::visible(part.reason.as_bytes()))
            .bind(part.raw.as_slice())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Moves the watermarks on.
pub(super) async fn watermarks(
    tx: &mut Connection,
    marks: &BTreeMap<([u8; 16], [u8; 16]), u64>,
) -> Result<(), StoreError> {
    for ((sensor, epoch), seq) in marks {
        sqlx::query("UPDATE watermarks SET seq = $3 WHERE sensor_id = $1 AND epoch = $2")
            .bind(&sensor[..])
            .bind(&epoch[..])
            .bind(*seq as i64)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
