//! How sensors were: one row per report, kept for charts.

use skep_model::{
    Timestamp,
    ids::SensorId,
    sensor::{Presence, SensorSample},
};

use crate::{Store, StoreError, read::Read};

impl Store {
    /// Keeps how a sensor was at a moment.
    pub async fn note_sample(
        &self,
        sensor: SensorId,
        sample: &SensorSample,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sensor_history (sensor_id, at, presence, memory, disk_used, disk_total, queued, round_trip, uptime)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (sensor_id, at) DO NOTHING",
        )
        .bind(sensor.as_bytes())
        .bind(sample.at.0)
        .bind(sample.presence.number())
        .bind(sample.memory.map(|n| n as i64))
        .bind(sample.disk_used.map(|n| n as i64))
        .bind(sample.disk_total.map(|n| n as i64))
        .bind(sample.queued.map(|n| n as i64))
        .bind(sample.round_trip.map(i64::from))
        .bind(sample.uptime.map(|n| n as i64))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The newest samples of a sensor since a moment, oldest first.
    pub async fn samples(
        &self,
        sensor: SensorId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<SensorSample>, StoreError> {
        let rows = sqlx::query(
            "SELECT at, presence, memory, disk_used, disk_total, queued, round_trip, uptime FROM sensor_history
             WHERE sensor_id = $1 AND at >= $2 ORDER BY at DESC LIMIT $3",
        )
        .bind(sensor.as_bytes())
        .bind(since.0)
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await?;
        let mut samples = rows
            .iter()
            .map(|row| {
                let number = |column| -> Result<Option<u64>, StoreError> {
                    Ok(row.maybe_number(column)?.map(|n| n as u64))
                };
                Ok(SensorSample {
                    at: row.time("at")?,
                    presence: row.parsed("presence", Presence::from_number)?,
                    memory: number("memory")?,
                    disk_used: number("disk_used")?,
                    disk_total: number("disk_total")?,
                    queued: number("queued")?,
                    round_trip: number("round_trip")?.map(|n| n as u32),
                    uptime: number("uptime")?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        samples.reverse();
        Ok(samples)
    }

    /// Removes samples older than a moment.
    pub async fn prune_samples(&self, before: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM sensor_history WHERE at < $1")
            .bind(before.0)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}
