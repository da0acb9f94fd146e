//! Taking in events: reading a batch, checking each part, and one writer that stores many batches at once.

mod check;

pub(crate) use check::part as check_part;

use std::sync::Arc;

use skep_model::{Refusal, Timestamp, ids::SensorId, limits};
use skep_protocol::part::{Accepted, Batch, Envelope};
use skep_store::{Delivery, NumberedPart, Store, StoreError, Taken};
use tokio::sync::{mpsc, oneshot};

use crate::{Hub, HubError, kill_point};

/// Batches that wait for the writer at most; one more is answered with "too busy".
const WAITING: usize = 16;
/// Parts that one transaction takes at most.
const TOGETHER: usize = 2000;

/// A batch on its way to the writer.
struct Job {
    delivery: Delivery,
    answer: oneshot::Sender<Result<Taken, Arc<StoreError>>>,
}

/// The one task that writes events.
pub(crate) struct Writer(mpsc::Sender<Job>);

impl Writer {
    /// Starts the task. It ends, after all that waits is stored, when the writer is dropped.
    pub(crate) fn start(store: Store) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(write(store, receiver));
        Self(sender)
    }
}

/// Stores what waits, together: the more waits, the fewer times the disk is waited for.
async fn write(store: Store, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.recv().await {
        let mut together = vec![first];
        let mut parts = together[0].delivery.parts.len();
        while parts < TOGETHER
            && let Ok(job) = jobs.try_recv()
        {
            parts += job.delivery.parts.len();
            together.push(job);
        }
        let (deliveries, answers): (Vec<_>, Vec<_>) = together
            .into_iter()
            .map(|job| (job.delivery, job.answer))
            .unzip();
        if kill_point::acknowledges_too_early() {
            acknowledge_unstored(&store, deliveries, answers).await;
            continue;
        }
        kill_point::reached("before-commit");
        match store.ingest(deliveries, Timestamp::now()).await {
            Ok(taken) => {
                kill_point::reached("after-commit");
                for (answer, taken) in answers.into_iter().zip(taken) {
                    let _ = answer.send(Ok(taken));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(Arc::clone(&error)));
                }
            }
        }
    }
}

/// The fault that the tests must find: says that a batch is stored, and stores it a moment later.
async fn acknowledge_unstored(
    store: &Store,
    deliveries: Vec<Delivery>,
    answers: Vec<oneshot::Sender<Result<Taken, Arc<StoreError>>>>,
) {
    for (delivery, answer) in deliveries.iter().zip(answers) {
        let seq = delivery.parts.last().map_or(0, |part| part.seq);
        let _ = answer.send(Ok(Taken {
            seq,
            quarantined: 0,
            changes: vec![],
        }));
    }
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    kill_point::reached("before-commit");
    let _ = store.ingest(deliveries, Timestamp::now()).await;
}

/// Reads a batch. A part that cannot be read costs itself alone; a batch that cannot is refused.
fn read(sensor: SensorId, body: &[u8], now: Timestamp) -> Result<Delivery, Refusal> {
    let bad = || Refusal::invalid("body", skep_model::Complaint::Wrong);
    let batch: Batch = serde_json::from_slice(body).map_err(|error| {
        tracing::warn!(%sensor, error = check::short(&error), "a batch could not be read");
        bad()
    })?;
    let rising = batch.parts.windows(2).all(|pair| pair[0].seq < pair[1].seq);
    let last_fits = batch
        .parts
        .last()
        .is_none_or(|part| i64::try_from(part.seq).is_ok());
    if batch.parts.len() > limits::BATCH_PARTS || !rising || !last_fits {
        return Err(bad());
    }
    let parts = batch
        .parts
        .into_iter()
        .map(|Envelope { seq, part }| {
            // The bytes are kept until the end: the store may find that the part does not fit, too.
            let raw = part.get().as_bytes().to_vec();
            NumberedPart {
                seq,
                part: check::part(&raw, now),
                raw,
            }
        })
        .collect();
    Ok(Delivery {
        sensor,
        epoch: batch.epoch,
        parts,
    })
}

impl Hub {
    /// Stores a batch from a sensor whose signature was checked. When this returns, all of it is on disk.
    pub async fn ingest(&self, sensor: SensorId, body: &[u8]) -> Result<Accepted, HubError> {
        let delivery = read(sensor, body, Timestamp::now())?;
        let epoch = delivery.epoch;
        let (answer, answered) = oneshot::channel();
        self.0
            .writer
            .0
            .try_send(Job { delivery, answer })
            .map_err(|_| Refusal::Busy)?;
        let taken = match answered.await {
            Ok(Ok(taken)) => taken,
            Ok(Err(error)) => {
                tracing::error!(%error, "events could not be stored; sensors keep them and try again");
                return Err(Refusal::Busy.into());
            }
            Err(_) => return Err(Refusal::Busy.into()),
        };
        if taken.quarantined > 0 {
            tracing::warn!(%sensor, parts = taken.quarantined, "parts of events went to quarantine");
        }
        for change in taken.changes {
            self.0.live.changed(change);
        }
        Ok(Accepted {
            epoch,
            seq: taken.seq,
            quarantined: taken.quarantined,
        })
    }
}
