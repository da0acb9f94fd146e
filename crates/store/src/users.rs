//! Users and their groups.

use std::collections::HashMap;

use skep_model::{
    Timestamp,
    ids::{GroupId, UserId},
    sensor::GroupRef,
    user::{Preferences, Role},
};
use sqlx::any::AnyRow;

use crate::{
    AuditEntry, Engine, Store, StoreError,
    audit::write_audit,
    database::{Connection, own},
    groups::write_group,
    read::Read,
};

/// A user to be made, or how one shall be.
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
    /// The groups.
    pub groups: Vec<GroupId>,
    /// The argon2id hash; `None` leaves the one there is.
    pub password_hash: Option<String>,
    /// Whether the password must be changed at the next log-in.
    pub must_change: bool,
}

/// A user as kept.
#[derive(Clone, Debug)]
pub struct UserRow {
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
    /// Whether the password must be changed at the next log-in.
    pub must_change: bool,
    /// The groups, by name.
    pub groups: Vec<GroupRef>,
    /// What the user chose.
    pub preferences: Preferences,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user last logged in.
    pub last_login_at: Option<Timestamp>,
}

/// What became of a change to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserWritten {
    /// It is done.
    Done,
    /// There is no such user.
    NotFound,
    /// Nobody could administer the server any more: nothing was changed.
    LastAdmin,
}

const COLUMNS: &str = "id, name, email, role, password_hash, must_change, language, time_zone, theme, created_at, last_login_at";

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
        self.lock_users(&mut tx).await?;
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
        write_user(&mut tx, user, audit.at).await?;
        write_memberships(&mut tx, user.id, &[group_id]).await?;
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes a user. [`StoreError::Conflict`]: the name is taken, or there is no such group.
    pub async fn create_user(&self, user: &NewUser, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        write_user(&mut tx, user, audit.at).await?;
        write_memberships(&mut tx, user.id, &user.groups).await?;
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// Changes a user to be as given. [`StoreError::Conflict`]: the name is taken, or there is no such group.
    pub async fn update_user(
        &self,
        user: &NewUser,
        audit: &AuditEntry,
    ) -> Result<UserWritten, StoreError> {
        let mut tx = self.begin().await?;
        self.lock_users(&mut tx).await?;
        if user.role != Role::Admin && !another_admin(&mut tx, user.id).await? {
            return Ok(UserWritten::LastAdmin);
        }
        let done = sqlx::query(
            "UPDATE users SET name = $2, email = $3, role = $4, must_change = $5,
             password_hash = COALESCE($6, password_hash) WHERE id = $1",
        )
        .bind(user.id.as_bytes())
        .bind(user.name.as_str())
        .bind(user.email.as_str())
        .bind(user.role.number())
        .bind(i64::from(user.must_change))
        .bind(user.password_hash.as_deref())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(UserWritten::NotFound);
        }
        sqlx::query("DELETE FROM memberships WHERE user_id = $1")
            .bind(user.id.as_bytes())
            .execute(&mut *tx)
            .await?;
        write_memberships(&mut tx, user.id, &user.groups).await?;
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(UserWritten::Done)
    }

    /// Removes a user, whose sessions end.
    pub async fn remove_user(
        &self,
        id: UserId,
        audit: &AuditEntry,
    ) -> Result<UserWritten, StoreError> {
        let mut tx = self.begin().await?;
        self.lock_users(&mut tx).await?;
        if !another_admin(&mut tx, id).await? {
            return Ok(UserWritten::LastAdmin);
        }
        let done = sqlx::query("DELETE FROM users WHERE id = $1")
            .bind(id.as_bytes())
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(UserWritten::NotFound);
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(UserWritten::Done)
    }

    /// Gives a user a password of the user's own choice.
    pub async fn set_password(
        &self,
        id: UserId,
        password_hash: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE users SET password_hash = $2, must_change = 0 WHERE id = $1")
            .bind(id.as_bytes())
            .bind(password_hash)
            .execute(&mut *tx)
            .await?;
        write_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps what a user chose.
    pub async fn set_preferences(
        &self,
        id: UserId,
        email: &str,
        preferences: &Preferences,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE users SET email = $2, language = $3, time_zone = $4, theme = $5 WHERE id = $1",
        )
        .bind(id.as_bytes())
        .bind(email)
        .bind(preferences.language.as_str())
        .bind(preferences.time_zone.as_str())
        .bind(preferences.theme.as_str())
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<UserRow>, StoreError> {
        self.users_where("", None).await
    }

    /// The user of a login name, in whatever case its ASCII letters are written.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        // Of a parameter PostgreSQL would turn other letters, too, but not of the column.
        let name = name.to_ascii_lowercase();
        Ok(self
            .users_where("WHERE lower(name) = $1", Some(Key::Name(&name)))
            .await?
            .pop())
    }

    /// The user of an id.
    pub async fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        Ok(self
            .users_where("WHERE id = $1", Some(Key::Id(id)))
            .await?
            .pop())
    }

    async fn users_where(
        &self,
        condition: &'static str,
        key: Option<Key<'_>>,
    ) -> Result<Vec<UserRow>, StoreError> {
        let sql = own(format!(
            "SELECT {COLUMNS} FROM users {condition} ORDER BY name"
        ));
        let query = match &key {
            None => sqlx::query(sql),
            Some(Key::Name(name)) => sqlx::query(sql).bind(*name),
            Some(Key::Id(id)) => sqlx::query(sql).bind(id.as_bytes()),
        };
        let rows = query.fetch_all(&self.read).await?;
        let only = match rows.as_slice() {
            [row] => Some(row.id::<UserId>("id")?),
            _ => None,
        };
        let mut groups = self.memberships(only).await?;
        rows.iter()
            .map(|row| {
                let of_user = groups.remove(&row.id("id")?).unwrap_or_default();
                user_row(row, of_user)
            })
            .collect()
    }

    /// The groups of one user or of all, by name.
    async fn memberships(
        &self,
        user: Option<UserId>,
    ) -> Result<HashMap<UserId, Vec<GroupRef>>, StoreError> {
        let rows = sqlx::query(
            "SELECT m.user_id, g.id, g.name FROM memberships m JOIN groups g ON g.id = m.group_id
             WHERE g.removed_at IS NULL AND ($1 IS NULL OR m.user_id = $1) ORDER BY g.name",
        )
        .bind(user.map(|id| id.as_bytes().to_vec()))
        .fetch_all(&self.read)
        .await?;
        let mut groups: HashMap<UserId, Vec<GroupRef>> = HashMap::new();
        for row in &rows {
            groups
                .entry(row.id("user_id")?)
                .or_default()
                .push(GroupRef {
                    id: row.id("id")?,
                    name: row.text("name")?,
                });
        }
        Ok(groups)
    }

    /// Keeps others from changing users until the transaction ends: two admins may demote each other at once.
    /// SQLite has one writer anyway.
    async fn lock_users(&self, tx: &mut Connection) -> Result<(), StoreError> {
        if self.engine == Engine::Postgres {
            sqlx::query("LOCK TABLE users IN EXCLUSIVE MODE")
                .execute(tx)
                .await?;
        }
        Ok(())
    }
}

