//! Services, and what runs where.

use std::collections::BTreeMap;

use skep_model::{
    Timestamp,
    event::ServiceName,
    ids::{InstanceId, SensorId},
    sensor::Port,
    service::{Placement, Settings},
};

use crate::{
    AuditEntry, Store, StoreError,
    audit::write_audit,
    database::{Connection, own},
    event_list::{Conditions, Value, bind},
    read::Read,
};

/// How an instance is to be.
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// The id.
    pub id: InstanceId,
    /// The service.
    pub service: ServiceName,
    /// The service's revision.
    pub revision: u32,
    /// Whether it stays at that revision, whatever the service's is.
    pub pinned: bool,
    /// The address to listen on.
    pub address: skep_model::listen::Listen,
    /// The ports to listen on.
    pub ports: Vec<Port>,
    /// Settings by the service's schema.
    pub settings: Settings,
}

impl NewInstance {
    /// Where and how it runs.
    #[must_use]
    pub fn placement(&self) -> Placement {
        Placement {
            address: self.address.clone(),
            ports: self.ports.clone(),
            settings: self.settings.clone(),
            pinned: self.pinned.then_some(self.revision),
        }
    }
}

/// An instance as kept.
#[derive(Clone, Debug)]
pub struct InstanceRow {
    /// The sensor.
    pub sensor: SensorId,
    /// What it is.
    pub instance: NewInstance,
    /// Since when it is not wanted any more.
    pub removed_at: Option<Timestamp>,
}

/// One step of a change of what runs where.
#[derive(Clone, Debug)]
pub enum DeployStep {
    /// Another instance.
    Add(NewInstance),
    /// Another address, other ports or settings, or another revision.
    Edit(NewInstance),
    /// An instance ends.
    Remove(InstanceId),
    /// An instance that had ended goes on.
    Restore(InstanceId),
}

impl Store {
    /// Instances by service, those that were removed too: of these sensors, or of all.
    pub async fn instances(
        &self,
        sensors: Option<&[SensorId]>,
    ) -> Result<Vec<InstanceRow>, StoreError> {
        let mut conditions = Conditions::default();
        if sensors.is_some_and(<[_]>::is_empty) {
            return Ok(vec![]);
        }
        if let Some(ids) = sensors {
            let ids = ids.iter().map(|id| Value::Bytes(id.as_bytes().to_vec()));
            conditions.any_of("i.sensor_id", ids.collect());
        }
        let sql = format!(
            "SELECT i.id, i.sensor_id, v.name, i.revision, i.pinned, i.address, i.ports, i.settings, i.removed_at
             FROM instances i JOIN services v ON v.id = i.service_id {} ORDER BY v.name, i.id",
            conditions.sql()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(InstanceRow {
                    sensor: row.id("sensor_id")?,
                    instance: NewInstance {
                        id: row.id("id")?,
                        service: row.word("name")?,
                        revision: row.count("revision")?,
                        pinned: row.number("pinned")? == 1,
                        address: row.word("address")?,
                        ports: serde_json::from_str(&row.text("ports")?)
                            .map_err(|_| StoreError::Unreadable("ports"))?,
                        settings: serde_json::from_str(&row.text("settings")?)
                            .map_err(|_| StoreError::Unreadable("settings"))?,
                    },
                    removed_at: row.maybe_time("removed_at")?,
                })
            })
            .collect()
    }

    /// The services known, by name.
    pub async fn services(&self) -> Result<Vec<ServiceName>, StoreError> {
        let rows = sqlx::query("SELECT name FROM services ORDER BY name")
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| row.word("name")).collect()
    }

    /// Makes the services known that are not yet.
    pub async fn add_services(&self, names: &[&str]) -> Result<(), StoreError> {
        for name in names {
            sqlx::query("INSERT INTO services (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
                .bind(*name)
                .execute(&self.write)
                .await?;
        }
        Ok(())
    }

    /// Takes these steps on these sensors, all or none. Each sensor is named with its desired revision as the asker
    /// knows it, which rises: it has something new to run. `false`: it is another one, somebody else was quicker.
    pub async fn deploy(
        &self,
        sensors: &BTreeMap<SensorId, u64>,
        steps: &[(SensorId, DeployStep)],
        audit: &[AuditEntry],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // First and in one order, so that two servers never wait for each other in a circle.
        for (sensor, revision) in sensors {
            let risen = sqlx::query(
                "UPDATE sensors SET desired_revision = desired_revision + 1 WHERE id = $1 AND desired_revision = $2",
            )
            .bind(sensor.as_bytes())
            .bind(*revision as i64)
            .execute(&mut *tx)
            .await?;
            if risen.rows_affected() == 0 {
                return Ok(false);
            }
        }
        for (sensor, step) in steps {
            match step {
                DeployStep::Add(instance) => {
                    write_instance(&mut tx, *sensor, instance, now).await?;
                }
                DeployStep::Edit(instance) => {
                    sqlx::query(
                        "UPDATE instances SET address = $3, ports = $4, settings = $5, revision = $6, pinned = $7
                         WHERE id = $1 AND sensor_id = $2",
                    )
                    .bind(instance.id.as_bytes())
                    .bind(sensor.as_bytes())
                    .bind(instance.address.to_string())
                    .bind(serde_json::to_string(&instance.ports).unwrap_or_default())
                    .bind(serde_json::to_string(&instance.settings).unwrap_or_default())
                    .bind(i64::from(instance.revision))
                    .bind(i64::from(instance.pinned))
                    .execute(&mut *tx)
                    .await?;
                }
                DeployStep::Remove(id) => set_removed(&mut tx, *sensor, *id, Some(now)).await?,
                DeployStep::Restore(id) => set_removed(&mut tx, *sensor, *id, None).await?,
            }
        }
        for entry in audit {
            write_audit(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

async fn set_removed(
    tx: &mut Connection,
    sensor: SensorId,
    instance: InstanceId,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE instances SET removed_at = $3 WHERE id = $1 AND sensor_id = $2")
        .bind(instance.as_bytes())
        .bind(sensor.as_bytes())
        .bind(at.map(|at| at.0))
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes a new instance.
pub(crate) async fn write_instance(
    tx: &mut Connection,
    sensor: SensorId,
    instance: &NewInstance,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO instances (id, sensor_id, service_id, revision, pinned, address, ports, settings, created_at)
         SELECT $1, $2, id, $4, $5, $6, $7, $8, $9 FROM services WHERE name = $3",
    )
    .bind(instance.id.as_bytes())
    .bind(sensor.as_bytes())
    .bind(instance.service.as_str())
    .bind(i64::from(instance.revision))
    .bind(i64::from(instance.pinned))
    .bind(instance.address.to_string())
    .bind(serde_json::to_string(&instance.ports).unwrap_or_default())
    .bind(serde_json::to_string(&instance.settings).unwrap_or_default())
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}
