//! The held poll: a sensor asks, and is answered when there is something new for it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use skep_model::{Timestamp, ids::SensorId, sensor::Presence};
use skep_protocol::message::{
    Configuration, HOLD_SECONDS, ImageConfiguration, InstanceConfiguration, InstanceReport,
    PollAnswer, PollRequest,
};
use skep_store::{Scope, SensorRow};
use tokio::sync::broadcast;

use crate::{Client, Hub, HubError};

/// What the held polls hear.
#[derive(Clone, Copy, Debug)]
enum News {
    /// A sensor's configuration changed.
    Changed(SensorId),
    /// A sensor shall say at once how it is.
    Call(SensorId),
    /// The server stops.
    Stop,
}

/// Which sensors hold a poll right now, and news for them.
pub(crate) struct Presences {
    /// How many polls each sensor holds.
    held: Mutex<HashMap<SensorId, u32>>,
    news: broadcast::Sender<News>,
}

/// One held poll; the count goes down when it ends in whatever way.
struct Held<'a>(&'a Presences, SensorId);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.1);
            }
        }
    }
}

impl Presences {
    pub(crate) fn new() -> Self {
        Self {
            held: Mutex::default(),
            news: broadcast::channel(256).0,
        }
    }

    fn hold(&self, sensor: SensorId) -> Held<'_> {
        *self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(sensor)
            .or_default() += 1;
        Held(self, sensor)
    }

    fn holds(&self, sensor: SensorId) -> bool {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&sensor)
    }

    /// Tells a sensor that it has news.
    pub(crate) fn wake(&self, sensor: SensorId) {
        let _ = self.news.send(News::Changed(sensor));
    }

    /// Lets go of a sensor's poll, so that it asks again and says how it is.
    pub(crate) fn call(&self, sensor: SensorId) {
        let _ = self.news.send(News::Call(sensor));
    }

    /// Lets go of all held polls: the server stops.
    pub(crate) fn release(&self) {
        let _ = self.news.send(News::Stop);
    }

    /// Whether a sensor can be heard, and since when that is so. It is offline when it was not heard for longer
    /// than `patience`.
    fn of(
        &self,
        sensor: &SensorRow,
        patience: Duration,
        now: Timestamp,
    ) -> (Presence, Option<Timestamp>) {
        if sensor.revoked_at.is_some() {
            return (Presence::Revoked, sensor.revoked_at);
        }
        match sensor.last_seen_at {
            None => (Presence::Waiting, None),
            Some(seen) if self.holds(sensor.id) || seen >= now.before(patience) => {
                (Presence::Online, sensor.presence_since)
            }
            Some(seen) => (Presence::Offline, Some(seen)),
        }
    }
}

impl Hub {
    /// Whether a sensor can be heard, and since when that is so.
    pub(crate) fn presence(
        &self,
        sensor: &SensorRow,
        now: Timestamp,
    ) -> (Presence, Option<Timestamp>) {
        let patience = Duration::from_secs(self.settings().offline_after.into());
        self.0.presence.of(sensor, patience, now)
    }

