//! API tokens.

use std::collections::HashMap;

use skep_model::{
    Timestamp,
    ids::{GroupId, TokenId},
    sensor::GroupRef,
    token::{Area, TokenView},
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
    /// Where.
    pub areas: Vec<Area>,
    /// For which groups; none means all, for an admin's token.
    pub groups: Vec<GroupId>,
    /// Until when; `None`: until it is revoked.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// Makes a token. [`StoreError::Conflict`]: there is one of that name.
    pub async fn create_token(
        &self,
        token: &NewToken,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO tokens (id, name, secret_hash, role, areas, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(token.id.as_bytes())
            .bind(token.name.as_str())
            .bind(&token.secret_hash[..])
            .bind(token.role.number())
            .bind(token.areas.iter().fold(0, |bits, area| bits | area.number()))
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
    pub async fn token(&self, secret_hash: &[u8; 32]) -> Result<Option<TokenView>, StoreError> {
        Ok(self.tokens_where(Some(secret_hash)).await?.pop())
    }

    /// All tokens, by name; revoked ones too.
    pub async fn tokens(&self) -> Result<Vec<TokenView>, StoreError> {
        self.tokens_where(None).await
    }

    async fn tokens_where(
        &self,
        secret_hash: Option<&[u8; 32]>,
    ) -> Result<Vec<TokenView>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, name, role, areas, created_at, expires_at, last_used_at, revoked_at FROM tokens
             WHERE $1 IS NULL OR secret_hash = $1 ORDER BY name",
        )
        .bind(secret_hash.map(|hash| hash.to_vec()))
        .fetch_all(&self.read)
        .await?;
        let groups = sqlx::query(
            "SELECT t.token_id, g.id, g.name FROM token_groups t JOIN groups g ON g.id = t.group_id
             JOIN tokens k ON k.id = t.token_id WHERE $1 IS NULL OR k.secret_hash = $1 ORDER BY g.name",
        )
        .bind(secret_hash.map(|hash| hash.to_vec()))
        .fetch_all(&self.read)
        .await?;
        let mut of_token: HashMap<TokenId, Vec<GroupRef>> = HashMap::new();
        for row in &groups {
            of_token
                .entry(row.id("token_id")?)
                .or_default()
                .push(GroupRef {
                    id: row.id("id")?,
                    name: row.text("name")?,
                });
        }
        rows.iter()
            .map(|row| {
                let id: TokenId = row.id("id")?;
                let bits = row.number("areas")?;
                Ok(TokenView {
                    id,
                    name: row.text("name")?,
                    role: row.parsed("role", Role::from_number)?,
                    areas: Area::ALL
                        .iter()
                        .copied()
                        .filter(|area| bits & area.number() != 0)
                        .collect(),
                    groups: of_token.remove(&id).unwrap_or_default(),
                    created_at: row.time("created_at")?,
                    expires_at: row.maybe_time("expires_at")?,
                    last_used_at: row.maybe_time("last_used_at")?,
                    revoked_at: row.maybe_time("revoked_at")?,
                })
            })
            .collect()
    }

    /// Takes a token no longer. `false`: there is no such token, or it was revoked before.
    pub async fn revoke_token(
        &self,
        id: TokenId,
        mut audit: AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING name",
        )
        .bind(id.as_bytes())
        .bind(audit.at.0)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(false) };
        audit.object = row.text("name")?;
        write_audit(&mut tx, &audit).await?;
        tx.commit().await?;
        Ok(true)
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
