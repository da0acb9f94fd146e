//! Users' sessions in the console. Only the hash of a session's secret is kept.

use skep_model::{
    Address, Timestamp,
    ids::{SessionId, UserId},
    user::SessionView,
};

use crate::{Store, StoreError, UserRow, read::Read};

/// A session as kept.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// The user.
    pub user: UserRow,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
}

/// The id of a session: the first 16 bytes of its secret's hash.
#[must_use]
pub fn session_id(secret_hash: &[u8]) -> Option<SessionId> {
    secret_hash.get(..16).and_then(SessionId::from_slice)
}

impl Store {
    /// Opens a session, and notes the log-in with its user.
    pub async fn open_session(
        &self,
        secret_hash: &[u8; 32],
        user: UserId,
        address: Option<Address>,
        agent: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO sessions (secret_hash, user_id, created_at, last_seen_at, address, agent) VALUES ($1, $2, $3, $3, $4, $5)",
        )
        .bind(&secret_hash[..])
        .bind(user.as_bytes())
        .bind(now.0)
        .bind(address.map(|address| address.to_bytes().to_vec()))
        .bind(agent)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE users SET last_login_at = $2 WHERE id = $1")
            .bind(user.as_bytes())
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The session of a secret, whether or not it has expired.
    pub async fn session(&self, secret_hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query(
            "SELECT created_at, last_seen_at, user_id FROM sessions WHERE secret_hash = $1",
        )
        .bind(&secret_hash[..])
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(self.user(row.id("user_id")?).await?.map(|user| SessionRow {
            user,
            created_at: Timestamp(row.number("created_at").unwrap_or_default()),
            last_seen_at: Timestamp(row.number("last_seen_at").unwrap_or_default()),
        }))
    }

    /// Notes that a session is in use.
    pub async fn touch_session(
        &self,
        secret_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET last_seen_at = $2 WHERE secret_hash = $1")
            .bind(&secret_hash[..])
            .bind(now.0)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// A user's sessions used since a moment, newest use first. `current` is the one that asks.
    pub async fn sessions(
        &self,
        user: UserId,
        used_since: Timestamp,
        current: Option<SessionId>,
    ) -> Result<Vec<SessionView>, StoreError> {
        let rows = sqlx::query(
            "SELECT secret_hash, created_at, last_seen_at, address, agent FROM sessions
             WHERE user_id = $1 AND last_seen_at >= $2 ORDER BY last_seen_at DESC, created_at DESC",
        )
        .bind(user.as_bytes())
        .bind(used_since.0)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                let id = session_id(&row.bytes("secret_hash")?)
                    .ok_or(StoreError::Unreadable("secret_hash"))?;
                Ok(SessionView {
                    id,
                    address: row.maybe_id("address")?,
                    agent: row.data("agent")?,
                    created_at: row.time("created_at")?,
                    last_seen_at: row.time("last_seen_at")?,
                    current: current == Some(id),
                })
            })
            .collect()
    }

    /// Ends the session of a secret.
    pub async fn close_session(&self, secret_hash: &[u8; 32]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE secret_hash = $1")
            .bind(&secret_hash[..])
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Ends sessions of a user: the one of that id, or all but `except`. Returns the hashes of their secrets.
    pub async fn close_sessions(
        &self,
        user: UserId,
        only: Option<SessionId>,
        except: Option<SessionId>,
    ) -> Result<Vec<[u8; 32]>, StoreError> {
        let bytes = |id: Option<SessionId>| id.map(|id| id.as_bytes().to_vec());
        let rows = sqlx::query(
            "DELETE FROM sessions WHERE user_id = $1 AND ($2 IS NULL OR substr(secret_hash, 1, 16) = $2)
             AND ($3 IS NULL OR substr(secret_hash, 1, 16) <> $3) RETURNING secret_hash",
        )
        .bind(user.as_bytes())
        .bind(bytes(only))
        .bind(bytes(except))
        .fetch_all(&self.write)
        .await?;
        rows.iter()
            .map(|row| {
                row.bytes("secret_hash")?
                    .try_into()
                    .map_err(|_| StoreError::Unreadable("secret_hash"))
            })
            .collect()
    }

    /// Removes sessions that began before, or were last used before.
    pub async fn remove_expired_sessions(
        &self,
        began: Timestamp,
        used: Timestamp,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE created_at < $1 OR last_seen_at < $2")
            .bind(began.0)
            .bind(used.0)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}
