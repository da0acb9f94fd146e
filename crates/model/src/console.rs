//! What the console's pages and its live stream carry.

use serde::{Deserialize, Serialize};

use crate::{
    Address, Bytes, Classification, Digest, Interaction, Network, Severity, Status, Timestamp,
    Transport,
    event::ServiceName,
    ids::{EventId, GroupId, SensorId},
    sensor::GroupRef,
};

/// A row of the event list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// The id.
    pub id: EventId,
    /// The short number for people.
    pub number: i64,
    /// The first interaction.
    pub started_at: Timestamp,
    /// The end; `None` while the encounter goes on.
    pub ended_at: Option<Timestamp>,
    /// The sensor.
    pub sensor: SensorRef,
    /// Its group.
    pub group: GroupRef,
    /// The service.
    pub service: ServiceName,
    /// Who came.
    pub source: Address,
    /// From which port.
    pub source_port: u16,
    /// To which port.
    pub target_port: u16,
    /// Over what.
    pub transport: Transport,
    /// What kind of touch.
    pub classification: Classification,
    /// How much it matters.
    pub severity: Severity,
    /// How far the work on it is.
    pub status: Status,
    /// What it comes to.
    pub digest: Digest,
    /// How many identical events it stands for.
    pub count: u32,
    /// Two-letter country code of the source, where known.
    pub country: Option<String>,
}

/// A sensor's id and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SensorRef {
    /// The id.
    pub id: SensorId,
    /// The name.
    pub name: String,
}

/// An event with everything in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDetail {
    /// What the list shows of it.
    pub row: EventRow,
    /// What somebody wrote about it.
    pub comment: String,
    /// When the server took its first part.
    pub received_at: Timestamp,
    /// When it went to the archive; `None` for a live event.
    pub archived_at: Option<Timestamp>,
    /// The steps, in order; the place in this list is the step's index.
    pub interactions: Vec<Interaction>,
    /// Packets, in order.
    pub packets: Vec<Packet>,
}

/// A packet of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// When it came.
    pub at: Timestamp,
    /// Its protocol.
    pub transport: Transport,
    /// Its target port.
    pub port: u16,
    /// TCP flags as in the header, where there are any.
    pub flags: Option<u8>,
    /// What it carried.
    pub payload: Bytes,
}

/// Which events to list. Everything that is given must hold; of several values of one field, any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventQuery {
    /// Archived events instead of live ones.
    #[serde(default)]
    pub archived: bool,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Sensors.
    #[serde(default)]
    pub sensor: Vec<SensorId>,
    /// Source, or the network that it is in.
    pub source: Option<Network>,
    /// Services.
    #[serde(default)]
    pub service: Vec<ServiceName>,
    /// Classifications.
    #[serde(default)]
    pub classification: Vec<Classification>,
    /// Severities.
    #[serde(default)]
    pub severity: Vec<Severity>,
    /// Statuses.
    #[serde(default)]
    pub status: Vec<Status>,
}

/// A page of the event list, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The events.
    pub events: Vec<EventRow>,
    /// How many events match in all, if that was asked for.
    pub tally: Option<Tally>,
    /// Where the next, older page begins; `None` when there is none.
    pub next: Option<Cursor>,
}

/// How many events match, and how many of each kind. Where there are more than are counted, the newest are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// All of them.
    pub total: Count,
    /// By how much they matter; only what there is.
    pub severity: Vec<(Severity, u64)>,
    /// By what they are.
    pub classification: Vec<(Classification, u64)>,
    /// By service.
    pub service: Vec<(ServiceName, u64)>,
}

impl Tally {
    /// Counts `number` more events of one kind.
    pub fn add(
        &mut self,
        severity: Severity,
        classification: Classification,
        service: &ServiceName,
        number: u64,
    ) {
        fn more<T: Clone + PartialEq>(counts: &mut Vec<(T, u64)>, of: &T, number: u64) {
            match counts.iter_mut().find(|(known, _)| known == of) {
                Some((_, count)) => *count += number,
                None => counts.push((of.clone(), number)),
            }
        }
        self.total.number += number;
        more(&mut self.severity, &severity, number);
        more(&mut self.classification, &classification, number);
        more(&mut self.service, service, number);
    }

