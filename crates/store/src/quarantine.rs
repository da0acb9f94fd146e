//! Parts of events that could not be taken, kept for a person to look at.

use skep_model::{Timestamp, console::SensorRef, ids::SensorId, system::QuarantineView};

use crate::{
    AuditEntry, Scope, Store, StoreError,
    audit::write_audit,
    database::own,
    event_list::{Conditions, Value, bind},
    read::Read,
};

impl Store {
    /// Rejected parts older than `before`, newest first.
    pub async fn quarantine(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<QuarantineView>, StoreError> {
        let mut conditions = Conditions::default();
        if let Some(before) = before {
            conditions.add("q.id <", Value::Number(before));
        }
        self.quarantine_where(scope, conditions, limit).await
    }

    /// A rejected part; `None` when there is none, or it is out of scope.
    pub async fn quarantined(
        &self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<QuarantineView>, StoreError> {
        let mut conditions = Conditions::default();
        conditions.add("q.id =", Value::Number(id));
        Ok(self.quarantine_where(scope, conditions, 1).await?.pop())
    }

    async fn quarantine_where(
        &self,
        scope: &Scope,
        mut conditions: Conditions,
        limit: u32,
    ) -> Result<Vec<QuarantineView>, StoreError> {
        conditions.scope("s.group_id", scope);
        conditions.values.push(Value::Number(i64::from(limit)));
        let sql = format!(
            "SELECT q.id, q.sensor_id, s.name, q.received_at, q.reason, q.raw FROM quarantine q JOIN sensors s ON s.id = q.sensor_id
             {} ORDER BY q.id DESC LIMIT ${}",
            conditions.sql(),
            conditions.values.len()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(QuarantineView {
                    id: row.number("id")?,
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

    /// How many parts of one sensor, or of all, are in quarantine.
    pub async fn count_quarantine(&self, sensor: Option<SensorId>) -> Result<u64, StoreError> {
        let row =
            sqlx::query("SELECT COUNT(*) AS n FROM quarantine WHERE $1 IS NULL OR sensor_id = $1")
                .bind(sensor.map(|id| id.as_bytes().to_vec()))
                .fetch_one(&self.read)
                .await?;
        Ok(row.number("n")? as u64)
    }

    /// Throws a rejected part away. `false`: it is not there any more.
    pub async fn discard(&self, id: i64, audit: &AuditEntry) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("DELETE FROM quarantine WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes rejected parts older than a moment.
    pub async fn prune_quarantine(&self, before: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM quarantine WHERE received_at < $1")
            .bind(before.0)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}
