//! The live feed: what changes is told to every browser that may see it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use skep_model::{
    Interaction,
    console::{EventRow, LiveMessage},
    ids::{GroupId, SensorId, UserId},
};
use skep_store::Change;
use tokio::sync::broadcast;

use crate::{Actor, Hub, secrets};

/// Messages that a slow browser may be behind before it is told to read anew.
const BEHIND: usize = 1024;
/// Messages kept for browsers that come back, and …
const KEPT: usize = 1024;
/// … their bytes at most, as sent.
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// New interactions of one event travel with its message up to this many bytes; beyond, the page reads them.
const CARRIED: usize = 32 * 1024;
/// The most sensors that one message names.
const NAMED: usize = 1000;

/// A message, and who may see it.
#[derive(Debug)]
pub struct Told {
    /// Its number since the server started.
    pub number: u64,
    group: Option<GroupId>,
    message: LiveMessage,
    json: OnceLock<String>,
}

impl Told {
    /// The message as JSON.
    pub fn json(&self) -> &str {
        self.json
            .get_or_init(|| serde_json::to_string(&self.message).unwrap_or_default())
    }
}

struct Recent {
    next: u64,
    messages: VecDeque<Arc<Told>>,
    bytes: usize,
}

pub(crate) struct Live {
    /// Tells this run of the server from others: numbers start anew with each.
    run: String,
    sender: broadcast::Sender<Arc<Told>>,
    recent: Mutex<Recent>,
    ended: broadcast::Sender<Ended>,
}

/// Whose streams end.
#[derive(Clone, Copy, Debug)]
enum Ended {
    Session([u8; 32]),
    User(UserId),
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            run: secrets::reference(),
            sender: broadcast::channel(BEHIND).0,
            recent: Mutex::new(Recent {
                next: 1,
                messages: VecDeque::new(),
                bytes: 0,
            }),
            ended: broadcast::channel(64).0,
        }
    }

    fn tell(&self, group: Option<GroupId>, message: LiveMessage) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let told = Arc::new(Told {
            number: recent.next,
            group,
            message,
            json: OnceLock::new(),
        });
        recent.next += 1;
        recent.bytes += told.json().len();
        recent.messages.push_back(Arc::clone(&told));
        while recent.messages.len() > KEPT || recent.bytes > KEPT_BYTES {
            let Some(oldest) = recent.messages.pop_front() else {
                break;
            };
            recent.bytes -= oldest.json().len();
        }
        // Sent under the lock, so that nobody hears messages out of order. No receiver is no fault.
        let _ = self.sender.send(told);
    }

    /// Tells what a delivery changed.
    pub(crate) fn changed(&self, change: Change) {
        let Change {
            row,
            opened,
            first,
            interactions,
        } = change;
        let group = Some(row.group.id);
        if opened {
            self.tell(group, LiveMessage::Opened { event: row.clone() });
            if interactions.is_empty() {
                return;
            }
        }
        let size: usize = interactions
            .iter()
            .map(|i: &Interaction| i.kind.size() + 64)
            .sum();
        let interactions = if size > CARRIED { vec![] } else { interactions };
        self.tell(
            group,
            LiveMessage::Changed {
                event: row,
                first,
                interactions,
            },
        );
    }

    /// Tells that somebody worked on an event.
    pub(crate) fn edited(&self, row: &EventRow) {
        let message = LiveMessage::Changed {
            event: row.clone(),
            first: row.digest.interactions,
            interactions: vec![],
        };
        self.tell(Some(row.group.id), message);
    }

    /// Tells that sensors of a group changed, or all of them.
    pub(crate) fn sensors(&self, group: GroupId, mut sensors: Vec<SensorId>) {
        if sensors.len() > NAMED {
            sensors.clear();
        }
        self.tell(Some(group), LiveMessage::Sensors { sensors });
    }

    /// Tells that these sensors changed, to each group of its own.
    pub(crate) fn sensors_of(&self, changed: impl IntoIterator<Item = (GroupId, SensorId)>) {
        let mut groups: HashMap<GroupId, Vec<SensorId>> = HashMap::new();
        for (group, sensor) in changed {
            groups.entry(group).or_default().push(sensor);
        }
        for (group, sensors) in groups {
            self.sensors(group, sensors);
        }
    }

    /// Ends the streams of a session.
    pub(crate) fn end_session(&self, session: &[u8; 32]) {
        let _ = self.ended.send(Ended::Session(*session));
    }

    /// Ends the streams of a user.
    pub(crate) fn end_user(&self, user: UserId) {
        let _ = self.ended.send(Ended::User(user));
    }

    /// Tells that events are there no longer.
    pub(crate) fn gone(&self, rows: &[EventRow]) {
        for row in rows {
            self.tell(Some(row.group.id), LiveMessage::Gone { event: row.id });
        }
    }
}

