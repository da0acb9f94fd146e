//! How sensors were over time.

use std::time::Duration;

use skep_model::{
    Complaint, Refusal, Timestamp,
    ids::SensorId,
    sensor::{Presence, SensorSample},
    user::Role,
};
use skep_protocol::message::SensorStatus;
use skep_store::SensorRow;

use crate::{Actor, Hub, HubError};

/// A sensor has one sample in a minute, unless its presence changes; in milliseconds.
const MINUTE: i64 = 60_000;
/// How long samples are kept.
const KEPT: Duration = Duration::from_hours(LONGEST as u64);
/// The same in hours.
const LONGEST: u32 = 24 * 14;
/// The most samples of one answer: two days at one a minute.
const SHOWN: u32 = 2880;

impl Hub {
    /// How a sensor was over the last `hours`, oldest first; at most two weeks, and at most 2880 samples.
    pub async fn sensor_history(
        &self,
        actor: &Actor,
        id: SensorId,
        hours: u32,
    ) -> Result<Vec<SensorSample>, HubError> {
        actor.require(Role::Observer)?;
        if !(1..=LONGEST).contains(&hours) {
            let complaint = Complaint::Between {
                min: 1,
                max: LONGEST,
            };
            return Err(HubError::invalid("hours", complaint));
        }
        self.0
            .store
            .sensor(&actor.scope, id)
            .await?
            .ok_or(Refusal::NotFound)?;
        let since = Timestamp::now().before(Duration::from_hours(u64::from(hours)));
        Ok(self.0.store.samples(id, since, SHOWN).await?)
    }

    /// Keeps what a sensor said of itself, unless it spoke in the same minute before.
    pub(crate) async fn sample(
        &self,
        sensor: &SensorRow,
        status: &SensorStatus,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let minute = |at: Timestamp| at.0 / MINUTE;
        let spoke = sensor.last_seen_at;
        if spoke.is_some_and(|at| minute(at) == minute(now)) {
            return Ok(());
        }
        let sample = SensorSample {
            at: now,
            presence: Presence::Online,
            memory: Some(status.memory),
            disk_used: status.disk_used,
            disk_total: status.disk_total,
            queued: Some(status.queued),
            round_trip: status.round_trip,
            uptime: Some(status.uptime),
        };
        Ok(self.0.store.note_sample(sensor.id, &sample).await?)
    }

    /// Keeps that a sensor's presence changed.
    pub(crate) async fn note_sample(
        &self,
        sensor: &SensorRow,
        presence: Presence,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let sample = SensorSample {
            at: now,
            presence,
            memory: None,
            disk_used: None,
            disk_total: None,
            queued: None,
            round_trip: None,
            uptime: None,
        };
        Ok(self.0.store.note_sample(sensor.id, &sample).await?)
    }

    /// Lets go of old samples.
    pub(crate) async fn thin_samples(&self) -> Result<(), HubError> {
        self.0
            .store
            .prune_samples(Timestamp::now().before(KEPT))
            .await?;
        Ok(())
    }
}
