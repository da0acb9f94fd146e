//! Turns what honeypots report into parts of events, and writes them to the spool.

use std::{
    collections::{HashMap, VecDeque},
    thread,
    time::Duration,
};

use skep_honeypots::record::{Clock, Report};
use skep_model::{Interaction, InteractionKind, Timestamp, ids::EventId, limits};
use skep_protocol::part::Part;
use tokio::sync::mpsc;

use crate::{kill_point, spool::Writer};

/// How many reports may wait for the disk. When there are more, honeypots wait.
pub const WAITING: usize = 256;

/// How long to wait before a failed write is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Writes reports to the spool until nobody is left who could send one. Blocks; give it a thread of its own.
///
/// What arrives while the disk is busy is written together, with one fsync: nothing waits for more to come.
pub fn run(mut reports: mpsc::Receiver<Report>, mut writer: Writer, clock: &Clock) {
    let mut waiting = VecDeque::new();
    encode(Part::Restart { at: clock.now() }, &mut waiting);
    store(&mut writer, &mut waiting);
    while let Some(first) = reports.blocking_recv() {
        let mut together = vec![first];
        while together.len() < WAITING
            && let Ok(report) = reports.try_recv()
        {
            together.push(report);
        }
        kill_point::reach(kill_point::AFTER_RECEIVE);
        for part in merge(together) {
            encode(part, &mut waiting);
        }
        store(&mut writer, &mut waiting);
        kill_point::reach(kill_point::AFTER_FSYNC);
    }
}

/// Writes until everything is on disk.
fn store(writer: &mut Writer, waiting: &mut VecDeque<Vec<u8>>) {
    let journal = kill_point::journal(waiting);
    let mut failed = false;
    while let Err(error) = writer.append(waiting) {
        if !failed {
            tracing::error!(
                "events cannot be written to the spool, which is tried again every second; until then honeypots \
                 wait: {error}"
            );
        }
        failed = true;
        thread::sleep(RETRY);
    }
    if failed {
        tracing::info!("events are written to the spool again");
    }
    journal.written();
}

/// Makes parts of reports. Steps of one event that follow each other become one part.
fn merge(reports: Vec<Report>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut growing: HashMap<EventId, usize> = HashMap::new();
    for report in reports {
        match report {
            Report::Open {
                event,
                at,
                encounter,
            } => {
                growing.insert(event, parts.len());
                parts.push(Part::Open {
                    event,
                    at,
                    encounter,
                    interactions: Vec::new(),
                });
            }
            Report::Step {
                event,
                index,
                interaction,
            } => {
                let place = growing.get(&event).copied();
                let tail = place.and_then(|place| tail(&mut parts[place], index));
                if let Some(interactions) = tail {
                    interactions.push(interaction);
                } else {
                    growing.insert(event, parts.len());
                    parts.push(Part::Extend {
                        event,
                        first: index,
                        interactions: vec![interaction],
                    });
                }
            }
            Report::Close { event, at } => {
                growing.remove(&event);
                parts.push(Part::Close { event, at });
            }
        }
    }
    parts
}

/// The interactions of a part, if the one with this index comes next.
fn tail(part: &mut Part, index: u32) -> Option<&mut Vec<Interaction>> {
    let (first, interactions) = match part {
        Part::Open { interactions, .. } => (0, interactions),
        Part::Extend {
            first,
            interactions,
            ..
        } => (*first, interactions),
        Part::Close { .. } | Part::Restart { .. } => return None,
    };
    (first as usize + interactions.len() == index as usize).then_some(interactions)
}

/// Encodes a part, split until each piece is within [`limits::PART`].
fn encode(part: Part, out: &mut VecDeque<Vec<u8>>) {
    let bytes = match serde_json::to_vec(&part) {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!("a part of an event cannot be encoded, and is left out: {error}");
            return;
        }
    };
    if bytes.len() <= limits::PART {
        out.push_back(bytes);
        return;
    }
    match part {
        Part::Open {
            event,
            at,
            encounter,
            interactions,
        } => {
            let opening = Part::Open {
                event,
                at,
                encounter,
                interactions: Vec::new(),
            };
            encode(opening, out);
            let rest = Part::Extend {
                event,
                first: 0,
                interactions,
            };
            encode(rest, out);
        }
        Part::Extend {
            event,
            first,
            mut interactions,
        } => {
            let half = interactions.len() / 2;
            if half == 0 {
                let note = too_long(&interactions, bytes.len());
                let interactions = vec![note];
                encode(
                    Part::Extend {
                        event,
                        first,
                        interactions,
                    },
                    out,
                );
                return;
            }
            let rest = interactions.split_off(half);
            encode(
                Part::Extend {
                    event,
                    first,
                    interactions,
                },
                out,
            );
            let first = first + half as u32;
            encode(
                Part::Extend {
                    event,
                    first,
                    interactions: rest,
                },
                out,
            );
        }
        Part::Close { .. } | Part::Restart { .. } => {}
    }
}

