//! Which tables and columns a schema has. The migrations say so: they are run in an empty SQLite in memory, and both
//! databases have the same tables.

use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::{
    Engine, StoreError,
    database::{MIGRATIONS, migrations, newest},
};

/// Tables that a backup leaves out: a session that its user ended must not come back, and the index of texts is made
/// again from the interactions.
const LEFT_OUT: [&str; 2] = ["sessions", "event_texts"];

/// The tables of one version of the schema, each after those that it refers to.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The version.
    pub schema: i64,
    /// All of them.
    pub(super) all: Vec<Table>,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The columns of its primary key.
    pub(super) key: Vec<String>,
    /// The column that the database numbers.
    pub(super) counter: Option<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may hold nothing.
    pub nullable: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of 64 bits.
    Integer,
    /// Numbers of 64 bits with fractions.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

impl Catalogue {
    /// The newest schema that this program knows.
    pub async fn newest() -> Result<Self, StoreError> {
        Self::at(newest(Engine::Sqlite)).await
    }

    /// The schema as it was at a version, which must be known.
    pub async fn at(schema: i64) -> Result<Self, StoreError> {
        let known = newest(Engine::Sqlite);
        if schema > known {
            return Err(StoreError::Newer {
                found: schema,
                known,
            });
        }
        let migrations = migrations(Engine::Sqlite);
        if !migrations.version_exists(schema) {
            return Err(StoreError::Unreadable("the schema's version"));
        }
        let mut connection = SqliteConnection::connect("sqlite::memory:").await?;
        migrations.run_to(schema, &mut connection).await?;
        // In the order of their making, which is that of their references.
        let tables = sqlx::query(
            "SELECT s.name, s.sql FROM sqlite_schema s JOIN pragma_table_list l ON l.name = s.name
             WHERE l.schema = 'main' AND l.type = 'table' AND s.type = 'table' AND s.name NOT IN ('sqlite_sequence', $1)
             ORDER BY s.rowid",
        )
        .bind(MIGRATIONS)
        .fetch_all(&mut connection)
        .await?;
        let mut all = vec![];
        for table in tables {
            let (name, sql): (String, String) = (table.try_get(0)?, table.try_get(1)?);
            let counted = sql.contains("AUTOINCREMENT");
            all.push(read(&mut connection, name, counted).await?);
        }
        Ok(Self { schema, all })
    }

    /// The tables that a backup holds.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.all
            .iter()
            .filter(|table| !LEFT_OUT.contains(&table.name.as_str()))
    }
}

async fn read(
    connection: &mut SqliteConnection,
    name: String,
    counted: bool,
) -> Result<Table, StoreError> {
    let rows =
        sqlx::query(r#"SELECT name, type, "notnull", pk FROM pragma_table_info($1) ORDER BY cid"#)
            .bind(&name)
            .fetch_all(connection)
            .await?;
    let mut columns = vec![];
    let mut key = vec![];
    for row in rows {
        let column: String = row.try_get(0)?;
        let kind = match row.try_get::<String, _>(1)?.as_str() {
            "INTEGER" => Kind::Integer,
            "REAL" => Kind::Real,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Bytes,
            _ => return Err(StoreError::Unreadable("the schema")),
        };
        let place: i64 = row.try_get(3)?;
        if place > 0 {
            key.push((place, column.clone()));
        }
        columns.push(Column {
            name: column,
            kind,
            nullable: !row.try_get::<bool, _>(2)?,
        });
    }
    key.sort();
    let key: Vec<String> = key.into_iter().map(|(_, column)| column).collect();
    Ok(Table {
        counter: key.first().filter(|_| counted).cloned(),
        name,
        columns,
        key,
    })
}

impl Table {
    /// The columns' names, for a statement.
    pub(super) fn column_list(&self) -> String {
        list(self.columns.iter().map(|column| column.name.as_str()))
    }

    /// The key's columns, for a statement.
    pub(super) fn key_list(&self) -> String {
        list(self.key.iter().map(String::as_str))
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    quoted.join(", ")
}
