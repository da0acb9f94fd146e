//! Filling a database with what was read from another: all of it in one transaction, or nothing.

use std::collections::BTreeMap;

use sqlx::{Any, AnyPool, Transaction};

use super::{Catalogue, Cell, Kind, Table, snapshot::counter, text_index};
use crate::{
    AuditEntry, Engine, Location, StoreError,
    audit::write_audit,
    database::{
        Connection, FILE, MIGRATIONS, lock, migrations, own, pieces, placeholders, schema,
        table_exists,
    },
    event_list::AnyQuery,
};

/// What every database has from its first start on, before anybody put anything in.
const FROM_THE_START: [&str; 1] = ["services"];

/// How far a counter may be: nothing counts so far, and a server must be able to go on from there.
const LAST: i64 = i64::MAX / 2;

/// A database that is being filled. Until [`Restoration::commit`] it is what it was.
#[derive(Debug)]
pub struct Restoration {
    location: Location,
    /// There was no SQLite file before.
    made: bool,
    pool: AnyPool,
    tx: Transaction<'static, Any>,
    catalogue: Catalogue,
    /// How far the replaced database's counters were: what they gave is not given again.
    given: BTreeMap<String, i64>,
}

impl Restoration {
    /// Empties a database and makes a schema's tables in it. What the database holds is given up only with `replace`.
    pub async fn begin(
        location: &Location,
        catalogue: Catalogue,
        replace: bool,
    ) -> Result<Self, StoreError> {
        let made = match location {
            Location::Folder(folder) => !folder.join(FILE).exists(),
            Location::Url(_) => false,
        };
        let begun = Self::open(location, &catalogue, replace).await;
        if begun.is_err() && made {
            remove(location);
        }
        let (pool, tx, given) = begun?;
        Ok(Self {
            location: location.clone(),
            made,
            pool,
            tx,
            catalogue,
            given,
        })
    }

    async fn open(
        location: &Location,
        catalogue: &Catalogue,
        replace: bool,
    ) -> Result<(AnyPool, Transaction<'static, Any>, BTreeMap<String, i64>), StoreError> {
        let engine = location.engine();
        let pool = location.connect(true).await?;
        let mut connection = pool.acquire().await?;
        if !lock(&mut connection, engine, true).await? {
            return Err(StoreError::InUse("a server or another command uses it"));
        }
        if engine == Engine::Sqlite {
            // Indexes are written all over.
            sqlx::query("PRAGMA cache_size = -64000")
                .execute(&mut *connection)
                .await?;
        }
        drop(connection);
        let mut tx = match engine {
            Engine::Sqlite => pool.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => pool.begin().await?,
        };
        let given = clear(&mut tx, engine, replace).await?;
        migrations(engine)
            .run_to(catalogue.schema, &mut *tx)
            .await?;
        Ok((pool, tx, given))
    }

