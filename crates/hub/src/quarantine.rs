//! Parts of events that were rejected: looked at, taken again, thrown away.

use skep_model::{Refusal, Timestamp, system::QuarantineView, user::Role};

use crate::{Actor, Hub, HubError, ingest};

/// Parts of one page.
const PAGE: u32 = 100;

impl Hub {
    /// Rejected parts older than `before`, and why they were rejected; newest first, at most 100.
    pub async fn quarantine(
        &self,
        actor: &Actor,
        before: Option<i64>,
    ) -> Result<Vec<QuarantineView>, HubError> {
        actor.require(Role::Manager)?;
        Ok(self.0.store.quarantine(&actor.scope, before, PAGE).await?)
    }

    /// Tries to take a rejected part again. Returns why it is rejected still, or `None` when it was taken.
    pub async fn retry_quarantined(
        &self,
        actor: &Actor,
        id: i64,
    ) -> Result<Option<String>, HubError> {
        actor.require(Role::Manager)?;
        let kept = self.quarantined(actor, id).await?;
        let now = Timestamp::now();
        let part = match ingest::check_part(&kept.raw.0, now) {
            Ok(part) => part,
            Err(reason) => return Ok(Some(reason)),
        };
        let audit = actor.audit("retry", "quarantine", id.to_string());
        match self
            .0
            .store
            .ingest_again(kept.sensor.id, id, part, now, &audit)
            .await?
        {
            Ok(changes) => {
                for change in changes {
                    self.0.live.changed(change);
                }
                Ok(None)
            }
            Err(reason) => Ok(Some(reason)),
        }
    }

    /// Throws a rejected part away.
    pub async fn discard_quarantined(&self, actor: &Actor, id: i64) -> Result<(), HubError> {
        actor.require(Role::Manager)?;
        let kept = self.quarantined(actor, id).await?;
        let mut audit = actor.audit("discard", "quarantine", id.to_string());
        audit.before = Some(serde_json::json!({
            "sensor": kept.sensor.name, "reason": kept.reason, "bytes": kept.raw.0.len(),
        }));
        if !self.0.store.discard(id, &audit).await? {
            return Err(Refusal::NotFound.into());
        }
        Ok(())
    }

    async fn quarantined(&self, actor: &Actor, id: i64) -> Result<QuarantineView, HubError> {
        let kept = self.0.store.quarantined(&actor.scope, id).await?;
        Ok(kept.ok_or(Refusal::NotFound)?)
    }
}
