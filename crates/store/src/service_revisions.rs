//! Services whose honeypots are images, and their revisions.

mod add;

use std::collections::BTreeMap;

use skep_model::{
    event::ServiceName,
    ids::{InstanceId, SensorId},
    service::{Level, Rights},
};
use skep_protocol::manifest::Manifest;
use sqlx::any::AnyRow;

use crate::{AuditEntry, Store, StoreError, audit::write_audit, database::Connection, read::Read};

pub use add::{Namesake, NewRevision};

/// A service with images, as kept.
#[derive(Clone, Debug)]
pub struct ImageServiceRow {
    /// The name.
    pub name: ServiceName,
    /// What it pretends to be.
    pub description: String,
    /// How far an attacker can go.
    pub level: Level,
    /// The number of the revision that sensors run.
    pub default_revision: u32,
    /// What an admin allowed it.
    pub allowed: Rights,
    /// All images, by the numbers of their revisions.
    pub images: Vec<ImageRow>,
}

/// An image of a revision, as kept.
#[derive(Clone, Debug)]
pub struct ImageRow {
    /// The revision's number.
    pub number: u32,
    /// What its maker calls the revision.
    pub label: String,
    /// What a sensor has to know to run it.
    pub manifest: Manifest,
    /// The registry's repository that has it.
    pub repository: String,
    /// The digest of its manifest there.
    pub digest: String,
}

/// How a service shall be.
#[derive(Clone, Debug)]
pub struct ServiceChange {
    /// What it pretends to be.
    pub description: String,
    /// How far an attacker can go.
    pub level: Level,
    /// The number of the revision that sensors run.
    pub revision: u32,
    /// What it may.
    pub allowed: Rights,
}

impl Store {
    /// The services with images, by name.
    pub async fn image_services(&self) -> Result<Vec<ImageServiceRow>, StoreError> {
        let services = sqlx::query(
            "SELECT name, description, level, default_revision, rights FROM services WHERE kind = 1 ORDER BY name",
        )
        .fetch_all(&self.read)
        .await?;
        let rows = sqlx::query(
            "SELECT s.name, r.number, r.label, r.manifest, r.repository, r.digest
             FROM service_revisions r JOIN services s ON s.id = r.service_id
             WHERE s.kind = 1 ORDER BY r.number, r.architecture",
        )
        .fetch_all(&self.read)
        .await?;
        let mut images: BTreeMap<String, Vec<ImageRow>> = BTreeMap::new();
        for row in &rows {
            images
                .entry(row.text("name")?)
                .or_default()
                .push(image(row)?);
        }
        services
            .iter()
            .map(|row| {
                Ok(ImageServiceRow {
                    images: images.remove(&row.text("name")?).unwrap_or_default(),
                    name: row.word("name")?,
                    description: row.text("description")?,
                    level: row.parsed("level", Level::from_number)?,
                    default_revision: row.count("default_revision")?,
                    allowed: rights(row)?,
                })
            })
            .collect()
    }

