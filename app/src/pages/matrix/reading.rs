//! Which sensors have to be read anew.

use std::collections::BTreeSet;

use skep_model::ids::SensorId;

/// The most sensors that are read at once: those of a small network, or as many of a large one as keep the page smooth.
const AT_ONCE: usize = 100;

/// Sensors that are not any more what the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Perhaps all.
    All,
    /// These.
    Some(BTreeSet<SensorId>),
}

impl Stale {
    /// Whether one is among them.
    pub fn has(&self, sensor: SensorId) -> bool {
        match self {
            Self::All => true,
            Self::Some(sensors) => sensors.contains(&sensor),
        }
    }
}

/// What is still to be read.
#[derive(Debug, Default)]
pub struct Reading {
    all: bool,
    some: BTreeSet<SensorId>,
    under_way: bool,
}

impl Reading {
    /// Notes what changed: these, or all, if none are named. Whether reading has to begin.
    pub fn note(&mut self, sensors: &[SensorId]) -> bool {
        if sensors.is_empty() {
            self.all = true;
            self.some.clear();
        } else if !self.all {
            self.some.extend(sensors);
        }
        !std::mem::replace(&mut self.under_way, true)
    }

    /// Notes what could not be read; reading goes on later.
    pub fn put_back(&mut self, stale: Stale) {
        match stale {
            Stale::All => self.all = true,
            Stale::Some(sensors) => self.some.extend(sensors),
        }
    }

    /// What to read next; with nothing, reading ends.
    pub fn next(&mut self) -> Option<Stale> {
        if std::mem::take(&mut self.all) {
            return Some(Stale::All);
        }
        let rest = match self.some.iter().nth(AT_ONCE) {
            Some(first) => {
                let first = *first;
                self.some.split_off(&first)
            }
            None => BTreeSet::new(),
        };
        let now = std::mem::replace(&mut self.some, rest);
        self.under_way = !now.is_empty();
        self.under_way.then_some(Stale::Some(now))
    }
}

#[cfg(test)]
mod tests {
    use skep_model::ids::SensorId;

    use super::{AT_ONCE, Reading, Stale};

    #[test]
    fn everything_that_changed_is_read_once() {
        let sensors: Vec<_> = (0..=AT_ONCE).map(|_| SensorId::new()).collect();
        let mut reading = Reading::default();
        assert!(reading.note(&sensors));
        assert!(!reading.note(&sensors[..1]), "it is under way");
        let count = |stale| match stale {
            Some(Stale::Some(sensors)) => sensors.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(count(reading.next()), AT_ONCE);
        assert_eq!(count(reading.next()), 1);
        assert_eq!(reading.next(), None);

        assert!(reading.note(&sensors[..1]), "it begins anew");
        let unread = reading.next().unwrap();
        reading.put_back(unread.clone());
        assert!(!reading.note(&sensors[..1]), "it is still under way");
        assert_eq!(reading.next(), Some(unread));
        assert_eq!(reading.next(), None);

        assert!(reading.note(&sensors));
        assert!(!reading.note(&[]), "all of them may have changed");
        assert!(!reading.note(&sensors), "and these are among them");
        assert_eq!(reading.next(), Some(Stale::All));
        assert_eq!(reading.next(), None);
    }
}
