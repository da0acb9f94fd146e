//! Protocols of lines: reads lines one by one, however long they are and however they are cut.

use std::io;

use memchr::memchr;
use skep_model::{Bytes, Direction, InteractionKind, limits};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::{record::Recorder, stream::Stream};

/// How much of a line is kept: as much as an interaction keeps, and enough more to see that it was longer.
const KEPT: usize = limits::VALUE + 1024;

/// A line without its end, which is a line feed, with or without a carriage return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The line, up to a bound.
    pub(crate) text: Vec<u8>,
    /// How long it was.
    pub(crate) length: usize,
}

impl Line {
    /// Records it as a command of the protocol.
    pub(crate) async fn record(&self, recorder: &mut Recorder) {
        let line = Bytes(self.text.clone());
        recorder
            .record_part(
                InteractionKind::Command {
                    line,
                    protocol: true,
                },
                self.length,
            )
            .await;
    }

    /// Records it as mere bytes.
    pub(crate) async fn record_data(self, recorder: &mut Recorder) {
        let kind = InteractionKind::Data {
            direction: Direction::In,
            bytes: Bytes(self.text),
        };
        recorder.record_part(kind, self.length).await;
    }

    /// The line's first word in capitals, and what follows the space behind it.
    pub(crate) fn split(&self) -> (Vec<u8>, &[u8]) {
        let end = memchr(b' ', &self.text).unwrap_or(self.text.len());
        let rest = self.text.get(end + 1..).unwrap_or_default();
        (self.text[..end].to_ascii_uppercase(), rest)
    }

    /// How long a line's end was before it was cut.
    pub(crate) fn length_of(&self, end: &[u8]) -> usize {
        self.length - (self.text.len() - end.len())
    }
}

/// A connection over which lines come.
pub(crate) struct Lines {
    pub(crate) stream: BufReader<Stream>,
    /// The line that has begun.
    line: Line,
    /// The last byte of it.
    last: u8,
}

impl Lines {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream: BufReader::new(stream),
            line: Line::default(),
            last: 0,
        }
    }

    /// The next line; `None` when there is no more.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let received = self.stream.fill_buf().await?;
            if received.is_empty() {
                return Ok(None);
            }
            let end = memchr(b'\n', received);
            let part = &received[..end.unwrap_or(received.len())];
            let room = KEPT.saturating_sub(self.line.text.len());
            self.line
                .text
                .extend_from_slice(&part[..part.len().min(room)]);
            self.line.length += part.len();
            self.last = part.last().copied().unwrap_or(self.last);
            let used = part.len() + usize::from(end.is_some());
            self.stream.consume(used);
            if end.is_some() {
                let mut line = std::mem::take(&mut self.line);
                if std::mem::take(&mut self.last) == b'\r' {
                    line.length -= 1;
                    line.text.truncate(line.length);
                }
                return Ok(Some(line));
            }
        }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Records what has come and is no line, and closes the connection.
    pub(crate) async fn leave(&mut self, recorder: &mut Recorder) {
        let line = std::mem::take(&mut self.line);
        if line.length > 0 {
            line.record_data(recorder).await;
        }
        let _ = self.stream.shutdown().await;
    }
}
