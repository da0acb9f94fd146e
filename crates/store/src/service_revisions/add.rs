//! Adding a revision to a service.

use skep_model::{event::ServiceName, service::Level};
use skep_protocol::manifest::Manifest;

use super::{delete_revision, run_revision, runs_somewhere};
use crate::{AuditEntry, Store, StoreError, audit::write_audit, read::Read};

/// A revision to be added.
#[derive(Clone, Debug)]
pub struct NewRevision {
    /// The service; it is made where there is none of the name.
    pub service: ServiceName,
    /// What it pretends to be; only for a service that is made.
    pub description: String,
    /// How far an attacker can go; only for a service that is made.
    pub level: Level,
    /// What its maker calls the revision.
    pub label: String,
    /// What becomes of a revision that is called the same.
    pub namesake: Namesake,
    /// What a sensor has to know to run its images, one for each processor.
    pub manifests: Vec<Manifest>,
    /// The registry's repository that has them.
    pub repository: String,
}

/// What becomes of a revision that is called the same as one that is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namesake {
    /// The images join it.
    Grows,
    /// It goes, unless sensors run it.
    Goes,
}

impl Store {
    /// Adds a revision, or images to one, and gives its number. [`StoreError::Conflict`]: the service is part of every
    /// sensor, or the revision has an image for a processor already, or sensors run the one that would go.
    pub async fn add_revision(
        &self,
        new: &NewRevision,
        audit: &AuditEntry,
    ) -> Result<u32, StoreError> {
        let mut tx = self.begin().await?;
        // A service that was removed comes back; its numbers go on, since events name them.
        let service = sqlx::query(
            "INSERT INTO services (name, kind, description, level) VALUES ($1, 1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET kind = 1,
                 description = CASE WHEN services.kind = 2 THEN excluded.description ELSE services.description END,
                 level = CASE WHEN services.kind = 2 THEN excluded.level ELSE services.level END
             WHERE services.kind <> 0 RETURNING id, last_revision, default_revision",
        )
        .bind(new.service.as_str())
        .bind(&new.description)
        .bind(new.level.number())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(service) = service else {
            return Err(StoreError::Conflict(sqlx::Error::RowNotFound));
        };
        let id = service.number("id")?;
        let default = service.maybe_number("default_revision")?;
        let known = sqlx::query(
            "SELECT number FROM service_revisions WHERE service_id = $1 AND label = $2 LIMIT 1",
        )
        .bind(id)
        .bind(&new.label)
        .fetch_optional(&mut *tx)
        .await?;
        let known = known.map(|row| row.count("number")).transpose()?;
        let next = service.count("last_revision")? + 1;
        let number = match (known, new.namesake) {
            (Some(known), Namesake::Grows) => known,
            (Some(known), Namesake::Goes) => {
                if runs_somewhere(&mut tx, id, known).await? {
                    return Err(StoreError::Conflict(sqlx::Error::RowNotFound));
                }
                delete_revision(&mut tx, id, known).await?;
                next
            }
            (None, _) => next,
        };
        for manifest in &new.manifests {
            sqlx::query(
                "INSERT INTO service_revisions
                 (service_id, number, architecture, label, manifest, repository, digest, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(id)
            .bind(i64::from(number))
            .bind(manifest.image.architecture.name())
            .bind(&new.label)
            .bind(serde_json::to_string(manifest).unwrap_or_default())
            .bind(&new.repository)
            .bind(manifest.image.manifest.as_str())
            .bind(audit.at.0)
            .execute(&mut *tx)
            .await?;
        }
        // The first revision is what sensors run, and so is one in place of that.
        let replaced = known.filter(|known| *known != number).map(i64::from);
        let becomes_default = default.is_none() || default == replaced;
        let run = if becomes_default {
            i64::from(number)
        } else {
            default.unwrap_or_default()
        };
        sqlx::query(
            "UPDATE services SET last_revision = CASE WHEN last_revision < $2 THEN $2 ELSE last_revision END,
             default_revision = $3 WHERE id = $1",
        )
        .bind(id)
        .bind(i64::from(number))
        .bind(run)
        .execute(&mut *tx)
        .await?;
        if becomes_default {
            run_revision(&mut tx, id, number).await?;
        }
        write_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(number)
    }
}