/// One browser's stream.
#[derive(Debug)]
pub struct Subscription {
    actor: Actor,
    run: String,
    /// What is to be sent before anything new.
    missed: VecDeque<Arc<Told>>,
    resync: bool,
    messages: broadcast::Receiver<Arc<Told>>,
    ended: broadcast::Receiver<Ended>,
}

/// What a stream sends next: an id for `Last-Event-ID`, and a [`LiveMessage`] as JSON.
pub type Next = (String, String);

impl Hub {
    /// Opens a stream for a browser. `last` is the id of the last message that it had, if it comes back.
    #[must_use]
    pub fn subscribe(&self, actor: Actor, last: Option<&str>) -> Subscription {
        let live = &self.0.live;
        let recent = live.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let messages = live.sender.subscribe();
        let ended = live.ended.subscribe();
        let mut missed = VecDeque::new();
        let mut resync = false;
        if let Some(last) = last {
            let number = last
                .rsplit_once('.')
                .filter(|(run, _)| *run == live.run)
                .and_then(|(_, n)| n.parse::<u64>().ok());
            match number {
                Some(number)
                    if recent
                        .messages
                        .front()
                        .map_or(recent.next, |told| told.number)
                        <= number + 1 =>
                {
                    missed.extend(
                        recent
                            .messages
                            .iter()
                            .filter(|told| told.number > number)
                            .cloned(),
                    );
                }
                _ => resync = true,
            }
        }
        drop(recent);
        Subscription {
            actor,
            run: live.run.clone(),
            missed,
            resync,
            messages,
            ended,
        }
    }
}

impl Subscription {
    /// Waits for the next message that this browser may see. `None`: its session has ended, or the server stops.
    pub async fn next(&mut self) -> Option<Next> {
        loop {
            if std::mem::take(&mut self.resync) {
                let json = serde_json::to_string(&LiveMessage::Resync).unwrap_or_default();
                return Some((format!("{}.0", self.run), json));
            }
            let told = if let Some(told) = self.missed.pop_front() {
                told
            } else {
                tokio::select! {
                    told = self.messages.recv() => match told {
                        Ok(told) => told,
                        Err(broadcast::error::RecvError::Lagged(_)) => {
                            self.resync = true;
                            continue;
                        }
                        Err(broadcast::error::RecvError::Closed) => return None,
                    },
                    ended = self.ended.recv() => match ended {
                        Ok(Ended::Session(session)) if self.actor.session == Some(session) => return None,
                        Ok(Ended::User(user)) if self.actor.user == Some(user) => return None,
                        // A burst of endings may have held ours: the browser comes back, and is asked who it is.
                        Err(_) => return None,
                        Ok(_) => continue,
                    },
                }
            };
            if told.group.is_none_or(|group| self.actor.sees(group)) {
                return Some((
                    format!("{}.{}", self.run, told.number),
                    told.json().to_owned(),
                ));
            }
        }
    }

    /// Whose stream it is.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}