    /// The images that a sensor with this processor shall run, by instance, and what they may.
    pub async fn images_of(
        &self,
        sensor: SensorId,
        architecture: &str,
    ) -> Result<Vec<(InstanceId, ImageRow, Rights)>, StoreError> {
        let rows = sqlx::query(
            "SELECT i.id, r.number, r.label, r.manifest, r.repository, r.digest, s.rights
             FROM instances i JOIN service_revisions r ON r.service_id = i.service_id AND r.number = i.revision
             JOIN services s ON s.id = i.service_id
             WHERE i.sensor_id = $1 AND i.removed_at IS NULL AND r.architecture = $2",
        )
        .bind(sensor.as_bytes())
        .bind(architecture)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| Ok((row.id("id")?, image(row)?, rights(row)?)))
            .collect()
    }

    /// Changes a service with images. Of another revision, and of other rights, sensors have to be told: these are they.
    /// `None`: there is no such service or revision.
    pub async fn edit_image_service(
        &self,
        name: &ServiceName,
        change: &ServiceChange,
        audit: &AuditEntry,
    ) -> Result<Option<Vec<SensorId>>, StoreError> {
        let mut tx = self.begin().await?;
        let Some((id, before, allowed)) = image_service(&mut tx, name).await? else {
            return Ok(None);
        };
        let edited = sqlx::query(
            "UPDATE services SET description = $2, level = $3, default_revision = $4, rights = $5
             WHERE id = $1 AND EXISTS (SELECT 1 FROM service_revisions r WHERE r.service_id = $1 AND r.number = $4)",
        )
        .bind(id)
        .bind(&change.description)
        .bind(change.level.number())
        .bind(i64::from(change.revision))
        .bind(serde_json::to_string(&change.allowed).unwrap_or_default())
        .execute(&mut *tx)
        .await?;
        if edited.rows_affected() == 0 {
            return Ok(None);
        }
        let mut told = vec![];
        if before != change.revision {
            run_revision(&mut tx, id, change.revision).await?;
        }
        if before != change.revision || allowed != change.allowed {
            let rows = sqlx::query(
                "SELECT DISTINCT sensor_id FROM instances WHERE service_id = $1 AND removed_at IS NULL
                 ORDER BY sensor_id",
            )
            .bind(id)
            .fetch_all(&mut *tx)
            .await?;
            for row in &rows {
                let sensor: SensorId = row.id("sensor_id")?;
                desire_more(&mut tx, sensor).await?;
                told.push(sensor);
            }
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(Some(told))
    }

    /// Removes a revision that is not the service's, and that no instance is pinned to. Says whether there was such a
    /// revision.
    pub async fn remove_revision(
        &self,
        name: &ServiceName,
        number: u32,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let Some((id, default, _)) = image_service(&mut tx, name).await? else {
            return Ok(false);
        };
        if default == number || runs_somewhere(&mut tx, id, number).await? {
            return Ok(false);
        }
        if delete_revision(&mut tx, id, number).await? == 0 {
            return Ok(false);
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes a service that no sensor runs; its name stays for its events. Says whether there was such a service.
    pub async fn remove_image_service(
        &self,
        name: &ServiceName,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let removed = sqlx::query(
            "UPDATE services SET kind = 2, default_revision = NULL, rights = '{}' WHERE name = $1 AND kind = 1 AND NOT EXISTS
             (SELECT 1 FROM instances i WHERE i.service_id = services.id AND i.removed_at IS NULL)",
        )
        .bind(name.as_str())
        .execute(&mut *tx)
        .await?;
        if removed.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "DELETE FROM service_revisions WHERE service_id = (SELECT id FROM services WHERE name = $1)",
        )
        .bind(name.as_str())
        .execute(&mut *tx)
        .await?;
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A sensor has something new to run.
async fn desire_more(tx: &mut Connection, sensor: SensorId) -> Result<(), StoreError> {
    sqlx::query("UPDATE sensors SET desired_revision = desired_revision + 1 WHERE id = $1")
        .bind(sensor.as_bytes())
        .execute(tx)
        .await?;
    Ok(())
}

/// All instances of a service that are not pinned are of this revision from now on. Those that were removed may come
/// back.
async fn run_revision(tx: &mut Connection, service: i64, number: u32) -> Result<(), StoreError> {
    sqlx::query("UPDATE instances SET revision = $2 WHERE service_id = $1 AND pinned = 0")
        .bind(service)
        .bind(i64::from(number))
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether any sensor runs a revision.
async fn runs_somewhere(
    tx: &mut Connection,
    service: i64,
    number: u32,
) -> Result<bool, StoreError> {
    let running = sqlx::query(
        "SELECT sensor_id FROM instances WHERE service_id = $1 AND revision = $2 AND removed_at IS NULL LIMIT 1",
    )
    .bind(service)
    .bind(i64::from(number))
    .fetch_optional(tx)
    .await?;
    Ok(running.is_some())
}

/// Removes the images of a revision, and says how many there were.
async fn delete_revision(
    tx: &mut Connection,
    service: i64,
    number: u32,
) -> Result<u64, StoreError> {
    let removed =
        sqlx::query("DELETE FROM service_revisions WHERE service_id = $1 AND number = $2")
            .bind(service)
            .bind(i64::from(number))
            .execute(tx)
            .await?;
    Ok(removed.rows_affected())
}

/// A service's number, the revision that sensors run, and what it may.
async fn image_service(
    tx: &mut Connection,
    name: &ServiceName,
) -> Result<Option<(i64, u32, Rights)>, StoreError> {
    let row = sqlx::query(
        "SELECT id, default_revision, rights FROM services WHERE name = $1 AND kind = 1",
    )
    .bind(name.as_str())
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        Ok((
            row.number("id")?,
            row.count("default_revision")?,
            rights(&row)?,
        ))
    })
    .transpose()
}

fn rights(row: &AnyRow) -> Result<Rights, StoreError> {
    serde_json::from_str(&row.text("rights")?).map_err(|_| StoreError::Unreadable("rights"))
}

fn image(row: &AnyRow) -> Result<ImageRow, StoreError> {
    Ok(ImageRow {
        number: row.count("number")?,
        label: row.text("label")?,
        manifest: serde_json::from_str(&row.text("manifest")?)
            .map_err(|_| StoreError::Unreadable("manifest"))?,
        repository: row.text("repository")?,
        digest: row.text("digest")?,
    })
}
