//! Events on their way: numbered parts, in batches.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use skep_model::{
    Encounter, Interaction, Timestamp,
    ids::{Epoch, EventId},
};

/// A piece of an event, as a sensor's spool keeps it. Parts are delivered in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum Part {
    /// An event began.
    Open {
        /// Its id.
        event: EventId,
        /// When its first interaction was.
        at: Timestamp,
        /// Who met what.
        encounter: Encounter,
        /// The first interactions; may be empty.
        interactions: Vec<Interaction>,
    },
    /// An event grew.
    Extend {
        /// Its id.
        event: EventId,
        /// The index of the first of these interactions within the event.
        first: u32,
        /// What came next.
        interactions: Vec<Interaction>,
    },
    /// An event ended.
    Close {
        /// Its id.
        event: EventId,
        /// When.
        at: Timestamp,
    },
    /// The sensor started: whatever event of its own is still open ended with its last interaction.
    Restart {
        /// When.
        at: Timestamp,
    },
}

/// A part with its place in the spool. The part stays unread here, so that one that cannot be read
/// costs itself alone.
#[derive(Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The place; the first of an epoch is 1, and none is left out but those that a full spool dropped.
    pub seq: u64,
    /// The encoded [`Part`].
    pub part: Box<RawValue>,
}

/// The body of `POST /sensor/v1/events`: parts of one epoch with rising places, at most
/// [`skep_model::limits::BATCH_PARTS`] of them in at most [`skep_model::limits::BATCH`] bytes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Batch {
    /// The spool's epoch.
    pub epoch: Epoch,
    /// The parts.
    pub parts: Vec<Envelope>,
}

/// The answer to a batch, sent only after everything in it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The spool's epoch.
    pub epoch: Epoch,
    /// The highest place that the server has: the sensor may forget it and all before.
    pub seq: u64,
    /// How many parts of this batch went to quarantine.
    pub quarantined: u32,
}
