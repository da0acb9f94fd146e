//! The spool: where parts of events wait on disk until the server has them.
//!
//! It is a folder of segments that are written one after the other. Every record has a place in its epoch; places
//! rise by one. A record is offered for delivery only after it was fsynced, so what a crash can tear was never seen
//! by the server, and is cut off at the next start. What the server has acknowledged is in `watermark.json`; if that
//! file is lost, records are only sent again, and the server knows them by epoch and place. The spool is bounded: when
//! it is full, its oldest segment is dropped, and what was dropped is counted. Records that can no longer be read
//! count as dropped too.

mod reader;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    collections::VecDeque,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use skep_model::ids::Epoch;
use tokio::sync::Notify;

use crate::files;
pub use reader::{Chunk, Reader};
pub use writer::Writer;

/// The longest segment, in bytes.
const SEGMENT: u64 = 4 * 1024 * 1024;

/// What writer and reader share, and what the status is read from.
#[derive(Clone, Debug)]
pub struct Spool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    limit: u64,
    state: Mutex<State>,
    written: Notify,
    /// The server has more of the current epoch than the spool: the next record must start a new one.
    renew: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// Oldest first; the last one is being written, and there is always one.
    segments: VecDeque<Segment>,
    watermark: Watermark,
}

/// What is known of a segment. Only what is on disk for sure counts here.
#[derive(Clone, Copy, Debug)]
struct Segment {
    number: u64,
    epoch: Epoch,
    first: u64,
    /// One less than `first` when it is empty.
    last: u64,
    bytes: u64,
}

/// What the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Watermark {
    epoch: Epoch,
    acknowledged: u64,
    dropped: u64,
}

/// How full the spool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Records that the server has not acknowledged.
    pub queued: u64,
    /// Records that were dropped in this epoch.
    pub dropped: u64,
}

/// Opens the spool in `folder`, or makes one, that takes at most `limit` bytes on disk.
pub fn open(folder: &Path, limit: u64) -> io::Result<(Spool, Writer, Reader)> {
    fs::create_dir_all(folder)?;
    let mut segments = list(folder)?;
    let known = watermark(folder, segments.iter().map(|segment| segment.epoch));
    let newest = segments.back().copied();
    let watermark = known
        .or_else(|| {
            segments.front().map(|oldest| Watermark {
                epoch: oldest.epoch,
                acknowledged: oldest.first - 1,
                dropped: 0,
            })
        })
        .unwrap_or_else(|| Watermark {
            epoch: Epoch::new(),
            acknowledged: 0,
            dropped: 0,
        });
    let writer = match newest {
        // The spool is older than its watermark: its places were used already.
        Some(newest) if newest.epoch == watermark.epoch && newest.last < watermark.acknowledged => {
            tracing::warn!("the spool has lost records that the server has; a new epoch begins");
            writer::Position::start(folder, newest.number + 1, Epoch::new(), 1)?
        }
        Some(newest) => writer::Position::resume(folder, &newest)?,
        None => writer::Position::start(folder, 1, watermark.epoch, 1)?,
    };
    if newest.is_none_or(|newest| newest.number != writer.number()) {
        segments.push_back(writer.segment());
    }
    let mut state = State {
        segments,
        watermark,
    };
    for done in state.acknowledge(watermark.epoch, watermark.acknowledged) {
        remove(folder, done.number)?;
    }
    let spool = Spool(Arc::new(Shared {
        folder: folder.to_owned(),
        limit,
        state: Mutex::new(state),
        written: Notify::new(),
        renew: AtomicBool::new(false),
    }));
    Ok((
        spool.clone(),
        Writer::new(spool.clone(), writer),
        Reader::new(spool),
    ))
}

impl Spool {
    /// How full the spool is.
    #[must_use]
    pub fn status(&self) -> Status {
        let state = self.lock();
        Status {
            queued: state
                .segments
                .iter()
                .map(|segment| state.waiting(segment))
                .sum(),
            dropped: state.watermark.dropped,
        }
    }

    /// Waits until something was written since the last call returned.
    pub async fn written(&self) {
        self.0.written.notified().await;
    }

