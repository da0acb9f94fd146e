//! Groups of users and sensors.

use skep_model::{
    Timestamp,
    ids::GroupId,
    sensor::GroupRef,
    user::{Fate, GroupView},
};

use crate::{
    AuditEntry, Scope, Store, StoreError,
    audit::write_audit,
    database::{Connection, own},
    event_list::{Conditions, bind},
    read::Read,
};

impl Store {
    /// The groups in scope, by name.
    pub async fn groups(&self, scope: &Scope) -> Result<Vec<GroupRef>, StoreError> {
        let mut conditions = Conditions::default();
        conditions.scope("id", scope);
        conditions.plain("removed_at IS NULL");
        let sql = own(format!(
            "SELECT id, name FROM groups {} ORDER BY name",
            conditions.sql()
        ));
        let rows = bind(sqlx::query(sql), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(GroupRef {
                    id: row.id("id")?,
                    name: row.text("name")?,
                })
            })
            .collect()
    }

    /// All groups by name, with how many users and sensors they have.
    pub async fn group_views(&self) -> Result<Vec<GroupView>, StoreError> {
        let rows = sqlx::query(
            "SELECT g.id, g.name, (SELECT COUNT(*) FROM memberships m WHERE m.group_id = g.id) AS users,
             (SELECT COUNT(*) FROM sensors s WHERE s.group_id = g.id AND s.removed_at IS NULL) AS sensors
             FROM groups g WHERE g.removed_at IS NULL ORDER BY g.name",
        )
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(GroupView {
                    id: row.id("id")?,
                    name: row.text("name")?,
                    users: row.count("users")?,
                    sensors: row.count("sensors")?,
                })
            })
            .collect()
    }

    /// Makes a group. [`StoreError::Conflict`]: the name is taken.
    pub async fn create_group(
        &self,
        name: &str,
        audit: &AuditEntry,
    ) -> Result<GroupId, StoreError> {
        let mut tx = self.begin().await?;
        let id = write_group(&mut tx, name, audit.at).await?;
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Gives a group another name. `false`: there is no such group. [`StoreError::Conflict`]: the name is taken.
    pub async fn rename_group(
        &self,
        id: GroupId,
        name: &str,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("UPDATE groups SET name = $2 WHERE id = $1 AND removed_at IS NULL")
            .bind(id.as_bytes())
            .bind(name)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes a group and its sensors from sight; their events follow chunk by chunk, see
    /// [`Store::clear_removed`]. `false`: there is no such group.
    pub async fn remove_group(
        &self,
        id: GroupId,
        fate: Fate,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE groups SET removed_at = $2, fate = $3 WHERE id = $1 AND removed_at IS NULL",
        )
        .bind(id.as_bytes())
        .bind(audit.at.0)
        .bind(fate.number())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE sensors SET removed_at = $2, fate = $3, public_key = NULL WHERE group_id = $1 AND removed_at IS NULL")
            .bind(id.as_bytes())
            .bind(audit.at.0)
            .bind(fate.number())
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM enrolments WHERE sensor_id IN (SELECT id FROM sensors WHERE group_id = $1)")
            .bind(id.as_bytes())
            .execute(&mut *tx)
            .await?;
        for table in ["memberships", "token_groups"] {
            let sql = own(format!("DELETE FROM {table} WHERE group_id = $1"));
            sqlx::query(sql)
                .bind(id.as_bytes())
                .execute(&mut *tx)
                .await?;
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

pub(crate) async fn write_group(
    tx: &mut Connection,
    name: &str,
    now: Timestamp,
) -> Result<GroupId, StoreError> {
    let id = GroupId::new();
    sqlx::query("INSERT INTO groups (id, name, created_at) VALUES ($1, $2, $3)")
        .bind(id.as_bytes())
        .bind(name)
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(id)
}
