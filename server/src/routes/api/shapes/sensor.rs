//! Sensors.

use schemars::JsonSchema;
use serde::Serialize;
use skep_model::{
    Address,
    ids::SensorId,
    sensor::{self, GroupRef, InstanceView, Presence, SensorSample, SensorView},
};

use super::{Raw, Time};

/// A sensor.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sensor {
    /// Its id.
    id: SensorId,
    /// Its name.
    name: String,
    /// Its group.
    group: GroupRef,
    /// Whether it can be heard.
    presence: Presence,
    /// Since when the presence is what it is; null while it never called.
    since: Option<Time>,
    /// The address it last called from.
    address: Option<Address>,
    /// Its program's version.
    version: Option<String>,
    /// Its processor architecture, as Rust names it.
    architecture: Option<String>,
    /// Parts of events that wait in its spool.
    queued: u64,
    /// Parts that a full spool had to drop.
    dropped: u64,
    /// What it should run, and how far that is.
    services: Vec<InstanceView>,
    /// When it was added.
    created_at: Time,
}

/// The one command that starts a sensor; shown once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Enrolment {
    /// The sensor.
    sensor: SensorId,
    /// The command.
    command: String,
    /// Until when the token in it is good.
    expires_at: Time,
}

/// How a sensor was at a moment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sample {
    /// When.
    at: Time,
    /// Whether it could be heard.
    presence: Presence,
    /// Memory in use by the program.
    memory_bytes: Option<u64>,
    /// In use on the disk of its data folder.
    disk_used_bytes: Option<u64>,
    /// The size of that disk.
    disk_total_bytes: Option<u64>,
    /// Parts of events that waited in its spool.
    queued: Option<u64>,
    /// How long its last request took.
    round_trip_ms: Option<u32>,
    /// Since its program started.
    uptime_s: Option<u64>,
}

/// The end of what an instance's container printed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LogTail {
    /// When it was asked for.
    at: Time,
    /// The lines, oldest first: at most 200, and at most 64 KiB. An attacker may have written all of them.
    lines: Vec<Raw>,
}

impl From<SensorView> for Sensor {
    fn from(sensor: SensorView) -> Self {
        Self {
            id: sensor.id,
            name: sensor.name,
            group: sensor.group,
            presence: sensor.presence,
            since: sensor.since.map(Into::into),
            address: sensor.address,
            version: sensor.version,
            architecture: sensor.architecture,
            queued: sensor.queued,
            dropped: sensor.dropped,
            services: sensor.instances,
            created_at: sensor.created_at.into(),
        }
    }
}

impl From<sensor::Enrolment> for Enrolment {
    fn from(enrolment: sensor::Enrolment) -> Self {
        Self {
            sensor: enrolment.sensor,
            command: enrolment.command,
            expires_at: enrolment.expires_at.into(),
        }
    }
}

impl From<SensorSample> for Sample {
    fn from(sample: SensorSample) -> Self {
        Self {
            at: sample.at.into(),
            presence: sample.presence,
            memory_bytes: sample.memory,
            disk_used_bytes: sample.disk_used,
            disk_total_bytes: sample.disk_total,
            queued: sample.queued,
            round_trip_ms: sample.round_trip,
            uptime_s: sample.uptime,
        }
    }
}

impl From<sensor::LogTail> for LogTail {
    fn from(log: sensor::LogTail) -> Self {
        Self {
            at: log.at.into(),
            lines: log.lines.iter().map(Into::into).collect(),
        }
    }
}