    /// Counts one event less.
    pub fn remove(&mut self, event: &EventRow) {
        fn less<T: PartialEq>(counts: &mut Vec<(T, u64)>, of: &T) {
            if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known == of) {
                *count = count.saturating_sub(1);
            }
            counts.retain(|(_, count)| *count > 0);
        }
        self.total.number = self.total.number.saturating_sub(1);
        less(&mut self.severity, &event.severity);
        less(&mut self.classification, &event.classification);
        less(&mut self.service, &event.service);
    }
}

/// A place in the event list: that of the last event shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// When that event started.
    pub started_at: Timestamp,
    /// Its number.
    pub number: i64,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.started_at.0, self.number)
    }
}

impl std::str::FromStr for Cursor {
    type Err = crate::event::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once('-')
            .and_then(|(at, number)| {
                Some(Self {
                    started_at: Timestamp(at.parse().ok()?),
                    number: number.parse().ok()?,
                })
            })
            .ok_or(crate::event::UnknownWord {
                expected: "a cursor as a page of events returned it",
            })
    }
}

/// What the live stream tells a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveMessage {
    /// An event opened.
    Opened {
        /// The event.
        event: EventRow,
    },
    /// An event grew, closed, or was edited.
    Changed {
        /// The event as it is now.
        event: EventRow,
        /// The index of the first new interaction.
        first: u32,
        /// The new interactions.
        interactions: Vec<Interaction>,
    },
    /// An event was archived or removed.
    Gone {
        /// Which.
        event: EventId,
    },
    /// Sensors of one group came, went or changed.
    Sensors {
        /// Which; if none are named, it may be all.
        sensors: Vec<SensorId>,
    },
    /// Messages were lost: read everything anew.
    Resync,
}

impl LiveMessage {
    /// The sensors that are not any more what they were, if this is about sensors; all of them, if none are named.
    #[must_use]
    pub fn sensors(&self) -> Option<&[SensorId]> {
        match self {
            Self::Sensors { sensors } => Some(sensors),
            Self::Resync => Some(&[]),
            Self::Opened { .. } | Self::Changed { .. } | Self::Gone { .. } => None,
        }
    }
}

/// What the dashboard shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    /// Events with status new.
    pub waiting: Count,
    /// Of those, critical ones.
    pub critical: Count,
    /// All events kept.
    pub total: Count,
    /// Events of the last 24 hours.
    pub last_day: u64,
    /// Events of the 24 hours before.
    pub day_before: u64,
    /// Distinct sources of the last 24 hours.
    pub sources: Count,
    /// Log-ins tried in the last 24 hours.
    pub logins: u64,
    /// Sensors that can be heard.
    pub sensors_online: u32,
    /// All sensors.
    pub sensors: u32,
    /// The last 24 hours by hour, oldest first; the last one is the hour that runs now.
    pub hours: Vec<HourCount>,
    /// Services of the last 24 hours, most events first, at most ten.
    pub services: Vec<(ServiceName, u64)>,
    /// Sources of the last 24 hours, most events first, at most ten.
    pub top_sources: Vec<(Address, u64)>,
    /// User names of the last 24 hours, most tried first, at most ten.
    pub users: Vec<(Bytes, u64)>,
    /// Passwords of the last 24 hours, most tried first, at most ten.
    pub passwords: Vec<(Bytes, u64)>,
    /// Newest events of severity high or critical that are not resolved or ignored, at most eight.
    pub urgent: Vec<EventRow>,
}

/// A count that stops at a bound, so that it is quick at any size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Count {
    /// The number counted.
    pub number: u64,
    /// Whether there are more than that.
    pub more: bool,
}

/// Events of one hour by classification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourCount {
    /// The hour's start.
    pub start: Timestamp,
    /// Counts per classification, in the order of [`Classification::ALL`].
    pub counts: Vec<u64>,
}

/// What the set-up page asks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUp {
    /// The password of the user `admin`.
    pub password: String,
    /// That user's e-mail address; may be empty.
    pub email: String,
    /// The name of the first group.
    pub group: String,
}

impl std::fmt::Debug for SetUp {
    /// Leaves the password out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetUp")
            .field("email", &self.email)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

/// A sensor to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewSensor {
    /// Its name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    pub name: String,
    /// Its group.
    pub group: GroupId,
}

/// What to change about an event; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventEdit {
    /// How far the work on it is.
    pub status: Option<Status>,
    /// What somebody has to say about it.
    pub comment: Option<String>,
    /// What the comment was when its writer began: if it is something else by now, nothing is changed.
    #[serde(default)]
    pub comment_before: Option<String>,
}
