//! What a database and its data folder hold, read without the program's own code.

use std::{collections::BTreeMap, path::Path};

use sqlx::{AnyConnection, AssertSqlSafe, Column, Connection, Row, any::AnyRow};

use crate::program::Server;

/// Rows by table, each value as text.
pub type Tables = BTreeMap<String, Vec<Vec<String>>>;

/// The rows of all tables that Skep has, but those that a backup leaves out, and the note of restores.
pub async fn tables(server: &Server) -> Tables {
    let url = server.database_url();
    let mut connection = connect(&url).await;
    let names = if url.starts_with("sqlite") {
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'event_search%'"
    } else {
        "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = 'public'"
    };
    let names: Vec<String> = sqlx::query_scalar(names)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut tables = Tables::new();
    for name in names {
        if ["_sqlx_migrations", "sessions", "event_texts"].contains(&name.as_str()) {
            continue;
        }
        let but = match name.as_str() {
            "audit_log" => " WHERE kind <> 'backup'",
            _ => "",
        };
        let sql = AssertSqlSafe(format!("SELECT * FROM {name}{but}"));
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        let mut rows: Vec<Vec<String>> = rows.iter().map(values).collect();
        rows.sort();
        tables.insert(name, rows);
    }
    tables
}

fn values(row: &AnyRow) -> Vec<String> {
    row.columns()
        .iter()
        .map(|column| {
            let index = column.ordinal();
            let value = if let Ok(number) = row.try_get::<Option<i64>, _>(index) {
                number.map(|number| number.to_string())
            } else if let Ok(number) = row.try_get::<Option<f64>, _>(index) {
                number.map(|number| format!("{number:?}"))
            } else if let Ok(text) = row.try_get::<Option<String>, _>(index) {
                text.map(|text| format!("{text:?}"))
            } else {
                let bytes: Option<Vec<u8>> = row.try_get(index).unwrap();
                bytes.map(|bytes| format!("{bytes:02x?}"))
            };
            format!("{} {}", column.name(), value.unwrap_or_default())
        })
        .collect()
}

/// The files of a data folder, without the database and the lock.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if name != "lock" && !name.starts_with("skep.db") {
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// All of it.
pub async fn everything(server: &Server) -> (Tables, BTreeMap<String, Vec<u8>>) {
    (tables(server).await, files(&server.data()))
}

pub async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    if url.starts_with("sqlite") {
        execute(&mut connection, "PRAGMA busy_timeout = 10000").await;
    }
    connection
}

pub async fn execute(connection: &mut AnyConnection, sql: &'static str) {
    sqlx::query(sql).execute(connection).await.unwrap();
}

/// One number from the database.
pub async fn number(server: &Server, sql: impl Into<String>) -> i64 {
    let mut connection = connect(&server.database_url()).await;
    sqlx::query_scalar(AssertSqlSafe(sql.into()))
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// How many events the index finds by a word of what attackers said.
pub async fn found(server: &Server, word: &str) -> i64 {
    let mut connection = connect(&server.database_url()).await;
    let sqlite = "SELECT COUNT(DISTINCT event_number) FROM event_texts WHERE id IN
                  (SELECT rowid FROM event_search WHERE event_search MATCH $1)";
    let postgres = "SELECT COUNT(DISTINCT event_number) FROM event_texts WHERE text LIKE $1";
    let (sql, pattern) = match server.database {
        None => (sqlite, format!("\"{word}\"")),
        Some(_) => (postgres, format!("%{word}%")),
    };
    sqlx::query_scalar(sql)
        .bind(pattern)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
