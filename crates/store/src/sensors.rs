//! Sensors, their enrolment, and what they run.

use skep_model::{
    Address, Timestamp,
    ids::{GroupId, SensorId},
    sensor::GroupRef,
    user::Fate,
};
use skep_protocol::message::SensorStatus;
use sqlx::any::AnyRow;

use crate::{
    AuditEntry, NewInstance, Scope, Store, StoreError,
    audit::write_audit,
    database::{Connection, own},
    event_list::{Conditions, Value, bind},
    read::Read,
    services::write_instance,
};

/// A sensor as kept.
#[derive(Clone, Debug)]
pub struct SensorRow {
    /// The id.
    pub id: SensorId,
    /// The name.
    pub name: String,
    /// The group.
    pub group: GroupRef,
    /// The Ed25519 public key; `None` until it enrolled.
    pub public_key: Option<Vec<u8>>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Since when its key is not taken any more.
    pub revoked_at: Option<Timestamp>,
    /// When it last called.
    pub last_seen_at: Option<Timestamp>,
    /// Since when it is online or offline.
    pub presence_since: Option<Timestamp>,
    /// From where it last called.
    pub address: Option<Address>,
    /// The revision of the configuration that it should run.
    pub desired_revision: u64,
    /// The revision that it said it runs.
    pub active_revision: Option<u64>,
    /// Its last report.
    pub status: Option<SensorStatus>,
}

const COLUMNS: &str = "s.id, s.name, s.group_id, g.name AS group_name, s.public_key, s.created_at, s.revoked_at, s.last_seen_at, \
     s.presence_since, s.address, s.desired_revision, s.active_revision, s.status";

