//! Takes parts from the spool to the server, in order.

use std::{collections::VecDeque, fs, io, path::PathBuf, sync::Arc, time::Duration};

use serde_json::value::RawValue;
use skep_model::{limits, raw};
use skep_protocol::{
    message::Problem,
    part::{Accepted, Batch, Envelope},
};

use crate::{
    client::{CallError, Client},
    kill_point,
    retry::Retry,
    spool::{Chunk, Reader, Spool},
};

const PATIENCE: Duration = Duration::from_mins(1);

/// How many bytes of parts are read for one batch: less than the server takes, so that neither a small machine's
/// memory nor a slow line is filled by one request.
const CHUNK: usize = limits::BATCH / 4;

/// How many refused parts are kept for a person to look at.
const REFUSED: usize = 100;

/// Delivers until it is dropped.
#[derive(Debug)]
pub struct Delivery {
    client: Arc<Client>,
    spool: Spool,
    reader: Reader,
    refused: PathBuf,
    retry: Retry,
    /// Read from the spool, not acknowledged, in order.
    batches: VecDeque<Batch>,
}

impl Delivery {
    /// Parts that the server refuses are put into the folder `refused`.
    #[must_use]
    pub fn new(client: Arc<Client>, spool: Spool, reader: Reader, refused: PathBuf) -> Self {
        Self {
            client,
            spool,
            reader,
            refused,
            retry: Retry::new("delivery of events"),
            batches: VecDeque::new(),
        }
    }

    /// Sends whatever is written to the spool, at once.
    pub async fn run(mut self) {
        loop {
            let Some(batch) = self.batches.pop_front() else {
                match self.reader.read(limits::BATCH_PARTS, CHUNK) {
                    Ok(Some(chunk)) => self.batches.extend(self.pack(chunk)),
                    Ok(None) => self.spool.written().await,
                    Err(error) => {
                        tracing::error!("the spool cannot be read: {error}");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
                continue;
            };
            self.send(batch).await;
        }
    }

    /// Sends one batch. What the server did not take is put back to be sent next.
    async fn send(&mut self, batch: Batch) {
        let answer: Result<Accepted, CallError> = self
            .client
            .post("/sensor/v1/events", &batch, PATIENCE)
            .await;
        let failure = match answer {
            Ok(accepted) => match self.settle(batch, accepted) {
                None => return,
                Some(failure) => failure,
            },
            Err(CallError::Refused { problem, .. }) if is_about_content(&problem) => {
                self.divide(batch, &problem.title);
                return;
            }
            Err(error) => {
                self.batches.push_front(batch);
                error
            }
        };
        let delay = self.retry.failed(&failure);
        tokio::time::sleep(delay).await;
    }

    /// Notes what the server has; returns what is wrong with the answer if nothing came of it.
    fn settle(&mut self, mut batch: Batch, accepted: Accepted) -> Option<CallError> {
        let before = batch.parts.len();
        if accepted.epoch == batch.epoch {
            batch.parts.retain(|part| part.seq > accepted.seq);
        }
        let taken = before - batch.parts.len();
        if !batch.parts.is_empty() {
            self.batches.push_front(batch);
        }
        if taken == 0 {
            let problem = "it acknowledges nothing of what was sent";
            return Some(CallError::Garbled(problem.to_owned()));
        }
        kill_point::reach(kill_point::AFTER_SEND);
        self.spool.acknowledge(accepted.epoch, accepted.seq);
        self.retry.succeeded();
        if accepted.quarantined > 0 {
            tracing::warn!(
                "the server put {} parts of events into quarantine",
                accepted.quarantined
            );
        }
        None
    }

    /// Halves a batch that the server will not have, until the part that it will not have stands alone; that one is
    /// put aside.
    fn divide(&mut self, mut batch: Batch, reason: &str) {
        let half = batch.parts.len() / 2;
        if half == 0 {
            for part in &batch.parts {
                tracing::error!(
                    "the server refuses part {} of epoch {}, which is put aside: {}",
                    part.seq,
                    batch.epoch,
                    raw::visible(reason.as_bytes())
                );
                if let Err(error) = self.put_aside(&batch, part) {
                    tracing::error!("it cannot be put aside, and is lost: {error}");
                }
                self.spool.acknowledge(batch.epoch, part.seq);
            }
            return;
        }
        let rest = Batch {
            epoch: batch.epoch,
            parts: batch.parts.split_off(half),
        };
        self.batches.push_front(rest);
        self.batches.push_front(batch);
    }

    fn put_aside(&self, batch: &Batch, part: &Envelope) -> io::Result<()> {
        fs::create_dir_all(&self.refused)?;
        if fs::read_dir(&self.refused)?.count() >= REFUSED {
            return Err(io::Error::other(format!(
                "{} is full; remove what is no longer needed",
                self.refused.display()
            )));
        }
        let name = format!("{}-{}.json", batch.epoch, part.seq);
        fs::write(self.refused.join(name), part.part.get())
    }

    /// Makes a batch of what was read. What is no JSON was not written by this program, and is left out.
    fn pack(&self, chunk: Chunk) -> Option<Batch> {
        let mut parts = Vec::with_capacity(chunk.records.len());
        let mut last = 0;
        for (seq, content) in chunk.records {
            last = seq;
            let part = String::from_utf8(content).map(RawValue::from_string);
            if let Ok(Ok(part)) = part {
                parts.push(Envelope { seq, part });
            } else {
                tracing::error!("part {seq} in the spool is no JSON, and is left out");
            }
        }
        if parts.is_empty() {
            self.spool.acknowledge(chunk.epoch, last);
            return None;
        }
        Some(Batch {
            epoch: chunk.epoch,
            parts,
        })
    }
}

/// Whether the server means these parts and not the sensor. A 400 without the server's own word comes from a proxy in
/// between, which would say it of any other part too.
fn is_about_content(problem: &Problem) -> bool {
    problem.status == 413 || (problem.status == 400 && problem.kind == "bad-request")
}
