//! Users, their groups, and their sessions.

use skep_model::{
    Address, Timestamp,
    ids::{GroupId, UserId},
    sensor::GroupRef,
    user::Role,
};
use sqlx::any::AnyRow;

use crate::{
    AuditEntry, Scope, Store, StoreError,
    audit::write_audit,
    database::{Connection, own},
    event_list::{Conditions, bind},
    read::Read,
};

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id.
    pub id: UserId,
    /// The login name.
    pub name: String,
    /// The mail address; may be empty.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The argon2id hash.
    pub password_hash: String,
}

/// A user as kept.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// The id.
    pub id: UserId,
    /// The login name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The argon2id hash.
    pub password_hash: String,
    /// The groups.
    pub groups: Vec<GroupId>,
}

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

impl Store {
    /// Whether there is any user.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query("SELECT name FROM users LIMIT 1")
            .fetch_optional(&self.read)
            .await?
            .is_some())
    }

    /// Makes the first user and the first group together; `false`, and nothing made, when there is a user already.
    pub async fn set_up(
        &self,
        user: &NewUser,
        group: &str,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        if self.engine == crate::Engine::Postgres {
            // Two browsers may press the button at once.
            sqlx::query("LOCK TABLE users IN EXCLUSIVE MODE")
                .execute(&mut *tx)
                .await?;
        }
        if sqlx::query("SELECT name FROM users LIMIT 1")
            .fetch_optional(&mut *tx)
            .await?
            .is_some()
        {
            return Ok(false);
        }
        // A local sensor may have been added before anybody set the server up: its group is the first one.
        let existing = sqlx::query("SELECT id FROM groups ORDER BY created_at LIMIT 1")
            .fetch_optional(&mut *tx)
            .await?;
        let group_id = match existing {
            Some(row) => {
                let id: GroupId = row.id("id")?;
                sqlx::query("UPDATE groups SET name = $2 WHERE id = $1")
                    .bind(id.as_bytes())
                    .bind(group)
                    .execute(&mut *tx)
                    .await?;
                id
            }
            None => write_group(&mut tx, group, audit.at).await?,
        };
        sqlx::query("INSERT INTO users (id, name, email, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(user.id.as_bytes())
            .bind(user.name.as_str())
            .bind(user.email.as_str())
            .bind(user.role.number())
            .bind(user.password_hash.as_str())
            .bind(audit.at.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO memberships (user_id, group_id) VALUES ($1, $2)")
            .bind(user.id.as_bytes())
            .bind(group_id.as_bytes())
            .execute(&mut *tx)
            .await?;
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes a group.
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

    /// The user of a login name.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        let row = sqlx::query(
            "SELECT id AS user_id, name, role, password_hash FROM users WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(&self.read)
        .await?;
        match row {
            Some(row) => Ok(Some(self.user(&row).await?)),
            None => Ok(None),
        }
    }

    async fn user(&self, row: &AnyRow) -> Result<UserRow, StoreError> {
        let id: UserId = row.id("user_id")?;
        let groups =
            sqlx::query("SELECT group_id FROM memberships WHERE user_id = $1 ORDER BY group_id")
                .bind(id.as_bytes())
                .fetch_all(&self.read)
                .await?;
        Ok(UserRow {
            id,
            name: row.text("name")?,
            role: row.parsed("role", Role::from_number)?,
            password_hash: row.text("password_hash")?,
            groups: groups
                .iter()
                .map(|row| row.id("group_id"))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Opens a session, of which only the hash of its secret is kept.
    pub async fn open_session(
        &self,
        secret_hash: &[u8; 32],
        user: UserId,
        address: Option<Address>,
        agent: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sessions (secret_hash, user_id, created_at, last_seen_at, address, agent) VALUES ($1, $2, $3, $3, $4, $5)",
        )
        .bind(&secret_hash[..])
        .bind(user.as_bytes())
        .bind(now.0)
        .bind(address.map(|address| address.to_bytes().to_vec()))
        .bind(agent)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The session of a secret, whether or not it has expired.
    pub async fn session(&self, secret_hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query(
            "SELECT s.created_at, s.last_seen_at, s.user_id, u.name, u.role, u.password_hash
             FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.secret_hash = $1",
        )
        .bind(&secret_hash[..])
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SessionRow {
            user: self.user(&row).await?,
            created_at: row.time("created_at")?,
            last_seen_at: row.time("last_seen_at")?,
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

    /// Ends a session.
    pub async fn close_session(&self, secret_hash: &[u8; 32]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE secret_hash = $1")
            .bind(&secret_hash[..])
            .execute(&self.write)
            .await?;
        Ok(())
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

    /// The groups in scope, by name.
    pub async fn groups(&self, scope: &Scope) -> Result<Vec<GroupRef>, StoreError> {
        let mut conditions = Conditions::default();
        conditions.scope("id", scope);
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
}

async fn write_group(
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