fn sensor_row(row: &AnyRow) -> Result<SensorRow, StoreError> {
    Ok(SensorRow {
        id: row.id("id")?,
        name: row.text("name")?,
        group: GroupRef {
            id: row.id("group_id")?,
            name: row.text("group_name")?,
        },
        public_key: row.maybe_bytes("public_key")?,
        created_at: row.time("created_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        last_seen_at: row.maybe_time("last_seen_at")?,
        presence_since: row.maybe_time("presence_since")?,
        address: row.maybe_id("address")?,
        desired_revision: row.number("desired_revision")? as u64,
        active_revision: row
            .maybe_number("active_revision")?
            .map(|revision| revision as u64),
        status: row
            .maybe_bytes("status")?
            .and_then(|json| serde_json::from_slice(&json).ok()),
    })
}

impl Store {
    /// Adds a sensor with what it shall run and its enrolment. [`StoreError::Conflict`]: the name is taken, or
    /// there is no such group.
    #[expect(
        clippy::too_many_arguments,
        reason = "one transaction writes all of it"
    )]
    pub async fn create_sensor(
        &self,
        id: SensorId,
        name: &str,
        group: GroupId,
        instances: &[NewInstance],
        secret_hash: &[u8; 32],
        expires_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO sensors (id, name, group_id, created_at) VALUES ($1, $2, $3, $4)")
            .bind(id.as_bytes())
            .bind(name)
            .bind(group.as_bytes())
            .bind(audit.at.0)
            .execute(&mut *tx)
            .await?;
        for instance in instances {
            write_instance(&mut tx, id, instance, audit.at).await?;
        }
        write_enrolment(&mut tx, id, secret_hash, expires_at, audit.at).await?;
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// Gives a sensor a new enrolment; the one before ends.
    pub async fn renew_enrolment(
        &self,
        id: SensorId,
        secret_hash: &[u8; 32],
        expires_at: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        write_enrolment(&mut tx, id, secret_hash, expires_at, audit.at).await?;
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// Uses up an enrolment: the sensor's key is this one from now on. `None`: there is no such enrolment, or it
    /// was used with another key, or it has expired. The same key may come again: its answer may have been lost.
    pub async fn enrol(
        &self,
        secret_hash: &[u8; 32],
        public_key: &[u8],
        now: Timestamp,
    ) -> Result<Option<SensorId>, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "UPDATE enrolments SET used_at = $2 WHERE secret_hash = $1 AND expires_at > $2 AND (used_at IS NULL OR EXISTS
             (SELECT 1 FROM sensors s WHERE s.id = enrolments.sensor_id AND s.public_key = $3)) RETURNING sensor_id",
        )
        .bind(&secret_hash[..])
        .bind(now.0)
        .bind(public_key)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: SensorId = row.id("sensor_id")?;
        sqlx::query("UPDATE sensors SET public_key = $2, enrolled_at = $3, revoked_at = NULL, active_revision = NULL WHERE id = $1")
            .bind(id.as_bytes())
            .bind(public_key)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Stops taking a sensor's key, and ends its enrolment.
    pub async fn revoke_sensor(&self, id: SensorId, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE sensors SET revoked_at = $2, presence_since = $2 WHERE id = $1")
            .bind(id.as_bytes())
            .bind(audit.at.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM enrolments WHERE sensor_id = $1")
            .bind(id.as_bytes())
            .execute(&mut *tx)
            .await?;
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// Gives a sensor another name or group. `false`: there is no such sensor. [`StoreError::Conflict`]: the name is
    /// taken, or there is no such group. Events that it sent keep the group that they were caught for.
    pub async fn edit_sensor(
        &self,
        id: SensorId,
        name: &str,
        group: GroupId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE sensors SET name = $2, group_id = $3 WHERE id = $1 AND removed_at IS NULL",
        )
        .bind(id.as_bytes())
        .bind(name)
        .bind(group.as_bytes())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes a sensor from sight; its events follow chunk by chunk, see [`Store::clear_removed`].
    pub async fn remove_sensor(
        &self,
        id: SensorId,
        fate: Fate,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE sensors SET removed_at = $2, fate = $3, public_key = NULL WHERE id = $1",
        )
        .bind(id.as_bytes())
        .bind(audit.at.0)
        .bind(fate.number())
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM enrolments WHERE sensor_id = $1")
            .bind(id.as_bytes())
            .execute(&mut *tx)
            .await?;
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that a sensor called. `since` is given when it was offline before.
    pub async fn note_poll(
        &self,
        id: SensorId,
        address: Option<Address>,
        active_revision: Option<u64>,
        status: &SensorStatus,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE sensors SET last_seen_at = $2, address = $3, active_revision = $4, status = $5,
             presence_since = COALESCE($6, presence_since, $2) WHERE id = $1",
        )
        .bind(id.as_bytes())
        .bind(now.0)
        .bind(address.map(|address| address.to_bytes().to_vec()))
        .bind(active_revision.map(|revision| revision as i64))
        .bind(serde_json::to_vec(status).unwrap_or_default())
        .bind(since.map(|at| at.0))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The sensors in scope, by name.
    pub async fn sensors(&self, scope: &Scope) -> Result<Vec<SensorRow>, StoreError> {
        self.sensors_that(scope, Conditions::default()).await
    }

    /// Those of these sensors that are in scope, by name.
    pub async fn sensors_among(
        &self,
        scope: &Scope,
        ids: &[SensorId],
    ) -> Result<Vec<SensorRow>, StoreError> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let mut conditions = Conditions::default();
        let ids = ids.iter().map(|id| Value::Bytes(id.as_bytes().to_vec()));
        conditions.any_of("s.id", ids.collect());
        self.sensors_that(scope, conditions).await
    }

    async fn sensors_that(
        &self,
        scope: &Scope,
        mut conditions: Conditions,
    ) -> Result<Vec<SensorRow>, StoreError> {
        conditions.scope("s.group_id", scope);
        conditions.plain("s.removed_at IS NULL");
        let sql = format!(
            "SELECT {COLUMNS} FROM sensors s JOIN groups g ON g.id = s.group_id {} ORDER BY s.name",
            conditions.sql()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(sensor_row).collect()
    }

    /// A sensor; `None` when there is none, or it is out of scope.
    pub async fn sensor(
        &self,
        scope: &Scope,
        id: SensorId,
    ) -> Result<Option<SensorRow>, StoreError> {
        let mut conditions = Conditions::default();
        conditions.add("s.id =", Value::Bytes(id.as_bytes().to_vec()));
        conditions.scope("s.group_id", scope);
        conditions.plain("s.removed_at IS NULL");
        let sql = format!(
            "SELECT {COLUMNS} FROM sensors s JOIN groups g ON g.id = s.group_id {}",
            conditions.sql()
        );
        let row = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(sensor_row).transpose()
    }
}

async fn write_enrolment(
    tx: &mut Connection,
    sensor: SensorId,
    secret_hash: &[u8; 32],
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO enrolments (sensor_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (sensor_id) DO UPDATE SET secret_hash = excluded.secret_hash, created_at = excluded.created_at,
         expires_at = excluded.expires_at, used_at = NULL",
    )
    .bind(sensor.as_bytes())
    .bind(&secret_hash[..])
    .bind(now.0)
    .bind(expires_at.0)
    .execute(tx)
    .await?;
    Ok(())
}
