//! A container's log, line by line.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::time::interval;

use super::{observation::Observation, sessions::Sessions};
use crate::EngineError;

/// The longest line, in bytes: two values at their longest, in base64. Longer ones are left out.
const LINE: usize = 256 * 1024;

/// How often to look for sessions that have become silent.
const QUIET: Duration = Duration::from_secs(10);

/// What a line says, if it says anything.
pub(super) type Reader = fn(&[u8]) -> Option<Observation>;

/// Takes what the lines say, until there are no more. A line that says nothing is left out: honeypots print other things
/// as well.
pub(super) async fn follow(
    printed: impl Stream<Item = Result<Bytes, EngineError>>,
    read: Reader,
    mut sessions: Sessions,
) {
    let mut line = Line::default();
    tokio::pin!(printed);
    let mut quiet = interval(QUIET);
    loop {
        let piece = tokio::select! {
            _ = quiet.tick() => {
                sessions.end_silent().await;
                continue;
            }
            piece = printed.next() => piece,
        };
        let Some(Ok(piece)) = piece else { break };
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if let Some(whole) = line.push(part)
                && let Some(observation) = read(&whole)
            {
                sessions.take(observation).await;
            }
        }
    }
    sessions.end().await;
}

/// A line that comes in pieces.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Line {
    /// Adds a piece; returns the line when it is whole.
    fn push(&mut self, part: &[u8]) -> Option<Vec<u8>> {
        self.too_long |= self.bytes.len() + part.len() > LINE;
        if self.too_long {
            self.bytes.clear();
        } else {
            self.bytes.extend_from_slice(part);
        }
        if part.last() != Some(&b'\n') {
            return None;
        }
        let line = std::mem::take(&mut self.bytes);
        (!std::mem::take(&mut self.too_long)).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_too_long_cost_themselves_alone() {
        let mut line = Line::default();
        assert_eq!(line.push(b"ab"), None);
        assert_eq!(line.push(b"c\n"), Some(b"abc\n".to_vec()));
        for _ in 0..9 {
            assert_eq!(line.push(&b"x".repeat(LINE / 8)), None);
            assert!(line.bytes.len() <= LINE);
        }
        assert_eq!(line.push(b"end\n"), None);
        assert_eq!(line.push(b"next\n"), Some(b"next\n".to_vec()));
    }
}
