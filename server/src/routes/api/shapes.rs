//! What the API answers: the model's types, with times to be read and attacker bytes both readable and exact.

mod account;
mod event;
mod sensor;
mod step;
mod system;

use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use skep_model::{Bytes, Timestamp};

pub(crate) use account::{NewToken, Token, User};
pub(crate) use event::{Event, EventList, Tally, WholeEvent};
pub(crate) use sensor::{Enrolment, LogTail, Sample, Sensor};
pub(crate) use step::{Packet, Step};
pub(crate) use system::{About, AuditEntry, Quarantined, Retried};

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// What to pass as `cursor` or `before` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits one page.
    pub(crate) fn whole(items: impl IntoIterator<Item: Into<T>>) -> Self {
        Self::new(items, None)
    }

    /// A page, and where the next one begins.
    pub(crate) fn new(items: impl IntoIterator<Item: Into<T>>, next: Option<String>) -> Self {
        Self {
            items: items.into_iter().map(Into::into).collect(),
            next,
        }
    }
}

/// How many things it was done to.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Done {
    /// The number.
    pub(crate) count: u32,
}

/// A moment, RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(Timestamp);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339())
    }
}

impl JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 in UTC with milliseconds.",
        })
    }
}

/// Bytes from outside.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Raw {
    /// With escapes in place of what is not harmless text, to be read.
    text: String,
    /// Exactly.
    #[schemars(extend("contentEncoding" = "base64"))]
    base64: String,
}

impl From<&Bytes> for Raw {
    fn from(bytes: &Bytes) -> Self {
        Self {
            text: bytes.visible(),
            base64: STANDARD.encode(&bytes.0),
        }
    }
}
