//! Settings by name.

use crate::{AuditEntry, Store, StoreError, audit::write_audit, read::Read};

impl Store {
    /// The value of a setting, as it was put.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT value FROM settings WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Puts a setting.
    pub async fn put_setting(
        &self,
        name: &str,
        value: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .bind(name)
            .bind(value)
            .execute(&mut *tx)
            .await?;
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }
}
