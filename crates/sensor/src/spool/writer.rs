//! The spool's end where the collector writes.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::atomic::Ordering,
};

use skep_model::ids::Epoch;

use super::{SEGMENT, Segment, Spool, path, remove, segment};
use crate::files;

/// Writes records.
#[derive(Debug)]
pub struct Writer {
    spool: Spool,
    position: Position,
    segment_limit: u64,
}

/// Where the next record goes.
#[derive(Debug)]
pub(super) struct Position {
    file: File,
    number: u64,
    epoch: Epoch,
    first: u64,
    next: u64,
    /// The end of what is known to be whole.
    end: u64,
    /// Something may stand behind the end, or a write failed in a way that leaves doubt: write to a new file.
    doubtful: bool,
}

impl Position {
    /// Begins a segment.
    pub(super) fn start(folder: &Path, number: u64, epoch: Epoch, first: u64) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path(folder, number))?;
        file.write_all_at(&segment::Header { epoch, first }.encode(), 0)?;
        file.sync_all()?;
        files::sync_folder(folder)?;
        Ok(Self {
            file,
            number,
            epoch,
            first,
            next: first,
            end: segment::HEADER as u64,
            doubtful: false,
        })
    }

    /// Goes on after the last record of a segment.
    pub(super) fn resume(folder: &Path, segment: &Segment) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .open(path(folder, segment.number))?;
        Ok(Self {
            file,
            number: segment.number,
            epoch: segment.epoch,
            first: segment.first,
            next: segment.last + 1,
            end: segment.bytes,
            doubtful: false,
        })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn segment(&self) -> Segment {
        Segment {
            number: self.number,
            epoch: self.epoch,
            first: self.first,
            last: self.next - 1,
            bytes: self.end,
        }
    }

    /// Writes encoded records, and returns when they are on disk.
    fn write(&mut self, records: &[u8], count: u64) -> io::Result<()> {
        let written = self
            .file
            .write_all_at(records, self.end)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // After a failed fsync nobody knows what is on disk.
            self.doubtful =
                self.file.set_len(self.end).is_err() || error.kind() != io::ErrorKind::StorageFull;
            return Err(error);
        }
        self.end += records.len() as u64;
        self.next += count;
        Ok(())
    }
}

impl Writer {
    pub(super) fn new(spool: Spool, position: Position) -> Self {
        let segment_limit = SEGMENT.min(spool.0.limit / 8);
        Self {
            spool,
            position,
            segment_limit,
        }
    }

    /// Writes the records that wait, with one fsync as long as they fit into one segment. A record leaves the
    /// queue when it is on disk; after an error the rest can be tried again.
    pub fn append(&mut self, waiting: &mut VecDeque<Vec<u8>>) -> io::Result<()> {
        if self.spool.0.renew.swap(false, Ordering::Relaxed) {
            self.rotate(Epoch::new(), 1)?;
        }
        while let Some(oldest) = waiting.front() {
            if self.position.doubtful || self.is_full(segment::record_size(oldest)) {
                self.rotate(self.position.epoch, self.position.next)?;
            }
            let mut records = Vec::new();
            let mut count = 0;
            for content in &*waiting {
                let size = records.len() as u64 + segment::record_size(content);
                if count > 0 && self.is_full(size) {
                    break;
                }
                segment::encode(&mut records, self.position.next + count, content);
                count += 1;
            }
            self.make_room(records.len() as u64)?;
            self.position.write(&records, count)?;
            self.publish();
            waiting.drain(..count as usize);
        }
        Ok(())
    }

    /// Whether so many bytes more belong into the next segment.
    fn is_full(&self, bytes: u64) -> bool {
        self.position.next > self.position.first && self.position.end + bytes > self.segment_limit
    }

    fn publish(&self) {
        if let Some(newest) = self.spool.lock().segments.back_mut() {
            *newest = self.position.segment();
        }
        self.spool.0.written.notify_one();
    }

    fn rotate(&mut self, epoch: Epoch, first: u64) -> io::Result<()> {
        let folder = &self.spool.0.folder;
        self.position = Position::start(folder, self.position.number + 1, epoch, first)?;
        let mut state = self.spool.lock();
        state.segments.push_back(self.position.segment());
        // The segment before may be delivered already; it was only kept because it was the last.
        let watermark = state.watermark;
        let done = state.acknowledge(watermark.epoch, watermark.acknowledged);
        drop(state);
        self.spool.remove(&done);
        Ok(())
    }

    /// Drops the oldest segments until so many bytes more keep the spool within its limit.
    fn make_room(&mut self, bytes: u64) -> io::Result<()> {
        let spool = self.spool.clone();
        let mut state = spool.lock();
        let mut lost = 0;
        while state.segments.len() > 1
            && state
                .segments
                .iter()
                .map(|segment| segment.bytes)
                .sum::<u64>()
                + bytes
                > spool.0.limit
        {
            let Some(oldest) = state.segments.pop_front() else {
                break;
            };
            lost += state.waiting(&oldest);
            remove(&spool.0.folder, oldest.number)?;
        }
        if lost > 0 {
            state.watermark.dropped += lost;
            tracing::warn!(
                "the spool is full: {lost} parts of events were dropped, {} so far; \
                 the server has not taken them for too long",
                state.watermark.dropped
            );
            files::replace(&spool.0.folder.join("watermark.json"), &state.watermark)?;
        }
        Ok(())
    }
}
