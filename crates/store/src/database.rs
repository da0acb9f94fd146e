//! Opening a database, and what can go wrong with it.

use std::{path::Path, time::Duration};

use sqlx::{
    Any, AnyConnection, AnyPool, Connection as _, Executor, Transaction, any::AnyPoolOptions,
};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, in a file of the data folder.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A database that is ready.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) engine: Engine,
    pub(crate) writer: i64,
    pub(crate) write: AnyPool,
    pub(crate) read: AnyPool,
}

/// What can go wrong. The text is for the log; it never goes to a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The name is taken, or the row is referred to.
    #[error("the database refused it: {0}")]
    Conflict(#[source] sqlx::Error),
    /// The database cannot be reached, is full, or does not answer.
    #[error("the database failed: {0}")]
    Failed(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds something that this version does not know.
    #[error("the database holds a value that this version does not know, in {0}")]
    Unreadable(&'static str),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let conflict = error
            .as_database_error()
            .is_some_and(|e| e.is_unique_violation() || e.is_foreign_key_violation());
        if conflict {
            Self::Conflict(error)
        } else {
            Self::Failed(error)
        }
    }
}

/// How long a statement waits for SQLite's lock, and a caller for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

impl Store {
    /// Opens the SQLite database `skep.db` in a folder, making it where it is missing, and brings its schema up to date.
    pub async fn open_sqlite(folder: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rwc", folder.join("skep.db").display());
        let options = || {
            AnyPoolOptions::new().acquire_timeout(PATIENCE).after_connect(|connection, _| {
                Box::pin(async move {
                    // FULL: what was committed survives a power cut, which is what an acknowledgement promises.
                    connection
                        .execute(
                            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                             PRAGMA busy_timeout = 10000; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY;
                             PRAGMA journal_size_limit = 67108864",
                        )
                        .await?;
                    Ok(())
                })
            })
        };
        let write = options()
            .max_connections(1)
            // When the disk is full, SQLite ends a transaction by itself, and sqlx believes that it goes on:
            // such a connection is of no more use.
            .after_release(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .connect(&url)
            .await?;
        sqlx::migrate!("../../migrations/sqlite")
            .run(&write)
            .await?;
        let read = options()
            .max_connections(4)
            .min_connections(1)
            .connect(&url)
            .await?;
        Ok(Self {
            engine: Engine::Sqlite,
            writer: 0,
            write,
            read,
        })
    }

    /// Opens a PostgreSQL database by its URL, and brings its schema up to date.
    ///
    /// `writer` tells apart the servers that write to the same database: each has rollup rows of its own.
    pub async fn open_postgres(url: &str, writer: i64) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(8)
            .min_connections(1)
            .acquire_timeout(PATIENCE)
            .connect(url)
            .await?;
        sqlx::migrate!("../../migrations/postgres")
            .run(&pool)
            .await?;
        Ok(Self {
            engine: Engine::Postgres,
            writer,
            write: pool.clone(),
            read: pool,
        })
    }

    /// Which database it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
    }

    /// Waits for what runs, and lets go of all connections.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(match self.engine {
            Engine::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => self.write.begin().await?,
        })
    }
}

/// `($1, $2), ($3, $4)`: placeholders for `rows` rows of `columns` values, the first of which has the number `first`.
pub(crate) fn placeholders(first: usize, rows: usize, columns: usize) -> String {
    let mut sql = String::with_capacity(rows * columns * 5);
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                sql.push_str(", ");
            }
            sql.push('$');
            sql.push_str(&(first + row * columns + column).to_string());
        }
        sql.push(')');
    }
    sql
}

/// Cuts rows into pieces of few different sizes, so that each statement that inserts a piece is prepared once and
/// then found again: reading a statement of thousands of placeholders takes longer than running it.
pub(crate) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = [64, 16, 4, 1]
            .into_iter()
            .find(|size| *size <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

/// A statement that this crate put together from its own constants and placeholders; never from data.
pub(crate) fn own(sql: String) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(sql)
}

/// A connection within a transaction.
pub(crate) type Connection = AnyConnection;
