//! When to try again, and how to say so without flooding the log.

use std::time::Duration;

use crate::client::CallError;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_mins(1);

/// The longest that the server's `Retry-After` is obeyed.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits longer from failure to failure, with jitter, so that many sensors do not come back in the same moment.
#[derive(Debug)]
pub struct Retry {
    purpose: &'static str,
    next: Duration,
    said: Option<String>,
}

impl Retry {
    /// `purpose` says in the log what is tried.
    #[must_use]
    pub fn new(purpose: &'static str) -> Self {
        Self {
            purpose,
            next: FIRST,
            said: None,
        }
    }

    /// Notes a failure, logs it when it is not the same as the last one, and returns how long to wait.
    pub fn failed(&mut self, error: &CallError) -> Duration {
        let words = error.to_string();
        if self.said.as_ref() != Some(&words) {
            tracing::warn!("{}: {words}{}", self.purpose, advice(error));
            self.said = Some(words);
        }
        match error {
            CallError::Refused {
                retry_after: Some(after),
                ..
            } => (*after).min(PATIENCE) + jittered(FIRST),
            error if is_final(error) => LONGEST,
            _ => self.back_off(),
        }
    }

    /// Notes that it worked.
    pub fn succeeded(&mut self) {
        self.next = FIRST;
        if self.said.take().is_some() {
            tracing::info!("{}: it works again", self.purpose);
        }
    }

    fn back_off(&mut self) -> Duration {
        let delay = jittered(self.next);
        self.next = (self.next * 2).min(LONGEST);
        delay
    }
}

/// Whether only a person can change it.
fn is_final(error: &CallError) -> bool {
    matches!(error.kind(), "revoked" | "unknown-sensor")
}

fn advice(error: &CallError) -> &'static str {
    if is_final(error) {
        "; the sensor keeps catching, and asks again every minute. To take it back, let it enrol again with a new \
         token from the console's Sensors page and --enrol-again"
    } else {
        ""
    }
}

/// Between half of a time and all of it.
#[must_use]
pub fn jittered(time: Duration) -> Duration {
    // Without random numbers there is no jitter.
    let part = getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX));
    time.mul_f64(0.5 + part / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_protocol::message::Problem;

    fn refused(kind: &str, retry_after: Option<u64>) -> CallError {
        let problem = Problem {
            kind: kind.to_owned(),
            title: "no".to_owned(),
            status: 400,
            detail: None,
        };
        CallError::Refused {
            problem,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn waits_grow_to_a_minute_and_start_over_after_success() {
        let mut retry = Retry::new("a test");
        let error = CallError::Unreachable("nobody there".to_owned());
        let mut longest = FIRST;
        for _ in 0..12 {
            let delay = retry.failed(&error);
            assert!(
                delay >= longest / 2 && delay <= longest,
                "{delay:?} of {longest:?}"
            );
            longest = (longest * 2).min(LONGEST);
        }
        retry.succeeded();
        assert!(retry.failed(&error) <= FIRST);
    }

    #[test]
    fn the_server_says_when_to_come_again() {
        let mut retry = Retry::new("a test");
        let delay = retry.failed(&refused("too-busy", Some(7)));
        assert!(delay >= Duration::from_secs(7) && delay < Duration::from_secs(8));
        assert!(retry.failed(&refused("too-busy", Some(u64::MAX))) < PATIENCE + LONGEST);
        assert_eq!(retry.failed(&refused("revoked", None)), LONGEST);
    }
}
