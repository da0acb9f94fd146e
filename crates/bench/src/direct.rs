//! The yardstick: inserts rows with plain statements, nothing in between, each batch in one durable transaction.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use skep_store::Engine;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

use crate::{
    Result,
    rows::{Batch, EVENT, Row, Value},
};

/// How many rows one statement inserts: few different sizes, so that each is prepared once and then found again, as
/// the product does. A statement of its own for each number of rows would be read anew each time, which takes longer
/// than running it.
const PIECES: [usize; 4] = [64, 16, 4, 1];

/// Inserts the batches into an empty database, and returns how long it took.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    engine: Engine,
    batches: &[Batch],
) -> Result<Duration> {
    let into_events = format!("INSERT INTO events ({})", EVENT.join(", "));
    let mut texts = 0;
    let begun = Instant::now();
    for batch in batches {
        let mut tx = match engine {
            Engine::Sqlite => connection.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => connection.begin().await?,
        };
        many(&mut tx, &into_events, &batch.events, "").await?;
        let into = "INSERT INTO interactions (event_number, idx, at, kind, body)";
        many(&mut tx, into, &batch.interactions, "").await?;
        match engine {
            Engine::Sqlite => searchable(&mut tx, &batch.texts, &mut texts).await?,
            Engine::Postgres => {
                let into = "INSERT INTO event_texts (event_number, text)";
                many(&mut tx, into, &batch.texts, "").await?;
            }
        }
        many(
            &mut tx,
            "INSERT INTO rollup_events (span, start, sensor_id, service_id, classification, writer, count)",
            &batch.rollup_events,
            "ON CONFLICT (span, start, sensor_id, service_id, classification, writer)
             DO UPDATE SET count = rollup_events.count + excluded.count",
        )
        .await?;
        many(
            &mut tx,
            "INSERT INTO rollup_values (span, field, start, value, sensor_id, service_id, writer, count)",
            &batch.rollup_values,
            "ON CONFLICT (span, field, start, value, sensor_id, service_id, writer)
             DO UPDATE SET count = rollup_values.count + excluded.count",
        )
        .await?;
        tx.commit().await?;
    }
    Ok(begun.elapsed())
}

/// SQLite keeps the text in a full-text index beside its table; the ids of a fresh table count from 1.
async fn searchable(tx: &mut AnyConnection, texts: &[Row], last: &mut i64) -> Result<()> {
    let mut numbers = vec![];
    let mut search = vec![];
    for text in texts {
        *last += 1;
        numbers.push(vec![text[0].clone()]);
        search.push(vec![(*last).into(), text[1].clone()]);
    }
    many(tx, "INSERT INTO event_texts (event_number)", &numbers, "").await?;
    many(tx, "INSERT INTO event_search (rowid, text)", &search, "").await
}

/// Inserts rows, piece by piece.
async fn many(tx: &mut AnyConnection, into: &str, rows: &[Row], conflict: &str) -> Result<()> {
    let Some(columns) = rows.first().map(Vec::len) else {
        return Ok(());
    };
    let mut rest = rows;
    while let Some(size) = PIECES.into_iter().find(|size| *size <= rest.len()) {
        let (chunk, later) = rest.split_at(size);
        rest = later;
        let mut sql = format!("{into} VALUES ");
        for row in 0..chunk.len() {
            sql.push_str(if row == 0 { "(" } else { "), (" });
            for column in 1..=columns {
                let comma = if column == 1 { "" } else { ", " };
                write!(sql, "{comma}${}", row * columns + column)?;
            }
        }
        sql.push_str(") ");
        sql.push_str(conflict);
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in chunk.iter().flatten() {
            query = match value {
                Value::Number(number) => query.bind(*number),
                Value::Bytes(bytes) => query.bind(bytes.as_slice()),
                Value::Text(text) => query.bind(text.as_str()),
            };
        }
        query.execute(&mut *tx).await?;
    }
    Ok(())
}
