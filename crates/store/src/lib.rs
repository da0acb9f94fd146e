//! The only crate with SQL: SQLite and PostgreSQL behind one API.
//!
//! Each statement is written once, for both engines, through sqlx's `Any` driver: `$1` placeholders, BIGINT,
//! TEXT and bytes only. Where the engines really differ, [`Engine`] tells which one it is.
//!
//! There is one way to write to SQLite: a pool of a single connection, whose transactions begin IMMEDIATE.
//! Reads have a pool of their own and never wait for it.

mod archive;
mod audit;
mod backup;
mod database;
mod event_list;
mod event_text;
mod event_work;
mod events;
mod groups;
mod ingest;
mod quarantine;
mod read;
mod rollup;
mod sensor_history;
mod sensors;
mod service_revisions;
mod services;
mod sessions;
mod settings;
mod tokens;
mod users;

pub use audit::AuditEntry;
pub use backup::{Catalogue, Cell, Column, Kind, Restoration, Snapshot, Table};
pub use database::{Engine, Location, Store, StoreError};
pub use event_list::Listing;
pub use event_work::Edited;
pub use ingest::{Change, Delivery, NumberedPart, Taken};
pub use rollup::{Field, Span, TopValue};
pub use sensors::SensorRow;
pub use service_revisions::{ImageRow, ImageServiceRow, Namesake, NewRevision, ServiceChange};
pub use services::{DeployStep, InstanceRow, NewInstance};
pub use sessions::{SessionRow, session_id};
pub use tokens::NewToken;
pub use users::{NewUser, UserRow, UserWritten};

/// Which groups a reader may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them, and what has none.
    Everything,
    /// These.
    Groups(Vec<skep_model::ids::GroupId>),
}
