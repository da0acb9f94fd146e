//! API tokens.

use skep_model::{
    Timestamp,
    ids::{GroupId, TokenId},
    user::Role,
};

use crate::{AuditEntry, Store, StoreError, audit::write_audit, read::Read};

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// What it may do.
    pub role: Role,
    /// For which groups; none means all, for an admin's token.
    pub groups: Vec<GroupId>,
    /// Until when; `None`: until it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// A token as kept.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// The id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// For which groups.
    pub groups: Vec<GroupId>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is not taken any more.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Makes a token. [`StoreError::Conflict`]: there is one of that name.
    pub async fn create_token(
        &self,
        token: &NewToken,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO tokens (id, name, secret_hash, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(token.id.as_bytes())
            .bind(token.name.as_str())
            .bind(&token.secret_hash[..])
            .bind(token.role.number())
            .bind(audit.at.0)
            .bind(token.expires_at.map(|at| at.0))
            .execute(&mut *tx)
            .await?;
        for group in &token.groups {
            sqlx::query("INSERT INTO token_groups (token_id, group_id) VALUES ($1, $2)")
                .bind(token.id.as_bytes())
                .bind(group.as_bytes())
                .execute(&mut *tx)
                .await?;
        }
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// The token of a secret, whether or not it is still good.
    pub async fn token(&self, secret_hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        let row = sqlx::query("SELECT id, name, role, expires_at, last_used_at, revoked_at FROM tokens WHERE secret_hash = $1")
            .bind(&secret_hash[..])
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id: TokenId = row.id("id")?;
        let groups =
            sqlx::query("SELECT group_id FROM token_groups WHERE token_id = $1 ORDER BY group_id")
                .bind(id.as_bytes())
                .fetch_all(&self.read)
                .await?;
        Ok(Some(TokenRow {
            id,
            name: row.text("name")?,
            role: row.parsed("role", Role::from_number)?,
            groups: groups
                .iter()
                .map(|row| row.id("group_id"))
                .collect::<Result<_, _>>()?,
            expires_at: row.maybe_time("expires_at")?,
            last_used_at: row.maybe_time("last_used_at")?,
            revoked_at: row.maybe_time("revoked_at")?,
        }))
    }

    /// Notes that a token was used.
    pub async fn touch_token(&self, id: TokenId, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1")
            .bind(id.as_bytes())
            .bind(now.0)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
