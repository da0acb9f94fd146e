//! Enrolment and the held poll.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use skep_model::{
    Bytes,
    event::ServiceName,
    ids::{InstanceId, SensorId},
    sensor::{InstanceState, Port},
};

use crate::manifest::{Capability, Manifest};

/// The body of `POST /sensor/v1/enrol`, the only request that is not signed: the token speaks for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The secret of the one-time token.
    pub secret: String,
    /// The sensor's Ed25519 public key, 32 bytes.
    pub public_key: Bytes,
    /// The program's version.
    pub version: String,
    /// The processor architecture, as Rust names it.
    pub architecture: String,
}

/// The answer to an enrolment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// Who the sensor is from now on.
    pub sensor: SensorId,
    /// The name it was given.
    pub name: String,
    /// Certificates of the authorities to trust from now on, PEM. Empty when the token said `webpki`.
    pub authorities: Vec<String>,
}

/// The body of `POST /sensor/v1/poll`. The server holds its answer while nothing changes, at most
/// [`HOLD_SECONDS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollRequest {
    /// The revision of the configuration that the sensor runs; `None` before the first.
    pub active_revision: Option<u64>,
    /// How the sensor is.
    pub status: SensorStatus,
    /// Answer at once: the sensor has something new to say, or starts.
    pub at_once: bool,
}

/// The longest that the server holds a poll, in seconds.
pub const HOLD_SECONDS: u64 = 50;

/// How a sensor is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorStatus {
    /// The program's version.
    pub version: String,
    /// The processor architecture, as Rust names it.
    pub architecture: String,
    /// Seconds since the program started.
    pub uptime: u64,
    /// Parts that wait in the spool.
    pub queued: u64,
    /// Parts that a full spool has dropped in this epoch.
    pub dropped: u64,
    /// What the sensor adds to its own clock to have the server's, in milliseconds.
    pub clock_offset: i64,
    /// Memory in use by the program, in bytes.
    pub memory: u64,
    /// Bytes in use on the disk of the data folder; `None` where that cannot be told.
    #[serde(default)]
    pub disk_used: Option<u64>,
    /// Bytes on that disk in all.
    #[serde(default)]
    pub disk_total: Option<u64>,
    /// How long the last request that was not held took, in milliseconds.
    #[serde(default)]
    pub round_trip: Option<u32>,
    /// How each instance is.
    pub instances: Vec<InstanceReport>,
}

/// How an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceReport {
    /// Which.
    pub id: InstanceId,
    /// How.
    pub state: InstanceState,
    /// Why it failed, or which of its ports are not open and why.
    pub reason: Option<String>,
    /// How much of its image is there, in per cent, while it is being fetched.
    #[serde(default)]
    pub progress: Option<u8>,
}

/// The answer to a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollAnswer {
    /// What to run, when it is not what the sensor runs.
    pub configuration: Option<Configuration>,
    /// Certificates of the authorities to trust from now on, PEM, all of them. Empty: no change.
    pub authorities: Vec<String>,
    /// Instances whose log somebody waits for. Each is answered at [`LOG`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<InstanceId>,
}

/// Where a sensor says what the container of an instance printed last, when it was asked: `POST`, signed.
pub const LOG: &str = "/sensor/v1/log";

/// The body of a request to [`LOG`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReport {
    /// The instance.
    pub instance: InstanceId,
    /// The lines, oldest first, at most [`LOG_LINES`](skep_model::limits::LOG_LINES) and
    /// [`LOG`](skep_model::limits::LOG) bytes of them.
    pub lines: Vec<Bytes>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What a sensor shall run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Rises with every change.
    pub revision: u64,
    /// The instances.
    pub instances: Vec<InstanceConfiguration>,
}

/// An instance to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceConfiguration {
    /// Its id.
    pub id: InstanceId,
    /// The service.
    pub service: ServiceName,
    /// The service's revision.
    pub revision: u32,
    /// Where to listen: `0.0.0.0`, `::`, an address of the sensor's own, or an interface.
    pub address: skep_model::listen::Listen,
    /// Ports to listen on.
    pub ports: Vec<Port>,
    /// Settings by the service's own schema; missing ones have the schema's defaults.
    pub settings: skep_model::service::Settings,
    /// What runs, when it is an image; without it the service is part of the sensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Box<ImageConfiguration>>,
}

/// An image to run. Its blobs are fetched from [`BLOBS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfiguration {
    /// What the sensor has to know to run it.
    pub manifest: Manifest,
    /// The capabilities, of those that the manifest asks for, that an admin allowed.
    #[serde(default)]
    pub capabilities: BTreeSet<Capability>,
    /// Whether an admin allowed the host's own network, if the manifest asks for it.
    #[serde(default)]
    pub raw_network: bool,
}

/// Where a sensor gets the blobs of images that it shall run: `GET`, signed, with the blob's digest at the end. The
/// answer is the blob's bytes with their length; 404 unless it belongs to an image that the sensor shall run.
pub const BLOBS: &str = "/sensor/v1/blobs/";

/// The body of every refusal, `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// The kind of refusal, a word.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says to a person.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
