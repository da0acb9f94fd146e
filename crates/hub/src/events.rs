//! Listing events, looking at one, working on it.

use skep_model::{
    Complaint, Refusal,
    console::{Cursor, EventDetail, EventEdit, EventPage, EventQuery, EventRow, QuarantineRow},
    ids::EventId,
    limits,
    user::Role,
};
use skep_store::Listing;

use crate::{Actor, Hub, HubError};

/// The most events of one page.
const PAGE: u32 = 200;

impl Hub {
    /// A page of events, newest first. `limit` is cut to 200.
    pub async fn events(
        &self,
        actor: &Actor,
        query: &EventQuery,
        before: Option<Cursor>,
        limit: u32,
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
        Ok(EventPage { events, next })
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
        let audit = actor.audit("edit", "event", id.to_string());
        if !self
            .0
            .store
            .edit_event(&actor.scope, id, &edit, audit)
            .await?
        {
            return Err(Refusal::NotFound.into());
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

    /// The newest parts of events that were rejected, and why; at most 200.
    pub async fn quarantine(&self, actor: &Actor) -> Result<Vec<QuarantineRow>, HubError> {
        actor.require(Role::Manager)?;
        Ok(self.0.store.quarantine(&actor.scope, PAGE).await?)
    }
}