    /// Answers a poll of a sensor whose signature was checked.
    pub async fn poll(
        &self,
        id: SensorId,
        request: PollRequest,
        client: &Client,
    ) -> Result<PollAnswer, HubError> {
        let presence = &self.0.presence;
        let mut news = presence.news.subscribe();
        let Some(sensor) = self.0.store.sensor(&Scope::Everything, id).await? else {
            return Err(skep_model::Refusal::NotFound.into());
        };
        let now = Timestamp::now();
        let (before, _) = self.presence(&sensor, now);
        let back = (before != Presence::Online).then_some(now);
        let told = sensor
            .status
            .as_ref()
            .map(|status| (&status.instances, status.dropped, status.queued == 0));
        let tells = (
            &request.status.instances,
            request.status.dropped,
            request.status.queued == 0,
        );
        let changed = back.is_some()
            || told != Some(tells)
            || sensor.active_revision != request.active_revision;
        let held = presence.hold(id);
        self.0
            .store
            .note_poll(
                id,
                client.address,
                request.active_revision,
                &request.status,
                back,
                now,
            )
            .await?;
        self.sample(&sensor, &request.status, now).await?;
        if changed {
            self.0.live.sensors(sensor.group.id, vec![sensor.id]);
        }
        let deadline =
            tokio::time::Instant::now() + Duration::from_secs(HOLD_SECONDS - jitter(id, now));
        let mut desired = sensor.desired_revision;
        while request.active_revision == Some(desired)
            && !request.at_once
            && !self.0.logs.has_news_for(id)
        {
            match tokio::time::timeout_at(deadline, news.recv()).await {
                Ok(Ok(News::Changed(other) | News::Call(other))) if other != id => continue,
                // For this sensor, or too much news to know: look.
                Ok(Ok(News::Changed(_)) | Err(broadcast::error::RecvError::Lagged(_))) => {}
                // It shall ask again, time is up, or the server stops.
                Ok(Ok(News::Call(_) | News::Stop) | Err(broadcast::error::RecvError::Closed))
                | Err(_) => break,
            }
            match self.0.store.sensor(&Scope::Everything, id).await? {
                Some(sensor) if sensor.revoked_at.is_none() => desired = sensor.desired_revision,
                _ => break,
            }
        }
        drop(held);
        let configuration = if request.active_revision == Some(desired) {
            None
        } else {
            Some(
                self.configuration(id, desired, &request.status.architecture)
                    .await?,
            )
        };
        Ok(PollAnswer {
            configuration,
            authorities: vec![],
            logs: self.0.logs.tell(id),
        })
    }

    async fn configuration(
        &self,
        id: SensorId,
        revision: u64,
        architecture: &str,
    ) -> Result<Configuration, HubError> {
        let rows = self.0.store.instances(Some(&[id])).await?;
        let images = self.0.store.images_of(id, architecture).await?;
        let mut images: HashMap<_, _> = images
            .into_iter()
            .map(|(instance, image, allowed)| (instance, (image.manifest, allowed)))
            .collect();
        let instances = rows
            .into_iter()
            .filter(|row| row.removed_at.is_none())
            .map(|row| (images.remove(&row.instance.id), row))
            // What asks for more than it may does not run at all: without its rights it would only seem to work.
            .filter(|(image, _)| {
                image.as_ref().is_none_or(|(manifest, allowed)| {
                    manifest.profile.needs().beyond(allowed).is_empty()
                })
            })
            .map(|(image, row)| InstanceConfiguration {
                image: image.map(|(manifest, _)| {
                    let needs = manifest.profile.needs();
                    Box::new(ImageConfiguration {
                        manifest,
                        capabilities: needs.capabilities,
                        raw_network: needs.raw_network,
                    })
                }),
                id: row.instance.id,
                service: row.instance.service,
                revision: row.instance.revision,
                address: row.instance.address,
                ports: row.instance.ports,
                settings: row.instance.settings,
            })
            .collect();
        Ok(Configuration {
            revision,
            instances,
        })
    }

    /// Lets go of all held polls, so that the server can stop at once.
    pub fn release_polls(&self) {
        self.0.presence.release();
    }
}

/// How an instance is, by the sensor's last report, if that is about what it shall run now.
pub(crate) fn report_of(
    sensor: &SensorRow,
    instance: skep_model::ids::InstanceId,
) -> Option<&InstanceReport> {
    // What it said of another configuration may be about other ports.
    let current = sensor.active_revision == Some(sensor.desired_revision);
    let status = sensor.status.as_ref().filter(|_| current)?;
    let mut reports = status.instances.iter();
    reports.find(|report| report.id == instance)
}

/// 0 to 9 seconds, so that sensors that came at one moment do not all come back at one moment.
fn jitter(id: SensorId, now: Timestamp) -> u64 {
    let byte = id.as_bytes().iter().fold(now.0 as u8, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(*byte)
    });
    u64::from(byte) % 10
}
