//! Which events the list shows, as the page's address says it.

use leptos_router::params::ParamsMap;
use skep_model::{
    Classification, Network, Severity, Status, Timestamp,
    console::{Cursor, EventQuery, EventRow},
    event::ServiceName,
    ids::{EventId, SensorId},
    time::{DAY, HOUR},
};

/// The periods that the address may name, with their length in milliseconds.
pub const PERIODS: [(&str, i64); 4] = [
    ("1h", HOUR),
    ("24h", DAY),
    ("7d", 7 * DAY),
    ("30d", 30 * DAY),
];

/// The word for "with any status"; without a status the list shows what is not done with.
pub const ANY: &str = "any";

/// The word for archived events.
pub const ARCHIVE: &str = "archive";

/// The address's word for the event that is open beside the list.
pub const OPEN: &str = "open";

/// How many places the way back to newer pages remembers.
const TRAIL: usize = 20;

/// The fields of the address, as they stand there; what means nothing is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// [`ARCHIVE`] for archived events; empty for live ones.
    pub dataset: String,
    /// One or several statuses, or [`ANY`]; empty for new and in progress.
    pub status: String,
    /// One or several classifications.
    pub classification: String,
    /// One or several severities.
    pub severity: String,
    /// A sensor.
    pub sensor: String,
    /// A service.
    pub service: String,
    /// A source, as it was typed.
    pub source: String,
    /// A period of [`PERIODS`], or milliseconds since 1970.
    pub since: String,
    /// Where the page begins; `None` for the newest events.
    pub before: Option<Cursor>,
    /// Where the newer pages began from which the reader came.
    pub trail: Vec<Cursor>,
}

fn list<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split(',')
        .filter_map(|word| word.parse().ok())
        .collect()
}

impl Filter {
    /// Reads the address.
    #[must_use]
    pub fn read(address: &ParamsMap) -> Self {
        let text = |name: &str| address.get(name).unwrap_or_default().trim().to_owned();
        Self {
            dataset: text("dataset"),
            status: text("status"),
            classification: text("classification"),
            severity: text("severity"),
            sensor: text("sensor"),
            service: text("service"),
            source: text("source"),
            since: text("since"),
            before: text("before").parse().ok(),
            trail: list(&text("trail")),
        }
    }

    /// The address of these events.
    #[must_use]
    pub fn address(&self) -> String {
        self.address_with(None)
    }

    /// The address of these events with one of them open beside them.
    #[must_use]
    pub fn address_with(&self, open: Option<EventId>) -> String {
        let mut map = ParamsMap::new();
        for (name, value) in [
            ("dataset", &self.dataset),
            ("status", &self.status),
            ("classification", &self.classification),
            ("severity", &self.severity),
            ("sensor", &self.sensor),
            ("service", &self.service),
            ("source", &self.source),
            ("since", &self.since),
        ] {
            if !value.is_empty() {
                map.insert(name, value.clone());
            }
        }
        if let Some(before) = self.before {
            map.insert("before", before.to_string());
        }
        if !self.trail.is_empty() {
            map.insert(
                "trail",
                self.trail
                    .iter()
                    .map(Cursor::to_string)
                    .collect::<Vec<_>>()
                    .join(","),
            );
        }
        if let Some(open) = open {
            map.insert(OPEN, open.to_string());
        }
        // The router writes out every sign that is no letter; these mean nothing else in a query.
        let query = ["-", ":", ","]
            .into_iter()
            .fold(map.to_query_string(), |query, sign| {
                query.replace(&format!("%{:02X}", sign.as_bytes()[0]), sign)
            });
        format!("/events{query}")
    }

    /// These events from their newest.
    #[must_use]
    pub fn first(&self) -> Self {
        Self {
            before: None,
            trail: vec![],
            ..self.clone()
        }
    }

    /// The page that begins after `cursor`.
    #[must_use]
    pub fn older(&self, cursor: Cursor) -> Self {
        let mut trail = self.trail.clone();
        trail.extend(self.before);
        if trail.len() > TRAIL {
            trail.remove(0);
        }
        Self {
            before: Some(cursor),
            trail,
            ..self.clone()
        }
    }

