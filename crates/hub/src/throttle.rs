//! Slowing down whoever guesses passwords.
//!
//! Failures are counted per name and address together, per address, and per name. Each has some free tries; from
//! then on every failure doubles the wait. A right password clears the first count only, so that an attacker with
//! an account of his own cannot wash the others.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::Mutex,
    time::{Duration, Instant},
};

use skep_model::Address;

/// The most counts kept; when there are more, the oldest go.
const KEPT: usize = 10_000;
/// The first wait: long enough that a person notices.
const SHORTEST: Duration = Duration::from_secs(4);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(15);
/// After so long without a failure a count is forgotten.
const FORGET: Duration = Duration::from_hours(1);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Pair(String, Option<Address>),
    Address(Option<Address>),
    Name(String),
}

impl Key {
    /// Tries before the first wait.
    fn free(&self) -> u32 {
        match self {
            Self::Pair(..) => 3,
            Self::Address(_) => 10,
            Self::Name(_) => 30,
        }
    }
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Counts of failed log-ins, in memory.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Failures>>);

fn keys(name: &str, address: Option<Address>) -> [Key; 3] {
    // As the store looks names up.
    let name = name
        .chars()
        .take(64)
        .map(|letter| letter.to_ascii_lowercase())
        .collect::<String>();
    [
        Key::Pair(name.clone(), address),
        Key::Address(address),
        Key::Name(name),
    ]
}

impl Throttle {
    /// How long this name and address have to wait before the next try.
    pub(crate) fn wait(
        &self,
        name: &str,
        address: Option<Address>,
        now: Instant,
    ) -> Option<Duration> {
        let counts = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        keys(name, address)
            .iter()
            .filter_map(|key| {
                let failures = counts.get(key)?;
                let over = failures.count.checked_sub(key.free())?;
                let wait = (SHORTEST * (1 << over.min(20))).min(LONGEST);
                (failures.last + wait)
                    .checked_duration_since(now)
                    .filter(|wait| !wait.is_zero())
            })
            .max()
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, name: &str, address: Option<Address>, now: Instant) {
        let mut counts = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if counts.len() >= KEPT {
            counts.retain(|_, failures| now.duration_since(failures.last) < FORGET);
        }
        if counts.len() >= KEPT
            && let Some(oldest) = counts
                .iter()
                .min_by_key(|(_, failures)| failures.last)
                .map(|(key, _)| key.clone())
        {
            counts.remove(&oldest);
        }
        for key in keys(name, address) {
            let failures = counts.entry(key).or_insert(Failures {
                count: 0,
                last: now,
            });
            if now.duration_since(failures.last) >= FORGET {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
    }

    /// Forgets the failures of a name from an address: the right password came.
    pub(crate) fn succeeded(&self, name: &str, address: Option<Address>) {
        let [pair, ..] = keys(name, address);
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .remove(&pair);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn the_wait_doubles_with_each_failure_and_ends() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let from = Some("192.0.2.1".parse().unwrap());
        for _ in 0..2 {
            throttle.failed("admin", from, start);
        }
        assert_eq!(throttle.wait("admin", from, start), None);
        throttle.failed("admin", from, start);
        assert_eq!(throttle.wait("admin", from, start), Some(SHORTEST));
        throttle.failed("admin", from, start);
        assert_eq!(throttle.wait("admin", from, start), Some(2 * SHORTEST));
        assert_eq!(throttle.wait("admin", from, start + 2 * SHORTEST), None);
        assert_eq!(
            throttle.wait("admin", Some("192.0.2.2".parse().unwrap()), start),
            None
        );
    }

    #[test]
    fn one_address_that_tries_many_names_waits_too() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let from = Some("192.0.2.1".parse().unwrap());
        for n in 0..10 {
            throttle.failed(&format!("user{n}"), from, start);
        }
        assert!(throttle.wait("somebody", from, start).is_some());
        throttle.succeeded("user1", from);
        assert!(throttle.wait("somebody", from, start).is_some());
    }
}
