//! One event, whole.

use skep_model::{
    Interaction, Transport,
    console::{EventDetail, EventRow, Packet},
    ids::EventId,
};
use sqlx::any::AnyRow;

use crate::{
    Scope, Store, StoreError,
    database::own,
    event_list::{COLUMNS, Conditions, Value, bind, event_row, source},
    read::Read,
};

impl Store {
    /// An event with everything in it, live or archived; `None` when there is none, or it is out of scope.
    pub async fn event(
        &self,
        scope: &Scope,
        id: EventId,
    ) -> Result<Option<EventDetail>, StoreError> {
        // One transaction sees the row and its parts at one moment.
        let mut tx = self.read.begin().await?;
        let mut found = None;
        for archived in [false, true] {
            if found.is_none() {
                let (sql, values) = by_id(scope, id, archived);
                found = bind(sqlx::query(own(sql)), values)
                    .fetch_optional(&mut *tx)
                    .await?;
            }
        }
        let Some(row) = found else { return Ok(None) };
        let number = row.number("number")?;
        let interactions =
            sqlx::query("SELECT body FROM interactions WHERE event_number = $1 ORDER BY idx")
                .bind(number)
                .fetch_all(&mut *tx)
                .await?;
        let packets =
            sqlx::query("SELECT at, transport, port, flags, payload FROM packets WHERE event_number = $1 ORDER BY idx")
                .bind(number)
                .fetch_all(&mut *tx)
                .await?;
        Ok(Some(EventDetail {
            row: event_row(&row)?,
            comment: row.text("comment")?,
            received_at: row.time("received_at")?,
            archived_at: row.maybe_time("archived_at")?,
            interactions: interactions
                .iter()
                .map(interaction)
                .collect::<Result<_, _>>()?,
            packets: packets.iter().map(packet).collect::<Result<_, _>>()?,
        }))
    }

    /// The row of a live event; `None` when there is none, or it is out of scope.
    pub async fn event_row(
        &self,
        scope: &Scope,
        id: EventId,
    ) -> Result<Option<EventRow>, StoreError> {
        let (sql, values) = by_id(scope, id, false);
        let row = bind(sqlx::query(own(sql)), values)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(event_row).transpose()
    }
}

fn by_id(scope: &Scope, id: EventId, archived: bool) -> (String, Vec<Value>) {
    let mut conditions = Conditions::default();
    conditions.add("e.id =", Value::Bytes(id.as_bytes().to_vec()));
    conditions.scope("e.group_id", scope);
    let sql = format!(
        "SELECT {COLUMNS} FROM {} {}",
        source(archived),
        conditions.sql()
    );
    (sql, conditions.values)
}

fn interaction(row: &AnyRow) -> Result<Interaction, StoreError> {
    serde_json::from_slice(&row.bytes("body")?).map_err(|_| StoreError::Unreadable("body"))
}

fn packet(row: &AnyRow) -> Result<Packet, StoreError> {
    Ok(Packet {
        at: row.time("at")?,
        transport: row.parsed("transport", Transport::from_number)?,
        port: u16::try_from(row.number("port")?).unwrap_or_default(),
        flags: row
            .maybe_number("flags")?
            .and_then(|flags| u8::try_from(flags).ok()),
        payload: row.data("payload")?,
    })
}
