//! Fresh databases with the product's schema, and what they hold.

use std::path::Path;

use skep_hub::Store;
use skep_model::ids::Epoch;
use skep_store::Engine;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};
use tempfile::TempDir;

use crate::Result;

/// A database of its own, empty but for the schema.
pub(crate) struct Database {
    pub(crate) engine: Engine,
    url: String,
    folder: TempDir,
    /// The cluster and the database's name in it, on PostgreSQL.
    cluster: Option<(String, String)>,
}

impl Database {
    /// Makes one: a file in a temporary folder, or a database in the cluster that `url` leads to.
    pub(crate) async fn create(engine: Engine, url: Option<&str>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        sqlx::any::install_default_drivers();
        let (url, cluster) = match engine {
            Engine::Sqlite => (
                format!("sqlite://{}", folder.path().join("skep.db").display()),
                None,
            ),
            Engine::Postgres => {
                let cluster = url.ok_or("PostgreSQL needs --database-url")?;
                let name = format!("skep_bench_{}", Epoch::new().to_string().replace('-', ""));
                let mut url = reqwest::Url::parse(cluster)?;
                url.set_path(&name);
                administer(cluster, format!("CREATE DATABASE {name}")).await?;
                (url.to_string(), Some((cluster.to_owned(), name)))
            }
        };
        let database = Self {
            engine,
            url,
            folder,
            cluster,
        };
        database.store().await?.close().await;
        Ok(database)
    }

    /// Opens it as the product does.
    pub(crate) async fn store(&self) -> Result<Store> {
        Ok(match self.engine {
            Engine::Sqlite => Store::open_sqlite(self.folder()).await?,
            Engine::Postgres => Store::open_postgres(&self.url, 0).await?,
        })
    }

    /// The folder for everything else, and for SQLite's file.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server is told as `DATABASE_URL`.
    pub(crate) fn url_for_server(&self) -> Option<&str> {
        (self.engine == Engine::Postgres).then_some(&self.url)
    }

    /// A connection that is as durable and has as much memory as the product's.
    pub(crate) async fn connect(&self) -> Result<AnyConnection> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        if self.engine == Engine::Sqlite {
            connection
                .execute(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8000;
                     PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864",
                )
                .await?;
        }
        Ok(connection)
    }

    /// Removes it.
    pub(crate) async fn remove(self) -> Result<()> {
        if let Some((cluster, name)) = &self.cluster {
            administer(cluster, format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }

    /// Counts what it holds.
    pub(crate) async fn contents(&self) -> Result<Contents> {
        let mut connection = self.connect().await?;
        let mut tables = vec!["events", "interactions", "event_texts"];
        if self.engine == Engine::Sqlite {
            tables.push("event_search_docsize");
        }
        let mut counts = vec![];
        for table in tables {
            counts.push(number(&mut connection, format!("SELECT COUNT(*) FROM {table}")).await?);
        }
        // A count that came back to zero is no row that the other side has to write.
        for table in ["rollup_events", "rollup_values"] {
            counts.push(
                number(
                    &mut connection,
                    format!("SELECT COUNT(*) FROM {table} WHERE count <> 0"),
                )
                .await?,
            );
        }
        let rows = counts.iter().sum();
        for sum in [
            "count) AS BIGINT) FROM rollup_events",
            "count) AS BIGINT) FROM rollup_values",
            "length(body)) AS BIGINT) FROM interactions",
        ] {
            counts.push(number(&mut connection, format!("SELECT CAST(SUM({sum}")).await?);
        }
        Ok(Contents {
            events: counts[0],
            sources: number(
                &mut connection,
                "SELECT COUNT(DISTINCT source) FROM events".to_owned(),
            )
            .await?,
            rows,
            counts,
        })
    }

    /// How large it is on disk.
    pub(crate) async fn sizes(&self) -> Result<Sizes> {
        let [total, indexes, search] = match self.engine {
            Engine::Sqlite => [
                "SELECT SUM(pgsize) FROM dbstat WHERE aggregate = TRUE",
                "SELECT SUM(pgsize) FROM dbstat WHERE aggregate = TRUE
                 AND name IN (SELECT name FROM sqlite_master WHERE type = 'index')",
                "SELECT SUM(pgsize) FROM dbstat WHERE aggregate = TRUE AND name LIKE 'event_search%'",
            ],
            Engine::Postgres => [
                "SELECT CAST(SUM(pg_total_relation_size(oid)) AS BIGINT) FROM pg_class
                 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
                "SELECT CAST(SUM(pg_relation_size(oid)) AS BIGINT) FROM pg_class WHERE relkind = 'i'
                 AND relnamespace = 'public'::regnamespace AND relname <> 'event_texts_text'",
                "SELECT pg_relation_size('event_texts_text')",
            ],
        };
        let mut connection = self.connect().await?;
        Ok(Sizes {
            total: number(&mut connection, total.to_owned()).await?,
            indexes: number(&mut connection, indexes.to_owned()).await?,
            search: number(&mut connection, search.to_owned()).await?,
        })
    }
}

/// How many rows there are, and sums over them: equal in two databases that hold the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) events: i64,
    pub(crate) sources: i64,
    pub(crate) rows: i64,
    counts: Vec<i64>,
}

/// Bytes on disk: all of it, and of that the ordinary and the trigram indexes.
pub(crate) struct Sizes {
    pub(crate) total: i64,
    pub(crate) indexes: i64,
    pub(crate) search: i64,
}

async fn number(connection: &mut AnyConnection, sql: String) -> Result<i64> {
    let row = sqlx::query(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

async fn administer(cluster: &str, sql: String) -> Result<()> {
    let mut connection = AnyConnection::connect(cluster).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(connection.close().await?)
}
