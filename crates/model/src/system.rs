//! The audit log, the quarantine, and the settings of the whole server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Address, Bytes, Timestamp, console::SensorRef, event::ServiceName, ids::UserId};

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// The number; rises with time.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The user; `None` for the command line and API tokens.
    pub user: Option<UserId>,
    /// The user's or token's name at the time.
    pub user_name: String,
    /// From where.
    pub address: Option<Address>,
    /// What was done: `create`, `edit`, `revoke` …
    pub action: String,
    /// To what kind of thing: `event`, `sensor` …
    pub kind: String,
    /// To which.
    pub object: String,
    /// What changed.
    pub changes: Vec<Change>,
}

/// What changed about one field; JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field.
    pub field: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// Which entries of the audit log. What is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// The user's or token's name.
    #[serde(default)]
    pub user: String,
    /// The kind of thing.
    #[serde(default)]
    pub kind: String,
    /// A part of the thing's name or id.
    #[serde(default)]
    pub object: String,
    /// Older than this one.
    #[serde(default)]
    pub before: Option<i64>,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditView>,
    /// Where the next, older page begins; `None` when there is none.
    pub next: Option<i64>,
}

/// A part of an event that could not be taken, kept for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineView {
    /// The number.
    pub id: i64,
    /// The sensor that sent it.
    pub sensor: SensorRef,
    /// When.
    pub received_at: Timestamp,
    /// Why it was rejected.
    pub reason: String,
    /// What was sent.
    pub raw: Bytes,
}

/// The settings of the whole server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Settings {
    /// The address that sensors are told to call, `https://host:port`; empty: as the server was started.
    pub endpoint: String,
    /// What sensors that are added from now on offer: built-in services, each with its ports; one without ports is
    /// not offered. Without it: as the server was started.
    pub sensor_defaults: Option<BTreeMap<ServiceName, Vec<u16>>>,
    /// A sensor that was not heard for so many seconds is offline.
    #[cfg_attr(feature = "schema", schemars(range(min = 15, max = 86_400)))]
    pub offline_after: u32,
    /// Whether managers may remove events; if not, they may still archive them.
    pub managers_remove_events: bool,
    /// Whether managers may remove sensors.
    pub managers_remove_sensors: bool,
    /// Whether a status other than new needs a comment.
    pub require_comment: bool,
    /// For how many days the audit log is kept; 0: for ever.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 3660)))]
    pub audit_days: u32,
    /// After how many days a resolved or ignored event goes to the archive; 0: never.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 3660)))]
    pub archive_after_days: u32,
    /// For how many days events stay in the archive; 0: for ever.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 3660)))]
    pub archive_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            sensor_defaults: None,
            offline_after: 60,
            managers_remove_events: true,
            managers_remove_sensors: true,
            require_comment: false,
            audit_days: 90,
            archive_after_days: 0,
            archive_days: 0,
        }
    }
}

/// What the server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The program's version.
    pub version: String,
    /// `SQLite` or `PostgreSQL`.
    pub database: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Where sensors call.
    pub endpoint: String,
    /// SHA-256 of the authority's certificate, hexadecimal.
    pub authority: String,
    /// Until when the authority's certificate is good.
    pub authority_until: Timestamp,
    /// Until when the server's own certificate is good; `None` where a proxy shows its own.
    pub certificate_until: Option<Timestamp>,
}
