//! How a honeypot says what happens.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use skep_model::{
    Encounter, Interaction, InteractionKind, Timestamp, Transport,
    event::ServiceName,
    ids::{EventId, InstanceId},
    limits, raw,
};
use tokio::sync::mpsc;

use crate::contract::Peer;

/// Something that happened to an event; what the sensor writes to its spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// An event began.
    Open {
        /// Its id.
        event: EventId,
        /// When.
        at: Timestamp,
        /// Who met what.
        encounter: Encounter,
    },
    /// A step.
    Step {
        /// The event.
        event: EventId,
        /// The step's index within the event.
        index: u32,
        /// What happened.
        interaction: Interaction,
    },
    /// The event ended.
    Close {
        /// The event.
        event: EventId,
        /// When.
        at: Timestamp,
    },
}

/// The clock that honeypots use: this machine's and the offset to the server's.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// The time, corrected.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(Timestamp::now().0 + self.offset())
    }

    /// What is added to this machine's time, in milliseconds.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets what is added to this machine's time, in milliseconds.
    pub fn set_offset(&self, offset: i64) {
        self.0.store(offset, Ordering::Relaxed);
    }
}

/// Opens events of one instance.
#[derive(Clone, Debug)]
pub struct Reporter {
    service: ServiceName,
    instance: InstanceId,
    revision: u32,
    clock: Clock,
    reports: mpsc::Sender<Report>,
}

impl Reporter {
    /// A reporter of one instance, which sends to the sensor's collector.
    #[must_use]
    pub fn new(
        service: ServiceName,
        instance: InstanceId,
        revision: u32,
        clock: Clock,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        Self {
            service,
            instance,
            revision,
            clock,
            reports,
        }
    }

    /// Opens an event. It appears in the console at once, and ends when the recorder is closed or dropped.
    pub async fn open(&self, peer: Peer, transport: Transport) -> Recorder {
        let event = EventId::new();
        let at = self.clock.now();
        let encounter = Encounter {
            service: self.service.clone(),
            instance: self.instance,
            revision: self.revision,
            source: peer.source.ip().into(),
            source_port: peer.source.port(),
            target_port: peer.target.port(),
            transport,
        };
        // The collector outlives every honeypot; when it is gone, the sensor is stopping.
        let _ = self
            .reports
            .send(Report::Open {
                event,
                at,
                encounter,
            })
            .await;
        Recorder {
            event,
            opened: at,
            next: 0,
            bytes: 0,
            skipped: 0,
            open: true,
            clock: self.clock.clone(),
            reports: self.reports.clone(),
        }
    }
}

/// The most of one value that a log line shows, in bytes.
const LOGGED: usize = 200;

/// Says in the log what happened. Every byte is an attacker's own: what is no plain text is escaped.
fn log(event: EventId, kind: &InteractionKind) {
    let values: Vec<_> = kind
        .values()
        .into_iter()
        .map(|value| raw::visible(raw::cut(&value.0, LOGGED)))
        .collect();
    tracing::debug!(%event, "{}: {}", kind.word(), values.join(" "));
}

/// Writes the steps of one event, within its bounds.
#[derive(Debug)]
pub struct Recorder {
    event: EventId,
    opened: Timestamp,
    next: u32,
    bytes: usize,
    skipped: u64,
    open: bool,
    clock: Clock,
    reports: mpsc::Sender<Report>,
}

impl Recorder {
    /// The event.
    #[must_use]
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Whether the event is full: later steps are counted, not kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        // Room for a step and the note that it was cut, the note that steps were skipped, and the close.
        self.next + 4 > limits::INTERACTIONS || self.bytes >= limits::EVENT
    }

    /// How many more bytes of attacker data are kept.
    pub(crate) fn room(&self) -> usize {
        if self.is_full() {
            0
        } else {
            limits::EVENT - self.bytes
        }
    }

    /// Records a step that happens now. Values that are too long are cut, and a note says how long they were.
    pub async fn record(&mut self, kind: InteractionKind) {
        self.record_part(kind, 0).await;
    }

    /// Records a step whose value was `length` bytes long before the honeypot let go of its end.
    pub async fn record_part(&mut self, mut kind: InteractionKind, length: usize) {
        if self.is_full() {
            self.skipped += 1;
            return;
        }
        let cut = shorten(&mut kind).max((length > limits::VALUE).then_some(length));
        self.bytes += kind.size();
        self.send(kind).await;
        if let Some(length) = cut {
            let text = format!("cut to {} of {length} bytes", limits::VALUE);
            self.send(InteractionKind::Note { text }).await;
        }
    }

    async fn send(&mut self, kind: InteractionKind) {
        if tracing::enabled!(tracing::Level::DEBUG) {
            log(self.event, &kind);
        }
        let interaction = Interaction {
            at: self.clock.now(),
            kind,
        };
        let _ = self
            .reports
            .send(Report::Step {
                event: self.event,
                index: self.next,
                interaction,
            })
            .await;
        self.next += 1;
    }

    /// Ends the event, and says why.
    pub async fn close(mut self, reason: &str) {
        if self.skipped > 0 {
            let text = format!(
                "{} more steps were not kept: the event is full",
                self.skipped
            );
            self.send(InteractionKind::Note { text }).await;
        }
        let at = self.clock.now();
        self.send(InteractionKind::Close {
            reason: reason.to_owned(),
            duration: at - self.opened,
        })
        .await;
        self.open = false;
        let _ = self
            .reports
            .send(Report::Close {
                event: self.event,
                at,
            })
            .await;
    }
}

impl Drop for Recorder {
    /// A recorder that was not closed (its honeypot was stopped) still ends its event.
    fn drop(&mut self) {
        if self.open {
            let report = Report::Close {
                event: self.event,
                at: self.clock.now(),
            };
            if let Err(mpsc::error::TrySendError::Full(report)) = self.reports.try_send(report)
                && let Ok(runtime) = tokio::runtime::Handle::try_current()
            {
                let reports = self.reports.clone();
                runtime.spawn(async move { reports.send(report).await });
            }
        }
    }
}

/// Cuts every value to the bound; returns the longest length that was cut.
fn shorten(kind: &mut InteractionKind) -> Option<usize> {
    let mut longest = None;
    let mut cut = |bytes: &mut skep_model::Bytes| {
        if bytes.0.len() > limits::VALUE {
            longest = longest.max(Some(bytes.0.len()));
            let kept = raw::cut(&bytes.0, limits::VALUE).len();
            bytes.0.truncate(kept);
        }
    };
    match kind {
        InteractionKind::Banner { text } => cut(text),
        InteractionKind::Login { user, secret, .. } => {
            cut(user);
            cut(secret);
        }
        InteractionKind::Command { line, .. } => cut(line),
        InteractionKind::Request {
            method,
            path,
            headers,
            body,
        } => {
            cut(method);
            cut(path);
            for (name, value) in headers {
                cut(name);
                cut(value);
            }
            cut(body);
        }
        InteractionKind::Data { bytes, .. } => cut(bytes),
        InteractionKind::File { name, .. } => cut(name),
        InteractionKind::Probe { payload, .. } => cut(payload),
        InteractionKind::Attribute { value, .. } => cut(value),
        InteractionKind::Connect | InteractionKind::Note { .. } | InteractionKind::Close { .. } => {
        }
    }
    longest
}
