//! Events.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use skep_model::{
    Address, Classification, Digest, Severity, Status, Transport,
    console::{self, Count, EventDetail, EventRow, SensorRef},
    event::ServiceName,
    ids::EventId,
    sensor::GroupRef,
};

use super::{Packet, Page, Step, Time};

/// A page of events.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventList {
    /// The events.
    #[serde(flatten)]
    pub(crate) page: Page<Event>,
    /// How many there are in all, where that was asked for.
    #[serde(flatten)]
    pub(crate) tally: Option<Tally>,
}

/// How many events there are, and how many of each kind.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Tally {
    /// All of them.
    total: Count,
    /// How many of each kind. Where `total` has more, these are the numbers of the newest.
    counts: Counts,
}

/// Events of each kind; what there is none of is left out.
#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    /// By severity.
    severity: BTreeMap<Severity, u64>,
    /// By classification.
    classification: BTreeMap<Classification, u64>,
    /// By service.
    service: BTreeMap<ServiceName, u64>,
}

impl From<console::Tally> for Tally {
    fn from(tally: console::Tally) -> Self {
        Self {
            total: tally.total,
            counts: Counts {
                severity: tally.severity.into_iter().collect(),
                classification: tally.classification.into_iter().collect(),
                service: tally.service.into_iter().collect(),
            },
        }
    }
}

/// An event without its interactions.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Event {
    /// The id.
    id: EventId,
    /// The short number for people.
    number: i64,
    /// The first interaction.
    started_at: Time,
    /// The end; null while the encounter goes on.
    ended_at: Option<Time>,
    /// The sensor.
    sensor: SensorRef,
    /// Its group.
    group: GroupRef,
    /// The service.
    service: ServiceName,
    /// Who came.
    source: Source,
    /// To which port.
    target_port: u16,
    /// Over what.
    transport: Transport,
    /// What kind of touch.
    classification: Classification,
    /// How much it matters.
    severity: Severity,
    /// How far the work on it is.
    status: Status,
    /// What it comes to, in English.
    summary: String,
    /// How many identical events it stands for.
    count: u32,
    /// Counts over its interactions.
    totals: Totals,
}

/// Where an event came from.
#[derive(Debug, Serialize, JsonSchema)]
struct Source {
    /// The address.
    address: Address,
    /// The port.
    port: u16,
    /// Two-letter country code, where known.
    country: Option<String>,
}

/// Counts over the interactions of an event.
#[derive(Debug, Serialize, JsonSchema)]
struct Totals {
    /// All interactions.
    interactions: u32,
    /// Tries to log in.
    logins: u32,
    /// Those that were let in.
    accepted_logins: u32,
    /// Commands of a shell, also in the header of a request.
    commands: u32,
    /// Requests, and commands of a protocol.
    requests: u32,
    /// Files left here or sent in a request, and addresses to fetch from.
    files: u32,
    /// Ports knocked at.
    probes: u32,
    /// Bytes from the source.
    bytes_in: u64,
}

/// An event with everything in it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WholeEvent {
    /// What the list shows of it.
    #[serde(flatten)]
    event: Event,
    /// What somebody wrote about it.
    comment: String,
    /// When the server took its first part.
    received_at: Time,
    /// When it went to the archive; null for a live event.
    archived_at: Option<Time>,
    /// The steps, in order; the place in this list is the step's index.
    interactions: Vec<Step>,
    /// Packets, in order.
    packets: Vec<Packet>,
}

impl From<&EventRow> for Event {
    fn from(row: &EventRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            started_at: row.started_at.into(),
            ended_at: row.ended_at.map(Into::into),
            sensor: row.sensor.clone(),
            group: row.group.clone(),
            service: row.service.clone(),
            source: Source {
                address: row.source,
                port: row.source_port,
                country: row.country.clone(),
            },
            target_port: row.target_port,
            transport: row.transport,
            classification: row.classification,
            severity: row.severity,
            status: row.status,
            summary: row.digest.summary(),
            count: row.count,
            totals: (&row.digest).into(),
        }
    }
}

impl From<&Digest> for Totals {
    fn from(digest: &Digest) -> Self {
        Self {
            interactions: digest.interactions,
            logins: digest.logins,
            accepted_logins: digest.accepted,
            commands: digest.commands,
            requests: digest.requests,
            files: digest.files,
            probes: digest.probes,
            bytes_in: digest.bytes_in,
        }
    }
}

impl From<&EventDetail> for WholeEvent {
    fn from(detail: &EventDetail) -> Self {
        Self {
            event: (&detail.row).into(),
            comment: detail.comment.clone(),
            received_at: detail.received_at.into(),
            archived_at: detail.archived_at.map(Into::into),
            interactions: detail.interactions.iter().map(Into::into).collect(),
            packets: detail.packets.iter().map(Into::into).collect(),
        }
    }
}