    /// Notes that the server has everything up to a place, and frees what it took.
    pub fn acknowledge(&self, epoch: Epoch, seq: u64) {
        let mut state = self.lock();
        let newest = state
            .segments
            .iter()
            .rfind(|segment| segment.epoch == epoch);
        let Some(newest) = newest.copied() else {
            return;
        };
        if seq > newest.last {
            tracing::warn!(
                "the server has more records than the spool ever wrote; a new epoch begins"
            );
            self.0.renew.store(true, Ordering::Relaxed);
        }
        let done = state.acknowledge(epoch, seq.min(newest.last));
        if let Err(error) =
            files::replace_unsynced(&self.0.folder.join("watermark.json"), &state.watermark)
        {
            tracing::warn!(
                "what the server has cannot be noted, and is sent again after a restart: {error}"
            );
        }
        self.remove(&done);
    }

    /// Forgets a segment whose file is gone: a full spool dropped it in this moment, or somebody else did.
    fn give_up(&self, number: u64, error: io::Error) -> io::Result<()> {
        let mut state = self.lock();
        let place = state
            .segments
            .iter()
            .position(|segment| segment.number == number);
        match place {
            Some(place) if place + 1 == state.segments.len() => return Err(error),
            Some(place) => {
                if let Some(segment) = state.segments.remove(place) {
                    state.watermark.dropped += state.waiting(&segment);
                }
            }
            None => {}
        }
        Ok(())
    }

    fn remove(&self, segments: &[Segment]) {
        for segment in segments {
            if let Err(error) = remove(&self.0.folder, segment.number) {
                tracing::warn!("a delivered segment of the spool cannot be removed: {error}");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is one assignment after the other without a call that panics between them.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How many records of a segment the server does not have.
    fn waiting(&self, segment: &Segment) -> u64 {
        let before = if segment.epoch == self.watermark.epoch {
            self.watermark.acknowledged.max(segment.first - 1)
        } else {
            segment.first - 1
        };
        segment.last.saturating_sub(before)
    }

    /// Moves the watermark, and takes away the segments before it.
    fn acknowledge(&mut self, epoch: Epoch, seq: u64) -> Vec<Segment> {
        if epoch == self.watermark.epoch {
            self.watermark.acknowledged = self.watermark.acknowledged.max(seq);
        } else {
            self.watermark = Watermark {
                epoch,
                acknowledged: seq,
                dropped: 0,
            };
        }
        let mut done = Vec::new();
        while self.segments.len() > 1
            && let Some(oldest) = self.segments.front()
            && if oldest.epoch == epoch {
                self.waiting(oldest) == 0
            } else {
                // Of an epoch before this one.
                self.segments.iter().any(|segment| segment.epoch == epoch)
            }
        {
            done.extend(self.segments.pop_front());
        }
        done
    }
}

/// Finds the segments of a spool, and cuts off what a crash has torn.
fn list(folder: &Path) -> io::Result<VecDeque<Segment>> {
    let mut numbers: Vec<u64> = fs::read_dir(folder)?
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .to_str()?
                .strip_suffix(".seg")?
                .parse()
                .ok()
        })
        .collect();
    numbers.sort_unstable();
    let mut segments = VecDeque::with_capacity(numbers.len());
    for number in numbers {
        let file = File::open(path(folder, number))?;
        let Some(header) = segment::Header::read(&file)?.filter(|header| header.first > 0) else {
            // A crash at its making; nothing in it was ever sent.
            remove(folder, number)?;
            continue;
        };
        segments.push_back(Segment {
            number,
            epoch: header.epoch,
            first: header.first,
            last: header.first - 1,
            bytes: file.metadata()?.len(),
        });
    }
    for index in 0..segments.len() {
        let next = segments.get(index + 1).copied();
        let segment = &mut segments[index];
        match next {
            // Whether all of these can be read shows when they are.
            Some(next) if next.epoch == segment.epoch => {
                segment.last = segment.last.max(next.first - 1);
            }
            _ => {
                let file = File::options()
                    .read(true)
                    .write(true)
                    .open(path(folder, segment.number))?;
                let (last, end) = segment::scan(&file, segment.first)?;
                if end < segment.bytes {
                    file.set_len(end)?;
                    file.sync_all()?;
                }
                (segment.last, segment.bytes) = (last, end);
            }
        }
    }
    Ok(segments)
}

/// What was written of the server's watermark, if it is about one of these epochs.
fn watermark(folder: &Path, mut epochs: impl Iterator<Item = Epoch>) -> Option<Watermark> {
    let watermark: Watermark = files::read(&folder.join("watermark.json"))
        .inspect_err(|error| tracing::warn!("records may be sent again: {error}"))
        .ok()??;
    epochs
        .any(|epoch| epoch == watermark.epoch)
        .then_some(watermark)
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:010}.seg"))
}

fn remove(folder: &Path, number: u64) -> io::Result<()> {
    match fs::remove_file(path(folder, number)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
