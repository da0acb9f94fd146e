//! The rows of the list, and what the live stream does to them.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use skep_model::{
    console::{Cursor, EventPage, EventQuery, EventRow, LiveMessage, Tally},
    ids::EventId,
};

use super::PAGE;
use crate::{
    filter::{Filter, matches},
    server, words,
};

/// The most rows on one page; more are let go at the old end.
const MOST: usize = 200;
/// How long a row counts as just come.
const FRESH: Duration = Duration::from_secs(8);

/// A row that can change in place.
#[derive(Clone)]
pub struct Row {
    /// The event's id.
    pub id: EventId,
    /// The event.
    pub event: ArcRwSignal<EventRow>,
    /// Whether it just came.
    pub fresh: ArcRwSignal<bool>,
}

/// The list.
#[derive(Clone, Copy)]
pub struct List {
    /// What is shown, newest first.
    pub rows: RwSignal<Vec<Row>>,
    /// What came while the reader was elsewhere, newest first.
    pub waiting: RwSignal<Vec<EventRow>>,
    /// Where the next page begins.
    pub next: RwSignal<Option<Cursor>>,
    /// How many events match in all, on this page and others.
    pub tally: RwSignal<Option<Tally>>,
    /// How many events came by themselves, for those who hear the page.
    pub arrived: RwSignal<u32>,
    filter: StoredValue<Filter>,
}

/// The list's order: newest first.
fn order(event: &EventRow) -> impl Ord + use<> {
    std::cmp::Reverse((event.started_at, event.number))
}

impl Row {
    fn new(event: EventRow, fresh: bool) -> Self {
        let row = Self {
            id: event.id,
            event: ArcRwSignal::new(event),
            fresh: ArcRwSignal::new(fresh),
        };
        if fresh {
            let fresh = row.fresh.clone();
            set_timeout(move || fresh.set(false), FRESH);
        }
        row
    }
}

impl List {
    /// The list of a page that the server sent.
    pub fn new(page: EventPage, filter: Filter) -> Self {
        Self {
            rows: RwSignal::new(
                page.events
                    .into_iter()
                    .map(|event| Row::new(event, false))
                    .collect(),
            ),
            waiting: RwSignal::new(vec![]),
            next: RwSignal::new(page.next),
            tally: RwSignal::new(page.tally),
            arrived: RwSignal::new(0),
            filter: StoredValue::new(filter),
        }
    }

    /// Whether these are the newest events: only then new ones belong here.
    fn is_first(self) -> bool {
        self.filter.with_value(|filter| {
            filter.before.is_none() && filter.source_fits() && !filter.archived()
        })
    }

    fn query(self) -> EventQuery {
        self.filter.with_value(|filter| filter.query(words::now()))
    }

    /// Takes a message of the live stream.
    pub fn hear(self, message: &LiveMessage) {
        match message {
            LiveMessage::Opened { event } | LiveMessage::Changed { event, .. } => self.take(event),
            LiveMessage::Resync => self.reload(),
            // The last message is heard by a new list, too; in the archive nothing goes away by it.
            LiveMessage::Gone { .. } if self.filter.with_value(Filter::archived) => {}
            LiveMessage::Gone { event } => {
                let shown = self.rows.with_untracked(|rows| {
                    let row = rows.iter().find(|row| row.id == *event);
                    row.map(|row| row.event.get_untracked())
                });
                let waits = self
                    .waiting
                    .with_untracked(|waiting| waiting.iter().find(|row| row.id == *event).cloned());
                self.rows.update(|rows| rows.retain(|row| row.id != *event));
                self.count(shown.or(waits).as_ref(), None);
                self.waiting
                    .update(|waiting| waiting.retain(|row| row.id != *event));
            }
            LiveMessage::Sensors { .. } => {}
        }
    }

    fn reload(self) {
        if !self.filter.with_value(Filter::source_fits) {
            return;
        }
        let (query, before) = (self.query(), self.filter.with_value(|filter| filter.before));
        spawn_local(async move {
            if let Ok(page) = server::events(query, before, PAGE, true).await {
                if self.rows.is_disposed() {
                    return;
                }
                // Oldest first, as they would have come.
                for event in page.events.iter().rev() {
                    self.take(event);
                }
                self.tally.set(page.tally);
            }
        });
    }

    /// Counts an event no longer as what it was, and as what it is.
    fn count(self, before: Option<&EventRow>, now: Option<&EventRow>) {
        self.tally.update(|tally| {
            if let Some(tally) = tally {
                if let Some(event) = before {
                    tally.remove(event);
                }
                if let Some(event) = now {
                    tally.add(event.severity, event.classification, &event.service, 1);
                }
            }
        });
    }

    fn take(self, event: &EventRow) {
        let known = self
            .rows
            .with_untracked(|rows| rows.iter().find(|row| row.id == event.id).cloned());
        if let Some(row) = known {
            // A message of before the page was made is older than what the page says.
            let newer = row.event.with_untracked(|shown| {
                shown != event && event.digest.interactions >= shown.digest.interactions
            });
            if newer {
                self.count(Some(&row.event.get_untracked()), Some(event));
                row.event.set(event.clone());
            }
            return;
        }
        if self
            .waiting
            .with_untracked(|waiting| waiting.iter().any(|other| other.id == event.id))
        {
            self.waiting.update(|waiting| {
                if let Some(other) = waiting.iter_mut().find(|other| other.id == event.id) {
                    self.count(Some(other), Some(event));
                    *other = event.clone();
                }
            });
            return;
        }
        let newest = self.is_first() && matches(&self.query(), event);
        let after_end = self.next.with_untracked(|next| {
            next.is_some_and(|next| {
                (event.started_at, event.number) <= (next.started_at, next.number)
            })
        });
        if !newest || after_end {
            return;
        }
        self.arrived.update(|arrived| *arrived += 1);
        self.count(None, Some(event));
        if at_top() && self.waiting.with_untracked(Vec::is_empty) {
            self.insert(event.clone());
        } else {
            self.waiting.update(|waiting| {
                let place = waiting.partition_point(|other| order(other) < order(event));
                waiting.insert(place, event.clone());
                waiting.truncate(MOST);
            });
        }
    }

    /// Shows what waited, and goes where it stands.
    pub fn show_waiting(self) {
        for event in self
            .waiting
            .try_update(std::mem::take)
            .unwrap_or_default()
            .into_iter()
            .rev()
        {
            self.insert(event);
        }
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }

    fn insert(self, event: EventRow) {
        self.rows.update(|rows| {
            let place = rows.partition_point(|row| row.event.with_untracked(order) < order(&event));
            rows.insert(place, Row::new(event, true));
            if rows.len() > MOST {
                rows.truncate(MOST);
                let last = rows.last().map(|row| {
                    row.event.with_untracked(|event| Cursor {
                        started_at: event.started_at,
                        number: event.number,
                    })
                });
                self.next.set(last);
            }
        });
    }
}

/// Whether the reader is where new rows appear.
fn at_top() -> bool {
    window().scroll_y().is_ok_and(|y| y < 8.0)
}
