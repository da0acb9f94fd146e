//! All rows as they were at one moment, while others go on writing.

use futures::TryStreamExt as _;
use sqlx::{Any, AnyPool, Row as _, Transaction, any::AnyRow};

use super::{Catalogue, Cell, Kind, Table};
use crate::{
    AuditEntry, Engine, Location, StoreError,
    audit::write_audit,
    database::{Connection, lock, own, schema},
};

/// A transaction that only reads.
#[derive(Debug)]
pub struct Snapshot {
    engine: Engine,
    pool: AnyPool,
    tx: Transaction<'static, Any>,
    catalogue: Catalogue,
}

impl Snapshot {
    /// Begins to read. The database's schema stays as it is, older ones too.
    pub async fn begin(location: &Location) -> Result<Self, StoreError> {
        let engine = location.engine();
        let pool = location.connect(false).await?;
        if !lock(&mut *pool.acquire().await?, engine, false).await? {
            return Err(StoreError::InUse("a backup is being restored into it"));
        }
        let mut tx = match engine {
            Engine::Sqlite => pool.begin_with("BEGIN").await?,
            Engine::Postgres => {
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?
            }
        };
        if engine == Engine::Postgres {
            // Rows come by the primary key's index, as they are asked for, instead of being sorted on disk first.
            sqlx::query("SET LOCAL enable_sort = off")
                .execute(&mut *tx)
                .await?;
        }
        let version = schema(&mut tx, engine).await?.ok_or_else(|| {
            StoreError::Absent(match location {
                Location::Folder(folder) => folder.display().to_string(),
                Location::Url(_) => "the database's URL".to_owned(),
            })
        })?;
        Ok(Self {
            engine,
            pool,
            tx,
            catalogue: Catalogue::at(version).await?,
        })
    }

    /// The database's tables.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Gives each row of a table to a function, in the order of the primary key.
    pub async fn read<E: From<StoreError>>(
        &mut self,
        table: &Table,
        mut take: impl AsyncFnMut(Vec<Cell>) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = own(format!(
            "SELECT {} FROM {} ORDER BY {}",
            table.column_list(),
            table.name,
            table.key_list()
        ));
        let mut rows = sqlx::query(sql).fetch(&mut *self.tx);
        while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
            take(cells(table, &row)?).await?;
        }
        Ok(())
    }

    /// The highest number that a table's counter has given; `None` for a table without one.
    pub async fn counter(&mut self, table: &Table) -> Result<Option<i64>, StoreError> {
        counter(&mut self.tx, self.engine, table).await
    }

    /// Ends reading, and notes the backup in the audit log.
    pub async fn end(self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.tx.rollback().await?;
        let noted = match self.pool.acquire().await {
            Ok(mut connection) => write_audit(&mut connection, entry).await,
            Err(error) => Err(error.into()),
        };
        self.pool.close().await;
        noted
    }
}

/// The highest number that a table's counter has given.
pub(super) async fn counter(
    tx: &mut Connection,
    engine: Engine,
    table: &Table,
) -> Result<Option<i64>, StoreError> {
    let Some(column) = &table.counter else {
        return Ok(None);
    };
    let last: Option<i64> = match engine {
        Engine::Sqlite => {
            sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = $1")
                .bind(&table.name)
                .fetch_optional(tx)
                .await?
        }
        Engine::Postgres => {
            sqlx::query_scalar(
                "SELECT pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass)",
            )
            .bind(&table.name)
            .bind(column)
            .fetch_one(tx)
            .await?
        }
    };
    Ok(Some(last.unwrap_or_default()))
}

fn cells(table: &Table, row: &AnyRow) -> Result<Vec<Cell>, StoreError> {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let cell = match column.kind {
            Kind::Integer => row.try_get::<Option<i64>, _>(index)?.map(Cell::Integer),
            Kind::Real => row.try_get::<Option<f64>, _>(index)?.map(Cell::Real),
            Kind::Text => row.try_get::<Option<String>, _>(index)?.map(Cell::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index)?.map(Cell::Bytes),
        };
        cells.push(cell.unwrap_or(Cell::Null));
    }
    Ok(cells)
}
