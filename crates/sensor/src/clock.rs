//! The server's time, for sensors whose own clock is wrong.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use skep_honeypots::record::Clock;
use skep_model::Timestamp;

use crate::files;

/// A difference that is left as it is, in milliseconds.
const TOLERATED: i64 = 5_000;

/// How many answers in a row must differ by more before the clock is set.
const PERSISTENT: u32 = 3;

/// The clock that honeypots, signatures and certificates use. It listens to the server's `Date`, and keeps what it
/// learns over a restart.
#[derive(Debug)]
pub struct ServerClock {
    clock: Clock,
    file: PathBuf,
    differing: AtomicU32,
}

#[derive(Serialize, Deserialize)]
struct Known {
    /// In milliseconds.
    offset: i64,
}

impl ServerClock {
    /// The clock as it was set last.
    pub fn load(folder: &Path) -> io::Result<Self> {
        let file = folder.join("clock.json");
        let clock = Clock::default();
        if let Some(known) = files::read::<Known>(&file)? {
            clock.set_offset(known.offset);
        }
        Ok(Self {
            clock,
            file,
            differing: AtomicU32::new(0),
        })
    }

    /// The clock itself.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes note of an answer's `Date`. A difference counts when it persists, or at once when the server has
    /// refused a request for its time (`certain`).
    pub fn heard(&self, date: &str, certain: bool) {
        let Some(date) = parse(date) else { return };
        if certain {
            self.set(date);
        } else if (date - self.clock.now()).abs() <= TOLERATED {
            self.differing.store(0, Ordering::Relaxed);
        } else if self.differing.fetch_add(1, Ordering::Relaxed) + 1 >= PERSISTENT {
            self.set(date);
        }
    }

    fn set(&self, date: Timestamp) {
        let difference = date - Timestamp::now();
        // Within what `Date` can tell, this machine's own clock is right.
        let offset = if difference.abs() <= 1_500 {
            0
        } else {
            difference
        };
        self.differing.store(0, Ordering::Relaxed);
        self.clock.set_offset(offset);
        tracing::info!("this machine's clock is corrected by {offset} ms to be the server's");
        if let Err(error) = files::replace(&self.file, &Known { offset }) {
            tracing::warn!("the clock's correction cannot be kept over a restart: {error}");
        }
    }
}

/// An HTTP date; the middle of the second that it names.
fn parse(date: &str) -> Option<Timestamp> {
    let time: SystemTime = httpdate::parse_http_date(date).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp(since.as_millis() as i64 + 500))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use std::time::Duration;

    fn date(ahead: Duration) -> String {
        httpdate::fmt_http_date(SystemTime::now() + ahead)
    }

    #[test]
    fn a_difference_counts_when_it_persists_and_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ServerClock::load(folder.path()).unwrap();
        let hour = Duration::from_hours(1);
        for heard in [hour, hour, Duration::ZERO, hour, hour] {
            clock.heard(&date(heard), false);
            assert_eq!(clock.clock().offset(), 0);
        }
        clock.heard(&date(hour), false);
        assert!((clock.clock().offset() - 3_600_000).abs() < 2_000);
        let again = ServerClock::load(folder.path()).unwrap();
        assert_eq!(again.clock().offset(), clock.clock().offset());
        again.heard(&date(Duration::ZERO), true);
        assert_eq!(again.clock().offset(), 0);
    }

    #[test]
    fn nonsense_is_no_time() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ServerClock::load(folder.path()).unwrap();
        clock.heard("yesterday", true);
        assert_eq!(clock.clock().offset(), 0);
    }
}
