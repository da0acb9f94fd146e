//! Places at which a test lets the process kill itself as SIGKILL from outside would.
//!
//! With the feature `kill-points`, `SKEP_KILL_AT` names the place and `SKEP_KILL_AFTER` says at which visit to it.
//! Without the feature there is nothing of it in the program.

/// Reports are taken from the honeypots, and not on disk yet.
pub const AFTER_RECEIVE: &str = "after-receive";
/// Parts are on disk, and not sent yet.
pub const AFTER_FSYNC: &str = "after-fsync";
/// The server has acknowledged parts, and that is not written down yet.
pub const AFTER_SEND: &str = "after-send";

/// Kills the process when this is the place and the time to do so.
#[cfg(feature = "kill-points")]
pub fn reach(place: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};

    static VISITS: AtomicU64 = AtomicU64::new(0);

    if std::env::var("SKEP_KILL_AT").is_ok_and(|wanted| wanted == place) {
        let wanted = std::env::var("SKEP_KILL_AFTER")
            .ok()
            .and_then(|number| number.parse().ok())
            .unwrap_or(1);
        if VISITS.fetch_add(1, Ordering::SeqCst) + 1 == wanted {
            let _ = nix::sys::signal::kill(nix::unistd::getpid(), nix::sys::signal::SIGKILL);
        }
    }
}

/// Does nothing.
#[cfg(not(feature = "kill-points"))]
#[inline]
pub fn reach(_place: &str) {}

/// What is written to the spool, so that a test can compare it with what the server stored.
///
/// The file that `SKEP_JOURNAL` names gets every part twice: on a line with `?` before it is written, and on one
/// with `!` when it is on disk. In between the process may be killed, and nobody knows.
#[cfg(feature = "kill-points")]
pub struct Journal(Vec<Vec<u8>>);

/// Nothing.
#[cfg(not(feature = "kill-points"))]
pub struct Journal;

/// Parts are about to be written.
#[cfg(feature = "kill-points")]
pub fn journal(parts: &std::collections::VecDeque<Vec<u8>>) -> Journal {
    let journal = Journal(parts.iter().cloned().collect());
    journal.note(b'?');
    journal
}

/// Does nothing.
#[cfg(not(feature = "kill-points"))]
#[inline]
pub fn journal(_parts: &std::collections::VecDeque<Vec<u8>>) -> Journal {
    Journal
}

impl Journal {
    /// The parts are on disk.
    #[cfg(feature = "kill-points")]
    pub fn written(self) {
        self.note(b'!');
    }

    /// Does nothing.
    #[cfg(not(feature = "kill-points"))]
    #[inline]
    pub fn written(self) {}

    #[cfg(feature = "kill-points")]
    fn note(&self, mark: u8) {
        use std::io::Write;

        let Some(path) = std::env::var_os("SKEP_JOURNAL") else {
            return;
        };
        let mut lines = Vec::new();
        for part in &self.0 {
            lines.push(mark);
            lines.extend_from_slice(part);
            lines.push(b'\n');
        }
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path);
        if let Err(error) = file.and_then(|mut file| file.write_all(&lines)) {
            tracing::error!("the journal for the test cannot be written: {error}");
        }
    }
}
