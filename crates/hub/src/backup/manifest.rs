//! The first and the last member, and the names between them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use skep_model::Timestamp;
use skep_store::Catalogue;

use super::{BackupError, archive::Member};

/// The version of the format.
const FORMAT: u32 = 1;
const FIRST: &str = "manifest.json";
const LAST: &str = "end.json";
const FILES: &str = "files/";

/// What the backup is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// The database's schema.
    pub(super) schema: i64,
    /// Who made it.
    pub(super) program: String,
    /// When.
    pub(super) made_at: Timestamp,
    tables: Vec<Columns>,
}

/// A table's columns, in the order of its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Columns {
    name: String,
    columns: Vec<String>,
}

/// What must have come before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// Rows by table.
    pub(super) rows: BTreeMap<String, u64>,
    /// How far tables were numbered.
    pub(super) counters: BTreeMap<String, i64>,
    /// How many files there are.
    pub(super) files: usize,
}

/// What a member is, by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    Manifest,
    Rows { table: &'a str, number: u32 },
    File(&'a str),
    End,
}

impl<'a> Name<'a> {
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        match name {
            FIRST => return Some(Self::Manifest),
            LAST => return Some(Self::End),
            _ => {}
        }
        if let Some(file) = name.strip_prefix(FILES) {
            return Some(Self::File(file));
        }
        let (table, number) = name
            .strip_prefix("tables/")?
            .strip_suffix(".cbor")?
            .split_once('/')?;
        let number = number.parse().ok()?;
        Some(Self::Rows { table, number })
    }
}

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manifest => f.write_str(FIRST),
            Self::Rows { table, number } => write!(f, "tables/{table}/{number:06}.cbor"),
            Self::File(file) => write!(f, "{FILES}{file}"),
            Self::End => f.write_str(LAST),
        }
    }
}

/// A format is known before anything else of its manifest is.
#[derive(Deserialize)]
struct Format {
    format: u32,
    program: String,
}

impl Manifest {
    pub(super) fn new(catalogue: &Catalogue, made_at: Timestamp) -> Self {
        Self {
            format: FORMAT,
            schema: catalogue.schema,
            program: concat!("skep-server ", env!("CARGO_PKG_VERSION")).to_owned(),
            made_at,
            tables: columns(catalogue),
        }
    }

    pub(super) fn read(member: &Member) -> Result<Self, BackupError> {
        let Format { format, program } = read(member)?;
        if format > FORMAT {
            return Err(BackupError::Newer(program));
        }
        read(member)
    }

    /// Whether the rows are what the schema says.
    pub(super) fn fits(&self, catalogue: &Catalogue) -> bool {
        self.tables == columns(catalogue)
    }
}

fn columns(catalogue: &Catalogue) -> Vec<Columns> {
    let columns = catalogue.tables().map(|table| Columns {
        name: table.name.clone(),
        columns: table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
    });
    columns.collect()
}

impl End {
    pub(super) fn read(member: &Member) -> Result<Self, BackupError> {
        read(member)
    }
}

fn read<T: DeserializeOwned>(member: &Member) -> Result<T, BackupError> {
    serde_json::from_slice(&member.content)
        .map_err(|error| BackupError::damaged(format!("{}: {error}", member.name)))
}

impl Member {
    /// A member of JSON.
    pub(super) fn json(name: &Name<'_>, content: &impl Serialize) -> Result<Self, BackupError> {
        Ok(Self {
            name: name.to_string(),
            content: serde_json::to_vec_pretty(content).map_err(BackupError::damaged)?,
        })
    }
}
