//! The audit log: who changed what, from where.

use skep_model::{Address, Timestamp, ids::UserId};

use crate::{Store, StoreError, database::Connection};

/// One change.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// The user; `None` for the command line and API tokens.
    pub user: Option<UserId>,
    /// The user's or token's name at the time.
    pub user_name: String,
    /// From where.
    pub address: Option<Address>,
    /// What was done: `create`, `edit`, `revoke` …
    pub action: &'static str,
    /// To what kind of thing: `event`, `sensor` …
    pub kind: &'static str,
    /// To which.
    pub object: String,
    /// What changed, as it was before.
    pub before: Option<serde_json::Value>,
    /// What changed, as it is now.
    pub after: Option<serde_json::Value>,
}

impl Store {
    /// Writes an entry that belongs to no other change.
    pub async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        write_audit(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }
}

/// Writes an entry in the transaction of the change that it tells of.
pub(crate) async fn write_audit(tx: &mut Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_log (at, user_id, user_name, address, action, kind, object, before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(entry.at.0)
    .bind(entry.user.map(|id| id.as_bytes().to_vec()))
    .bind(entry.user_name.as_str())
    .bind(entry.address.map(|address| address.to_bytes().to_vec()))
    .bind(entry.action)
    .bind(entry.kind)
    .bind(entry.object.as_str())
    .bind(entry.before.as_ref().map(ToString::to_string))
    .bind(entry.after.as_ref().map(ToString::to_string))
    .execute(tx)
    .await?;
    Ok(())
}