/// By what a user is looked for.
enum Key<'a> {
    Name(&'a str),
    Id(UserId),
}

fn user_row(row: &AnyRow, groups: Vec<GroupRef>) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        id: row.id("id")?,
        name: row.text("name")?,
        email: row.text("email")?,
        role: row.parsed("role", Role::from_number)?,
        password_hash: row.text("password_hash")?,
        must_change: row.number("must_change")? != 0,
        groups,
        preferences: Preferences {
            language: row.text("language")?,
            time_zone: row.text("time_zone")?,
            theme: row.text("theme")?,
        },
        created_at: row.time("created_at")?,
        last_login_at: row.maybe_time("last_login_at")?,
    })
}

/// Whether there is an admin besides this user.
async fn another_admin(tx: &mut Connection, id: UserId) -> Result<bool, StoreError> {
    Ok(
        sqlx::query("SELECT name FROM users WHERE role = $2 AND id <> $1 LIMIT 1")
            .bind(id.as_bytes())
            .bind(Role::Admin.number())
            .fetch_optional(tx)
            .await?
            .is_some(),
    )
}

async fn write_user(tx: &mut Connection, user: &NewUser, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (id, name, email, role, password_hash, must_change, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(user.id.as_bytes())
    .bind(user.name.as_str())
    .bind(user.email.as_str())
    .bind(user.role.number())
    .bind(user.password_hash.as_deref().unwrap_or_default())
    .bind(i64::from(user.must_change))
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_memberships(
    tx: &mut Connection,
    user: UserId,
    groups: &[GroupId],
) -> Result<(), StoreError> {
    for group in groups {
        sqlx::query("INSERT INTO memberships (user_id, group_id) VALUES ($1, $2)")
            .bind(user.as_bytes())
            .bind(group.as_bytes())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
