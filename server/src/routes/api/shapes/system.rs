//! The audit log, the quarantine, the server itself.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use skep_model::{
    Address,
    console::SensorRef,
    ids::UserId,
    system::{self, AuditView, Change, QuarantineView},
};

use super::{Raw, Time};

/// An entry of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AuditEntry {
    /// The number; rises with time.
    id: i64,
    /// When.
    at: Time,
    /// The user; null for the command line and API tokens.
    user: Option<UserId>,
    /// The user's or token's name at the time.
    user_name: String,
    /// From where.
    address: Option<Address>,
    /// What was done: `create`, `edit`, `revoke` …
    action: String,
    /// To what kind of thing: `event`, `sensor` …
    kind: String,
    /// To which.
    object: String,
    /// What changed.
    changes: Vec<FieldChange>,
}

/// What changed about one field.
#[derive(Debug, Serialize, JsonSchema)]
struct FieldChange {
    /// The field.
    field: String,
    /// What it was.
    before: Value,
    /// What it is.
    after: Value,
}

/// A part of an event that could not be taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Quarantined {
    /// The number.
    id: i64,
    /// The sensor that sent it.
    sensor: SensorRef,
    /// When.
    received_at: Time,
    /// Why it was rejected.
    reason: String,
    /// What was sent.
    raw: Raw,
}

/// What came of another try.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Retried {
    /// Whether it was taken.
    taken: bool,
    /// What is wrong with it still.
    reason: Option<String>,
}

/// What the server says of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct About {
    /// The program's version.
    version: String,
    /// `SQLite` or `PostgreSQL`.
    database: String,
    /// Since when it runs.
    started_at: Time,
    /// Where sensors call.
    endpoint: String,
    /// SHA-256 of the authority's certificate, hexadecimal.
    authority: String,
    /// Until when the authority's certificate is good.
    authority_until: Time,
    /// Until when the server's own certificate is good.
    certificate_until: Option<Time>,
}

impl From<AuditView> for AuditEntry {
    fn from(entry: AuditView) -> Self {
        Self {
            id: entry.id,
            at: entry.at.into(),
            user: entry.user,
            user_name: entry.user_name,
            address: entry.address,
            action: entry.action,
            kind: entry.kind,
            object: entry.object,
            changes: entry.changes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Change> for FieldChange {
    fn from(change: Change) -> Self {
        Self {
            field: change.field,
            before: json(change.before),
            after: json(change.after),
        }
    }
}

/// What the log keeps as JSON. What is none, since it was cut, is given as text.
fn json(kept: Option<String>) -> Value {
    kept.map_or(Value::Null, |text| {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    })
}

impl From<&QuarantineView> for Quarantined {
    fn from(part: &QuarantineView) -> Self {
        Self {
            id: part.id,
            sensor: part.sensor.clone(),
            received_at: part.received_at.into(),
            reason: part.reason.clone(),
            raw: (&part.raw).into(),
        }
    }
}

impl From<Option<String>> for Retried {
    fn from(reason: Option<String>) -> Self {
        Self {
            taken: reason.is_none(),
            reason,
        }
    }
}

impl From<system::About> for About {
    fn from(about: system::About) -> Self {
        Self {
            version: about.version,
            database: about.database,
            started_at: about.started_at.into(),
            endpoint: about.endpoint,
            authority: about.authority,
            authority_until: about.authority_until.into(),
            certificate_until: about.certificate_until.map(Into::into),
        }
    }
}
