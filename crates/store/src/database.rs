//! Opening a database, and what can go wrong with it.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use sqlx::{
    Any, AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{MigrateError, Migrator},
};

use crate::read::Read;

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
    Migration(#[from] MigrateError),
    /// A row holds something that this version does not know.
    #[error("the database holds a value that this version does not know, in {0}")]
    Unreadable(&'static str),
    /// There is no database of Skep's.
    #[error("there is no database of Skep's at {0}")]
    Absent(String),
    /// The database or archive has a schema that this version does not know yet.
    #[error("it has schema {found}, and this version of skep-server knows schemas up to {known}")]
    Newer {
        /// Its schema.
        found: i64,
        /// The newest schema that is known.
        known: i64,
    },
    /// The tables are somebody else's.
    #[error("the database has tables that are not Skep's")]
    Foreign,
    /// The database is to be filled, and holds something.
    #[error("the database is not empty")]
    NotEmpty,
    /// The database is to be had alone, and is in use; or it is being filled.
    #[error("{0}")]
    InUse(&'static str),
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

/// PostgreSQL's advisory lock that whoever uses the database shares, and whoever fills it has alone.
const IN_USE: i64 = 0x736B_6570;

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// SQLite, in this folder.
    Folder(PathBuf),
    /// PostgreSQL, by its URL.
    Url(String),
}

impl Location {
    /// Which database it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self {
            Self::Folder(_) => Engine::Sqlite,
            Self::Url(_) => Engine::Postgres,
        }
    }

    /// One connection, which brings no schema up to date. `make`: make a SQLite database where there is none.
    pub(crate) async fn connect(&self, make: bool) -> Result<AnyPool, StoreError> {
        sqlx::any::install_default_drivers();
        let (options, url) = match self {
            Self::Folder(folder) if !make && !folder.join(FILE).exists() => {
                return Err(StoreError::Absent(folder.join(FILE).display().to_string()));
            }
            Self::Folder(folder) => (sqlite_options(), sqlite_url(folder)),
            Self::Url(url) => (pool_options(), url.clone()),
        };
        // A statement that reads a whole table takes its time.
        let url = AnyConnectOptions::from_str(&url)?.disable_statement_logging();
        let pool = options.max_connections(1).connect_with(url).await?;
        if self.engine() == Engine::Sqlite {
            // What it sets aside may be as large as the database.
            sqlx::query("PRAGMA temp_store = FILE")
                .execute(&pool)
                .await?;
        }
        Ok(pool)
    }
}

/// The SQLite database's file in the data folder.
pub(crate) const FILE: &str = "skep.db";

fn sqlite_url(folder: &Path) -> String {
    format!("sqlite://{}?mode=rwc", folder.join(FILE).display())
}

/// Connections stay as long as they are good, which is tried whenever one is taken. sqlx's task that looks for old ones
/// can fall into a loop without end when one comes back at the same moment (transact-rs/sqlx#3645), and it is there as
/// soon as there is a longest time or a smallest number.
fn pool_options() -> AnyPoolOptions {
    AnyPoolOptions::new()
        .acquire_timeout(PATIENCE)
        .min_connections(0)
        .idle_timeout(None)
        .max_lifetime(None)
}

fn sqlite_options() -> AnyPoolOptions {
    pool_options().after_connect(|connection, _| {
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
}

/// The steps that make the schema.
pub(crate) fn migrations(engine: Engine) -> &'static Migrator {
    static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
    static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");
    match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    }
}

/// Takes PostgreSQL's lock for as long as the connection lives, if it is to be had. SQLite's users share the lock of
/// the data folder.
pub(crate) async fn lock(
    connection: &mut Connection,
    engine: Engine,
    alone: bool,
) -> Result<bool, sqlx::Error> {
    let sql = match (engine, alone) {
        (Engine::Sqlite, _) => return Ok(true),
        (Engine::Postgres, true) => "SELECT pg_try_advisory_lock($1)",
        (Engine::Postgres, false) => "SELECT pg_try_advisory_lock_shared($1)",
    };
    // PostgreSQL takes a moment to see that a program is gone.
    for _ in 0..20 {
        let taken = sqlx::query_scalar(sql).bind(IN_USE);
        if taken.fetch_one(&mut *connection).await? {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(false)
}

/// The schema's version; `None` where there is no schema yet.
pub(crate) async fn schema(
    connection: &mut Connection,
    engine: Engine,
) -> Result<Option<i64>, StoreError> {
    let known = migrations(engine);
    if !table_exists(connection, engine, MIGRATIONS).await? {
        return Ok(None);
    }
    let applied = sqlx::query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
        .fetch_all(connection)
        .await?;
    let mut version = None;
    for row in &applied {
        let found = row.number("version")?;
        match known.iter().find(|migration| migration.version == found) {
            Some(migration) if migration.checksum.as_ref() == row.bytes("checksum")? => {
                version = Some(found);
            }
            None if found > newest(engine) => {
                return Err(StoreError::Newer {
                    found,
                    known: newest(engine),
                });
            }
            _ => return Err(StoreError::Foreign),
        }
    }
    Ok(version)
}

/// Where sqlx notes which migrations were applied.
pub(crate) const MIGRATIONS: &str = "_sqlx_migrations";

/// The newest schema that this program knows.
pub(crate) fn newest(engine: Engine) -> i64 {
    migrations(engine)
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}

pub(crate) async fn table_exists(
    connection: &mut Connection,
    engine: Engine,
    table: &str,
) -> Result<bool, StoreError> {
    let sql = match engine {
        Engine::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
        Engine::Postgres => {
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1"
        }
    };
    let found: i64 = sqlx::query_scalar(sql)
        .bind(table)
        .fetch_one(connection)
        .await?;
    Ok(found > 0)
}

impl Store {
    /// Opens a database where it is; `writer` is for PostgreSQL.
    pub async fn open(location: &Location, writer: i64) -> Result<Self, StoreError> {
        match location {
            Location::Folder(folder) => Self::open_sqlite(folder).await,
            Location::Url(url) => Self::open_postgres(url, writer).await,
        }
    }

    /// Opens the SQLite database `skep.db` in a folder, making it where it is missing, and brings its schema up to date.
    pub async fn open_sqlite(folder: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let url = sqlite_url(folder);
        let write = sqlite_options()
            .max_connections(1)
            // When the disk is full, SQLite ends a transaction by itself, and sqlx believes that it goes on:
            // such a connection is of no more use.
            .after_release(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .connect(&url)
            .await?;
        migrations(Engine::Sqlite).run(&write).await?;
        let read = sqlite_options().max_connections(4).connect(&url).await?;
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
        let pool = pool_options()
            .max_connections(8)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Whether it was to be had is asked once, below.
                    lock(connection, Engine::Postgres, false).await.map(drop)
                })
            })
            .connect(url)
            .await?;
        if !lock(&mut *pool.acquire().await?, Engine::Postgres, false).await? {
            return Err(StoreError::InUse(
                "a backup is being restored into it; start again when that is done",
            ));
        }
        migrations(Engine::Postgres).run(&pool).await?;
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
