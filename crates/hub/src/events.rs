//! Listing events, looking at one, working on it.

use skep_model::{
    Complaint, Refusal, Status,
    console::{Count, Cursor, EventDetail, EventEdit, EventPage, EventQuery, EventRow},
    ids::EventId,
    limits,
    user::{Fate, Role},
};
use skep_store::{Edited, Listing, Scope};

use crate::{Actor, Hub, HubError};

/// The most events of one page.
const PAGE: u32 = 200;
/// Counting stops here.
const MOST: u32 = 10_000;

impl Hub {
    /// A page of events, newest first, and if asked how many there are in all. `limit` is cut to 200.
    pub async fn events(
        &self,
        actor: &Actor,
        query: &EventQuery,
        before: Option<Cursor>,
        limit: u32,
        counted: bool,
    ) -> Result<EventPage, HubError> {
        actor.require(Role::Observer)?;
        let limit = limit.clamp(1, PAGE);
        let listing = Listing {
            scope: &actor.scope,
            query,
            before,
            limit: limit + 1,
        };
        let mut events = self.0.store.list_events(&listing).await?;
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let next = events.last().filter(|_| more).map(|row| Cursor {
            started_at: row.started_at,
            number: row.number,
        });
        let tally = if counted {
            let mut tally = self
                .0
                .store
                .tally_events(&actor.scope, query, MOST + 1)
                .await?;
            tally.total = up_to_most(tally.total.number);
            Some(tally)
        } else {
            None
        };
        Ok(EventPage {
            events,
            tally,
            next,
        })
    }

    /// How many events match; it stops at 10,000.
    pub(crate) async fn count_events(
        &self,
        scope: &Scope,
        query: &EventQuery,
    ) -> Result<Count, HubError> {
        let number = self.0.store.count_events(scope, query, MOST + 1).await?;
        Ok(up_to_most(number))
    }

    /// An event with everything in it.
    pub async fn event(&self, actor: &Actor, id: EventId) -> Result<EventDetail, HubError> {
        actor.require(Role::Observer)?;
        self.0
            .store
            .event(&actor.scope, id)
            .await?
            .ok_or(Refusal::NotFound.into())
    }

    /// Changes status or comment.
    pub async fn edit_event(
        &self,
        actor: &Actor,
        id: EventId,
        edit: EventEdit,
    ) -> Result<EventRow, HubError> {
        actor.require(Role::Manager)?;
        if edit
            .comment
            .as_ref()
            .is_some_and(|comment| comment.chars().count() > limits::COMMENT)
        {
            return Err(HubError::invalid(
                "comment",
                Complaint::TooLong {
                    max: limits::COMMENT as u32,
                },
            ));
        }
        if edit
            .comment
            .as_ref()
            .is_some_and(|comment| comment.contains('\0'))
        {
            return Err(HubError::invalid("comment", Complaint::BadCharacters));
        }
        if self.settings().require_comment
            && edit.status.is_some_and(|status| status != Status::New)
        {
            let kept = self.event(actor, id).await?.comment;
            if edit.comment.as_ref().unwrap_or(&kept).trim().is_empty() {
                return Err(HubError::invalid("comment", Complaint::Empty));
            }
        }
        let audit = actor.audit("edit", "event", id.to_string());
        let store = &self.0.store;
        match store.edit_event(&actor.scope, id, &edit, audit).await? {
            Edited::Done => {}
            Edited::Gone => return Err(Refusal::NotFound.into()),
            Edited::Changed => return Err(HubError::invalid("comment", Complaint::Changed)),
        }
        let row = self
            .0
            .store
            .event_row(&actor.scope, id)
            .await?
            .ok_or(Refusal::NotFound)?;
        self.0.live.edited(&row);
        Ok(row)
    }

    /// Gives several events one status. Returns how many there were.
    pub async fn edit_events(
        &self,
        actor: &Actor,
        ids: &[EventId],
        status: Status,
    ) -> Result<u32, HubError> {
        few(ids)?;
        let mut count = 0;
        for id in ids {
            let edit = EventEdit {
                status: Some(status),
                ..EventEdit::default()
            };
            match self.edit_event(actor, *id, edit).await {
                Ok(_) => count += 1,
                Err(HubError::Refused(Refusal::NotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        if count == 0 {
            return Err(Refusal::NotFound.into());
        }
        Ok(count)
    }

    /// Archives or removes events. Managers may be kept from removing by the settings. Returns how many there were.
    pub async fn take_events(
        &self,
        actor: &Actor,
        ids: &[EventId],
        archived: bool,
        fate: Fate,
    ) -> Result<u32, HubError> {
        actor.require(Role::Manager)?;
        if fate == Fate::Remove && !self.settings().managers_remove_events {
            actor.require(Role::Admin)?;
        }
        few(ids)?;
        if archived && fate == Fate::Archive {
            return Err(HubError::invalid("archived", Complaint::Same));
        }
        let action = match fate {
            Fate::Archive => "archive",
            Fate::Remove => "remove",
        };
        let audit = actor.audit(action, "event", String::new());
        let taken = self
            .0
            .store
            .take_events(&actor.scope, ids, archived, fate, &audit)
            .await?;
        if taken.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        if !archived {
            self.0.live.gone(&taken);
        }
        Ok(taken.len() as u32)
    }

    /// Brings archived events back. Returns how many there were whose sensor is still there.
    pub async fn restore_events(&self, actor: &Actor, ids: &[EventId]) -> Result<u32, HubError> {
        actor.require(Role::Manager)?;
        few(ids)?;
        let audit = actor.audit("restore", "event", String::new());
        let back = self
            .0
            .store
            .restore_events(&actor.scope, ids, &audit)
            .await?;
        if back.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        for event in &back {
            self.0.live.edited(event);
        }
        Ok(back.len() as u32)
    }
}

/// As many as one request may name, and at least one.
fn few(ids: &[EventId]) -> Result<(), HubError> {
    if ids.is_empty() {
        return Err(HubError::invalid("ids", Complaint::Empty));
    }
    if ids.len() > PAGE as usize {
        return Err(HubError::invalid("ids", Complaint::TooLong { max: PAGE }));
    }
    Ok(())
}

/// What a number means that was counted up to one more than [`MOST`].
fn up_to_most(number: u64) -> Count {
    Count {
        number: number.min(u64::from(MOST)),
        more: number > u64::from(MOST),
    }
}
