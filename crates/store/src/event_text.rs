//! The text of events that can be searched for.

use std::collections::HashMap;

use skep_model::{Bytes, raw};

use crate::{
    Engine, StoreError,
    database::{Connection, own, pieces, placeholders},
    read::Read,
};

/// The longest text of one row, in bytes.
pub(crate) const SEARCHED: usize = 16 * 1024;

/// Adds a value's visible form as a line, as far as there is room.
pub(crate) fn add(text: &mut String, value: &Bytes) {
    let room = SEARCHED.saturating_sub(text.len());
    if value.0.is_empty() || room == 0 {
        return;
    }
    text.push_str(&raw::visible(raw::cut(&value.0, room)));
    text.push('\n');
}

/// Inserts rows by the events' numbers. In one piece of 64, no number may come twice.
pub(crate) async fn insert(
    tx: &mut Connection,
    engine: Engine,
    texts: &[(i64, String)],
) -> Result<(), StoreError> {
    for chunk in pieces(texts) {
        match engine {
            Engine::Postgres => {
                let sql = own(format!(
                    "INSERT INTO event_texts (event_number, text) VALUES {}",
                    placeholders(1, chunk.len(), 2)
                ));
                let mut query = sqlx::query(sql);
                for (number, text) in chunk {
                    query = query.bind(*number).bind(text.as_str());
                }
                query.execute(&mut *tx).await?;
            }
            Engine::Sqlite => {
                let sql = own(format!(
                    "INSERT INTO event_texts (event_number) VALUES {} RETURNING id, event_number",
                    placeholders(1, chunk.len(), 1)
                ));
                let mut query = sqlx::query(sql);
                for (number, _) in chunk {
                    query = query.bind(*number);
                }
                let by_number: HashMap<i64, &str> = chunk
                    .iter()
                    .map(|(number, text)| (*number, text.as_str()))
                    .collect();
                let rows = query.fetch_all(&mut *tx).await?;
                let sql = own(format!(
                    "INSERT INTO event_search (rowid, text) VALUES {}",
                    placeholders(1, rows.len(), 2)
                ));
                let mut query = sqlx::query(sql);
                for row in &rows {
                    let text = by_number
                        .get(&row.number("event_number")?)
                        .copied()
                        .unwrap_or_default();
                    query = query.bind(row.number("id")?).bind(text);
                }
                query.execute(&mut *tx).await?;
            }
        }
    }
    Ok(())
}