    /// Adds rows to a table. `Err(Unreadable)` for rows that do not fit it.
    pub async fn insert(&mut self, table: &Table, rows: &[Vec<Cell>]) -> Result<(), StoreError> {
        if !rows.iter().all(|row| table.takes(row)) {
            return Err(StoreError::Unreadable("a row"));
        }
        // Numbers are the archive's, not the database's.
        let overriding = match (self.location.engine(), &table.counter) {
            (Engine::Postgres, Some(_)) => "OVERRIDING SYSTEM VALUE",
            _ => "",
        };
        for chunk in pieces(rows) {
            let sql = own(format!(
                "INSERT INTO {} ({}) {overriding} VALUES {}",
                table.name,
                table.column_list(),
                placeholders(1, chunk.len(), table.columns.len())
            ));
            let mut query = sqlx::query(sql);
            for row in chunk {
                for (cell, column) in row.iter().zip(&table.columns) {
                    query = bind(query, cell, column.kind);
                }
            }
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Makes what was inserted whole: counters, the newest schema, ends of events, the index of texts, a note in the
    /// audit log.
    pub async fn complete(
        &mut self,
        counters: &BTreeMap<String, i64>,
        entry: &AuditEntry,
        progress: impl FnMut(u64),
    ) -> Result<(), StoreError> {
        let engine = self.location.engine();
        for table in &self.catalogue.all {
            let given = [counters, &self.given]
                .iter()
                .filter_map(|counters| counters.get(&table.name))
                .max();
            if let (Some(column), Some(given)) = (&table.counter, given) {
                go_on_after(&mut self.tx, engine, &table.name, column, *given).await?;
            }
        }
        migrations(engine).run(&mut *self.tx).await?;
        // Their ends may have been delivered after the backup, and would then never come again. An end that does still
        // come takes this one's place.
        sqlx::query("UPDATE events SET ended_at = last_at WHERE ended_at IS NULL")
            .execute(&mut *self.tx)
            .await?;
        text_index::make(&mut self.tx, engine, progress).await?;
        write_audit(&mut self.tx, entry).await
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await?;
        self.pool.close().await;
        Ok(())
    }

    /// Leaves the database as it was.
    pub async fn abandon(self) {
        if let Err(error) = self.tx.rollback().await {
            tracing::debug!(%error, "the transaction ended by itself");
        }
        self.pool.close().await;
        if self.made {
            remove(&self.location);
        }
    }
}

impl Table {
    fn takes(&self, row: &[Cell]) -> bool {
        row.len() == self.columns.len()
            && row
                .iter()
                .zip(&self.columns)
                .all(|(cell, column)| match cell {
                    Cell::Null => column.nullable,
                    Cell::Integer(_) => column.kind == Kind::Integer,
                    Cell::Real(_) => column.kind == Kind::Real,
                    Cell::Text(_) => column.kind == Kind::Text,
                    Cell::Bytes(_) => column.kind == Kind::Bytes,
                })
    }
}

fn bind<'q>(query: AnyQuery<'q>, cell: &Cell, kind: Kind) -> AnyQuery<'q> {
    match (cell, kind) {
        (Cell::Integer(number), _) => query.bind(*number),
        (Cell::Real(number), _) => query.bind(*number),
        (Cell::Text(text), _) => query.bind(text.clone()),
        (Cell::Bytes(bytes), _) => query.bind(bytes.clone()),
        // PostgreSQL asks of which type nothing is.
        (Cell::Null, Kind::Integer) => query.bind(None::<i64>),
        (Cell::Null, Kind::Real) => query.bind(None::<f64>),
        (Cell::Null, Kind::Text) => query.bind(None::<String>),
        (Cell::Null, Kind::Bytes) => query.bind(None::<Vec<u8>>),
    }
}

/// Drops Skep's tables; returns how far their counters were.
async fn clear(
    tx: &mut Connection,
    engine: Engine,
    replace: bool,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut given = BTreeMap::new();
    let Some(version) = schema(tx, engine).await? else {
        for table in &Catalogue::newest().await?.all {
            if table_exists(tx, engine, &table.name).await? {
                return Err(StoreError::Foreign);
            }
        }
        return Ok(given);
    };
    let catalogue = Catalogue::at(version).await?;
    for table in &catalogue.all {
        if !replace && !FROM_THE_START.contains(&table.name.as_str()) {
            let sql = own(format!("SELECT 1 FROM {} LIMIT 1", table.name));
            if sqlx::query(sql).fetch_optional(&mut *tx).await?.is_some() {
                return Err(StoreError::NotEmpty);
            }
        }
        if let Some(last) = counter(tx, engine, table).await? {
            given.insert(table.name.clone(), last);
        }
    }
    let mut tables: Vec<&str> = catalogue
        .all
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    tables.insert(0, MIGRATIONS);
    if engine == Engine::Sqlite {
        tables.push("event_search");
    }
    for table in tables.iter().rev() {
        sqlx::query(own(format!("DROP TABLE {table}")))
            .execute(&mut *tx)
            .await?;
    }
    Ok(given)
}

/// Lets a table's next number follow the highest that was ever given.
async fn go_on_after(
    tx: &mut Connection,
    engine: Engine,
    table: &str,
    column: &str,
    given: i64,
) -> Result<(), StoreError> {
    let highest: Option<i64> =
        sqlx::query_scalar(own(format!("SELECT MAX({column}) FROM {table}")))
            .fetch_one(&mut *tx)
            .await?;
    let last = given.max(highest.unwrap_or_default());
    if last < 1 {
        return Ok(());
    }
    if last > LAST {
        return Err(StoreError::Unreadable("a counter"));
    }
    match engine {
        Engine::Sqlite => {
            // There is a row once the table had one; nothing makes it unique.
            sqlx::query("DELETE FROM sqlite_sequence WHERE name = $1")
                .bind(table.to_owned())
                .execute(&mut *tx)
                .await?;
            sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)")
                .bind(table.to_owned())
                .bind(last)
                .execute(tx)
                .await?;
        }
        Engine::Postgres => {
            sqlx::query("SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3)")
                .bind(table.to_owned())
                .bind(column.to_owned())
                .bind(last)
                .execute(tx)
                .await?;
        }
    }
    Ok(())
}

/// Removes a SQLite database that was made for a restoration which came to nothing.
fn remove(location: &Location) {
    if let Location::Folder(folder) = location {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("{FILE}{suffix}")));
        }
    }
}
