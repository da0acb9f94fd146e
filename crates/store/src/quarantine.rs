//! Parts of events that could not be taken, kept for a person to look at.

use skep_model::console::{QuarantineRow, SensorRef};

use crate::{
    Scope, Store, StoreError,
    database::own,
    event_list::{Conditions, Value, bind},
    read::Read,
};

impl Store {
    /// The newest rejected parts.
    pub async fn quarantine(
        &self,
        scope: &Scope,
        limit: u32,
    ) -> Result<Vec<QuarantineRow>, StoreError> {
        let mut conditions = Conditions::default();
        conditions.scope("s.group_id", scope);
        conditions.values.push(Value::Number(i64::from(limit)));
        let sql = format!(
            "SELECT q.sensor_id, s.name, q.received_at, q.reason, q.raw FROM quarantine q JOIN sensors s ON s.id = q.sensor_id
             {} ORDER BY q.id DESC LIMIT ${}",
            conditions.sql(),
            conditions.values.len()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(QuarantineRow {
                    sensor: SensorRef {
                        id: row.id("sensor_id")?,
                        name: row.text("name")?,
                    },
                    received_at: row.time("received_at")?,
                    reason: row.text("reason")?,
                    raw: row.data("raw")?,
                })
            })
            .collect()
    }
}
