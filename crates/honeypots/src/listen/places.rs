//! Places for open connections: so many for one source, so many in all.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Limits;

/// What one source is: an IPv4 address, or the IPv6 network in which anybody can have any address.
pub(super) fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (!0 << 64))),
    }
}

/// The places of one instance.
#[derive(Clone, Debug)]
pub(super) struct Places {
    limits: Limits,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    sources: HashMap<IpAddr, usize>,
}

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            taken: Arc::default(),
        }
    }

    /// Takes a place, if there is one for this source.
    pub(super) fn take(&self, source: IpAddr) -> Option<Place> {
        let source = network(source);
        let mut taken = lock(&self.taken);
        if taken.all >= self.limits.connections {
            return None;
        }
        let count = taken.sources.entry(source).or_default();
        if *count >= self.limits.per_source.max(1) {
            return None;
        }
        *count += 1;
        taken.all += 1;
        Some(Place {
            source,
            places: self.clone(),
        })
    }
}

/// The place of one open connection; free again when dropped.
pub struct Place {
    source: IpAddr,
    places: Places,
}

impl Place {
    /// Takes one more place for the same source, if there is one.
    pub(crate) fn another(&self) -> Option<Self> {
        self.places.take(self.source)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.source)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
        taken.all -= 1;
        if let Some(count) = taken.sources.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                taken.sources.remove(&self.source);
            }
        }
    }
}

/// The counts are right after every statement, so that a panic elsewhere does not spoil them.
fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn places_are_counted_per_source_and_come_back() {
        let places = Places::new(Limits {
            per_source: 2,
            connections: 3,
            ..Limits::default()
        });
        let a = "192.0.2.1".parse().unwrap();
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        let b = "2001:db8::1".parse().unwrap();
        let neighbour = "2001:db8::ffff".parse().unwrap();
        let first = places.take(a).unwrap();
        let _second = places.take(mapped).unwrap();
        assert!(places.take(a).is_none());
        let third = places.take(b).unwrap();
        assert!(places.take(neighbour).is_none(), "full");
        drop(first);
        let _fourth = places.take(neighbour).unwrap();
        assert!(places.take(a).is_none(), "full again");
        drop(third);
        assert!(places.take(a).is_some());
    }
}
