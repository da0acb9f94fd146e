//! What somebody leaves at a honeypot, a file or a message: recorded piece by piece while it comes.

use skep_model::{Bytes, Direction, InteractionKind, limits};

use crate::record::Recorder;

/// What is left of an event's room for the steps after the content: what it was, and what was done next.
const SPARED: usize = 512 * 1024;

/// A content that comes. The pieces that are recorded do not depend on how it was cut on its way.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Its length so far.
    pub(crate) size: u64,
    kept: u64,
    /// Whether a piece was not kept, and so none after it.
    cut: bool,
    piece: Vec<u8>,
}

impl Content {
    /// Takes the next bytes.
    pub(crate) async fn add(&mut self, mut bytes: &[u8], recorder: &mut Recorder) {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(limits::VALUE - self.piece.len()));
            self.piece.extend_from_slice(part);
            bytes = rest;
            if self.piece.len() == limits::VALUE {
                self.record(recorder).await;
            }
        }
    }

    /// Records what is left, and whether anything could not be kept.
    pub(crate) async fn end(&mut self, recorder: &mut Recorder) {
        if !self.piece.is_empty() {
            self.record(recorder).await;
        }
        if self.cut {
            let text = format!("the first {} of {} bytes were kept", self.kept, self.size);
            recorder.record(InteractionKind::Note { text }).await;
        }
    }

    async fn record(&mut self, recorder: &mut Recorder) {
        let bytes = Bytes(std::mem::take(&mut self.piece));
        // What is kept is the beginning, without gaps.
        self.cut |= recorder.room() < SPARED;
        if !self.cut {
            self.kept += bytes.0.len() as u64;
            let direction = Direction::In;
            recorder
                .record(InteractionKind::Data { direction, bytes })
                .await;
        }
    }
}