/// What is kept of a single step that is too long even alone.
fn too_long(interactions: &[Interaction], length: usize) -> Interaction {
    let word = interactions
        .first()
        .map_or("step", |interaction| interaction.kind.word());
    Interaction {
        at: interactions
            .first()
            .map_or(Timestamp(0), |interaction| interaction.at),
        kind: InteractionKind::Note {
            text: format!("a {word} of {length} bytes was not kept: too long"),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use skep_model::{Bytes, Direction, Encounter, Transport, ids::InstanceId};

    fn open(event: EventId) -> Report {
        let encounter = Encounter {
            service: "catch-all".parse().unwrap(),
            instance: InstanceId::new(),
            revision: 1,
            source: "192.0.2.1".parse().unwrap(),
            source_port: 1234,
            target_port: 23,
            transport: Transport::Tcp,
        };
        Report::Open {
            event,
            at: Timestamp(1),
            encounter,
        }
    }

    fn step(event: EventId, index: u32, size: usize) -> Report {
        let bytes = Bytes(vec![0; size]);
        let kind = InteractionKind::Data {
            direction: Direction::In,
            bytes,
        };
        let interaction = Interaction {
            at: Timestamp(2),
            kind,
        };
        Report::Step {
            event,
            index,
            interaction,
        }
    }

    /// What parts there are, as words, and how many interactions they carry from which index on.
    fn shape(parts: &[Part]) -> Vec<(&'static str, u32, usize)> {
        parts
            .iter()
            .map(|part| match part {
                Part::Open { interactions, .. } => ("open", 0, interactions.len()),
                Part::Extend {
                    first,
                    interactions,
                    ..
                } => ("extend", *first, interactions.len()),
                Part::Close { .. } => ("close", 0, 0),
                Part::Restart { .. } => ("restart", 0, 0),
            })
            .collect()
    }

    #[test]
    fn an_event_is_opened_at_once_even_without_a_step() {
        assert_eq!(shape(&merge(vec![open(EventId::new())])), [("open", 0, 0)]);
    }

    #[test]
    fn steps_that_wait_together_travel_together_although_events_are_mixed() {
        let (a, b) = (EventId::new(), EventId::new());
        let parts = merge(vec![
            open(a),
            step(b, 7, 1),
            step(a, 0, 1),
            step(b, 8, 1),
            step(a, 1, 1),
            step(b, 10, 1),
            Report::Close {
                event: a,
                at: Timestamp(3),
            },
        ]);
        assert_eq!(
            shape(&parts),
            [
                ("open", 0, 2),
                ("extend", 7, 2),
                ("extend", 10, 1),
                ("close", 0, 0)
            ]
        );
    }

    #[test]
    fn long_parts_are_split_and_nothing_is_lost_or_reordered() {
        let event = EventId::new();
        let mut reports = vec![open(event)];
        reports.extend((0..100).map(|index| step(event, index, limits::VALUE)));
        let mut encoded = VecDeque::new();
        for part in merge(reports) {
            encode(part, &mut encoded);
        }
        assert!(encoded.iter().all(|part| part.len() <= limits::PART));
        let parts: Vec<Part> = encoded
            .iter()
            .map(|part| serde_json::from_slice(part).unwrap())
            .collect();
        let mut next = 0;
        assert!(matches!(parts[0], Part::Open { .. }));
        for (kind, first, count) in &shape(&parts)[1..] {
            assert_eq!((*kind, *first), ("extend", next));
            next += *count as u32;
        }
        assert_eq!(next, 100);
    }

    #[test]
    fn a_step_that_is_too_long_alone_becomes_a_note() {
        let event = EventId::new();
        let value = Bytes(vec![0; limits::VALUE]);
        let kind = InteractionKind::Request {
            method: "GET".into(),
            path: "/".into(),
            headers: vec![(value.clone(), value); 10],
            body: Bytes::default(),
        };
        let interactions = vec![Interaction {
            at: Timestamp(2),
            kind,
        }];
        let mut encoded = VecDeque::new();
        encode(
            Part::Extend {
                event,
                first: 3,
                interactions,
            },
            &mut encoded,
        );
        let part: Part = serde_json::from_slice(&encoded[0]).unwrap();
        let Part::Extend {
            first: 3,
            interactions,
            ..
        } = part
        else {
            panic!("{part:?}")
        };
        assert!(
            matches!(&interactions[0].kind, InteractionKind::Note { text } if text.contains("request of"))
        );
    }
}