    /// The page before this one; `None` on the first.
    #[must_use]
    pub fn newer(&self) -> Option<Self> {
        self.before?;
        let mut trail = self.trail.clone();
        let before = trail.pop();
        Some(Self {
            before,
            trail,
            ..self.clone()
        })
    }

    /// Whether the source is something that can be looked for: an address, or a network.
    #[must_use]
    pub fn source_fits(&self) -> bool {
        self.source.is_empty() || self.source.parse::<Network>().is_ok()
    }

    /// Whether nothing was chosen: the list as it opens.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether archived events are asked for.
    #[must_use]
    pub fn archived(&self) -> bool {
        self.dataset == ARCHIVE
    }

    /// The statuses asked for; empty for any.
    #[must_use]
    pub fn statuses(&self) -> Vec<Status> {
        match self.status.as_str() {
            "" if self.archived() => vec![],
            "" => vec![Status::New, Status::InProgress],
            ANY => vec![],
            some => list(some),
        }
    }

    /// What to ask the server for.
    #[must_use]
    pub fn query(&self, now: Timestamp) -> EventQuery {
        let since = PERIODS
            .iter()
            .find(|(word, _)| *word == self.since)
            .map(|(_, length)| now.0 - length)
            .or_else(|| self.since.parse().ok())
            .map(Timestamp);
        EventQuery {
            archived: self.archived(),
            since,
            sensor: list::<SensorId>(&self.sensor),
            source: self.source.parse().ok(),
            service: list::<ServiceName>(&self.service),
            classification: list::<Classification>(&self.classification),
            severity: list::<Severity>(&self.severity),
            status: self.statuses(),
        }
    }
}

/// Whether an event belongs into a list.
#[must_use]
pub fn matches(query: &EventQuery, event: &EventRow) -> bool {
    fn any<T: PartialEq>(wanted: &[T], value: &T) -> bool {
        wanted.is_empty() || wanted.contains(value)
    }
    query.since.is_none_or(|since| event.started_at >= since)
        && query
            .source
            .is_none_or(|source| source.contains(event.source))
        && any(&query.sensor, &event.sensor.id)
        && any(&query.service, &event.service)
        && any(&query.classification, &event.classification)
        && any(&query.severity, &event.severity)
        && any(&query.status, &event.status)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Filter {
        let mut map = ParamsMap::new();
        for (name, value) in pairs {
            map.insert((*name).to_owned(), (*value).to_owned());
        }
        Filter::read(&map)
    }

    #[test]
    fn the_list_opens_with_what_is_not_done_with() {
        let query = read(&[]).query(Timestamp(0));
        assert_eq!(query.status, [Status::New, Status::InProgress]);
        assert!(
            read(&[("status", "any")])
                .query(Timestamp(0))
                .status
                .is_empty()
        );
    }

    #[test]
    fn an_address_survives_reading_and_writing() {
        let filter = read(&[
            ("severity", "high,critical"),
            ("source", "2001:db8::1"),
            ("since", "24h"),
            ("before", "1000-7"),
            ("trail", "3000-9,2000-8"),
        ]);
        let address = filter.address();
        let again: Vec<(String, String)> = address
            .split_once('?')
            .unwrap()
            .1
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| {
                (
                    name.to_owned(),
                    value.replace("%2C", ",").replace("%3A", ":"),
                )
            })
            .collect();
        let pairs: Vec<(&str, &str)> = again
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(read(&pairs), filter);
        assert_eq!(filter.query(Timestamp(DAY)).since, Some(Timestamp(0)));
    }

    #[test]
    fn newer_leads_back_the_way_one_came() {
        let cursor = |at| Cursor {
            started_at: Timestamp(at),
            number: 1,
        };
        let first = Filter::default();
        let third = first.older(cursor(30)).older(cursor(20));
        assert_eq!(third.newer(), Some(first.older(cursor(30))));
        assert_eq!(third.newer().unwrap().newer(), Some(first.clone()));
        assert_eq!(first.newer(), None);
    }

    #[test]
    fn a_source_that_is_no_address_is_noticed() {
        assert!(!read(&[("source", "<script>")]).source_fits());
        assert!(read(&[("source", "192.0.2.1")]).source_fits());
        assert!(read(&[("source", "192.0.2.0/24")]).source_fits());
    }
}
