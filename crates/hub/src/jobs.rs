//! What the server does by itself, at intervals.

use std::{collections::HashMap, time::Duration};

use skep_model::{Timestamp, ids::SensorId, sensor::Presence};
use skep_store::Scope;

use crate::{Hub, HubError};

impl Hub {
    /// Starts the jobs; they run as long as the server.
    pub fn start_jobs(&self) {
        let hub = self.clone();
        tokio::spawn(async move {
            let mut known = HashMap::new();
            let mut interval = tokio::time::interval(Duration::from_secs(5));
            loop {
                interval.tick().await;
                report(hub.watch_presence(&mut known).await, "watching sensors");
            }
        });
        let hub = self.clone();
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(Duration::from_hours(1));
            loop {
                interval.tick().await;
                report(
                    hub.remove_expired_sessions().await,
                    "removing expired sessions",
                );
                report(hub.keep_bounds().await, "letting go of what is old");
                hub.0.rate.forget();
                report(hub.collect_garbage().await, "cleaning up the registry");
                report(
                    hub.remove_idle_uploads(),
                    "removing what nobody uploads further",
                );
                report(hub.thin_samples().await, "thinning the sensors' history");
            }
        });
        let hub = self.clone();
        tokio::spawn(async move {
            // Each certificate of the server is good for a year, so that it never shows an old one.
            let month = Duration::from_hours(30 * 24);
            loop {
                tokio::time::sleep(month).await;
                let issued = hub.0.authority.issue().map_err(HubError::from);
                report(issued, "renewing the server's certificate");
            }
        });
        let hub = self.clone();
        tokio::spawn(async move {
            loop {
                report(
                    hub.clear_removed().await,
                    "clearing up after what was removed",
                );
                // Another server on the same database may have left work when it stopped.
                let _ =
                    tokio::time::timeout(Duration::from_mins(5), hub.0.clearing.notified()).await;
            }
        });
    }

    /// Archives or removes the events of removed groups and sensors, until nothing is left of them.
    async fn clear_removed(&self) -> Result<(), HubError> {
        while self.0.store.clear_removed(Timestamp::now()).await? {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Tells browsers when a sensor goes offline: nothing else happens at that moment that would.
    async fn watch_presence(
        &self,
        known: &mut HashMap<SensorId, Presence>,
    ) -> Result<(), HubError> {
        let now = Timestamp::now();
        for sensor in self.0.store.sensors(&Scope::Everything).await? {
            let (presence, _) = self.presence(&sensor, now);
            if known
                .insert(sensor.id, presence)
                .is_some_and(|before| before != presence)
            {
                self.note_sample(&sensor, presence, now).await?;
                self.0.live.sensors(sensor.group.id, vec![sensor.id]);
            }
        }
        Ok(())
    }
}

fn report(outcome: Result<(), HubError>, job: &str) {
    if let Err(error) = outcome {
        tracing::error!(job, %error, "a job failed; it will be tried again");
    }
}
