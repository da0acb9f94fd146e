//! Making the index of texts anew, from the interactions.

use skep_model::Interaction;

use crate::{
    Engine, StoreError,
    database::Connection,
    event_text::{self, SEARCHED},
    read::Read,
};

/// How many interactions are read at once.
const TOGETHER: i64 = 200;
/// How many rows are written at once.
const ROWS: usize = 64;

/// Writes a text for each event, several where one has no room for all of it. `progress` hears how many
/// interactions were read.
pub(super) async fn make(
    tx: &mut Connection,
    engine: Engine,
    mut progress: impl FnMut(u64),
) -> Result<(), StoreError> {
    let (mut number, mut index) = (i64::MIN, i64::MIN);
    let mut text = String::new();
    let mut rows: Vec<(i64, String)> = vec![];
    let mut read = 0;
    loop {
        let page = sqlx::query(
            "SELECT event_number, idx, body FROM interactions WHERE (event_number, idx) > ($1, $2)
             ORDER BY event_number, idx LIMIT $3",
        )
        .bind(number)
        .bind(index)
        .bind(TOGETHER)
        .fetch_all(&mut *tx)
        .await?;
        for row in &page {
            let event = row.number("event_number")?;
            if event != number {
                keep(tx, engine, &mut rows, number, &mut text).await?;
            }
            (number, index) = (event, row.number("idx")?);
            // What cannot be read is not shown either.
            let Ok(interaction) = serde_json::from_slice::<Interaction>(&row.bytes("body")?) else {
                continue;
            };
            for value in interaction.kind.values() {
                if !text.is_empty() && text.len() + value.0.len() > SEARCHED {
                    keep(tx, engine, &mut rows, number, &mut text).await?;
                }
                event_text::add(&mut text, value);
            }
        }
        read += page.len() as u64;
        progress(read);
        if page.len() < TOGETHER as usize {
            keep(tx, engine, &mut rows, number, &mut text).await?;
            return event_text::insert(tx, engine, &rows).await;
        }
    }
}

/// Adds a text to the rows that are to be written, and writes them when they are many.
async fn keep(
    tx: &mut Connection,
    engine: Engine,
    rows: &mut Vec<(i64, String)>,
    number: i64,
    text: &mut String,
) -> Result<(), StoreError> {
    if text.is_empty() {
        return Ok(());
    }
    // One statement takes each event once.
    if rows.len() == ROWS || rows.last().is_some_and(|(last, _)| *last == number) {
        event_text::insert(tx, engine, rows).await?;
        rows.clear();
    }
    rows.push((number, std::mem::take(text)));
    Ok(())
}
