//! Sensors as pages and the API show them.

use serde::{Deserialize, Serialize};

use crate::{
    Address, Bytes, Timestamp,
    event::{ServiceName, Transport, words},
    ids::{GroupId, InstanceId, SensorId},
    service::Placement,
};

words! {
    /// Whether a sensor can be heard.
    Presence {
        /// Added, but it never called.
        Waiting = 0 "waiting",
        /// Its held poll is open, or was a moment ago.
        Online = 1 "online",
        /// It has not called for longer than it should.
        Offline = 2 "offline",
        /// Its key is no longer taken.
        Revoked = 3 "revoked",
    }
}

words! {
    /// How far a sensor is with a service that it should run.
    InstanceState {
        /// The sensor has not confirmed it yet.
        Scheduled = 0 "scheduled",
        /// The sensor runs it.
        Running = 1 "running",
        /// The sensor could not start it.
        Failed = 2 "failed",
    }
}

/// A port that an instance listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Port {
    /// The number.
    pub number: u16,
    /// The protocol.
    pub transport: Transport,
}

/// One service on one sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InstanceView {
    /// Its id.
    pub id: InstanceId,
    /// The service.
    pub service: ServiceName,
    /// The service's revision.
    pub revision: u32,
    /// Where it listens, and how it behaves.
    #[serde(flatten)]
    pub placement: Placement,
    /// How far it is.
    pub state: InstanceState,
    /// Why it is not running, or not on all of its ports, where the sensor said so.
    pub reason: Option<String>,
    /// How much of its image the sensor has, in per cent, while it fetches it.
    pub progress: Option<u8>,
}

/// A sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorView {
    /// Its id.
    pub id: SensorId,
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: GroupRef,
    /// Whether it can be heard.
    pub presence: Presence,
    /// Since when the presence is what it is; `None` while it never called.
    pub since: Option<Timestamp>,
    /// The address it last called from.
    pub address: Option<Address>,
    /// Its program's version.
    pub version: Option<String>,
    /// Its processor architecture, as Rust names it.
    pub architecture: Option<String>,
    /// Parts of events that wait in its spool.
    pub queued: u64,
    /// Parts that a full spool had to drop.
    pub dropped: u64,
    /// What it should run, and how far that is.
    pub instances: Vec<InstanceView>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A group's id and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupRef {
    /// The id.
    pub id: GroupId,
    /// The name.
    pub name: String,
}

/// What the console shows once, when a sensor was added or is to enrol anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The sensor.
    pub sensor: SensorId,
    /// The one command that starts it.
    pub command: String,
    /// Until when the token in it is good.
    pub expires_at: Timestamp,
}

/// How a sensor was at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SensorSample {
    /// When.
    pub at: Timestamp,
    /// Whether it could be heard.
    pub presence: Presence,
    /// Memory in use by the program, in bytes.
    pub memory: Option<u64>,
    /// Bytes in use on the disk of its data folder.
    pub disk_used: Option<u64>,
    /// Bytes on that disk in all.
    pub disk_total: Option<u64>,
    /// Parts of events that waited in its spool.
    pub queued: Option<u64>,
    /// How long its last request took, in milliseconds.
    pub round_trip: Option<u32>,
    /// Seconds since its program started.
    pub uptime: Option<u64>,
}

/// The end of what an instance's container printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTail {
    /// When it was asked for.
    pub at: Timestamp,
    /// The lines, oldest first, at most [`LOG_LINES`](crate::limits::LOG_LINES) and [`LOG`](crate::limits::LOG) bytes. An attacker may have written
    /// every byte of them.
    pub lines: Vec<Bytes>,
}

/// What to change about a sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SensorEdit {
    /// The name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    pub name: String,
    /// The group.
    pub group: GroupId,
}
