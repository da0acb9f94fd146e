//! Events: the list, one of them, and the work on it.

use leptos::{prelude::*, server_fn::codec::Json};
use skep_model::{
    console::{Cursor, EventDetail, EventEdit, EventPage, EventQuery, EventRow},
    ids::EventId,
    user::Fate,
};

use crate::failure::Failure;

/// A page of the event list, newest first, and if asked how many there are in all.
#[server(prefix = "/fn", endpoint = "events", input = Json)]
pub async fn events(
    query: EventQuery,
    before: Option<Cursor>,
    limit: u32,
    counted: bool,
) -> Result<EventPage, Failure> {
    use super::asker;

    asker::hub()?
        .events(&asker::actor().await?, &query, before, limit, counted)
        .await
        .map_err(asker::failure)
}

/// An event with everything in it.
#[server(prefix = "/fn", endpoint = "event")]
pub async fn event(id: EventId) -> Result<EventDetail, Failure> {
    use super::asker;

    asker::hub()?
        .event(&asker::actor().await?, id)
        .await
        .map_err(asker::failure)
}

/// Changes status or comment.
#[server(prefix = "/fn", endpoint = "edit_event", input = Json)]
pub async fn edit_event(id: EventId, edit: EventEdit) -> Result<EventRow, Failure> {
    use super::asker;

    asker::hub()?
        .edit_event(&asker::actor().await?, id, edit)
        .await
        .map_err(asker::failure)
}

/// Gives several events one status; returns how many there were.
#[server(prefix = "/fn", endpoint = "edit_events", input = Json)]
pub async fn edit_events(ids: Vec<EventId>, status: skep_model::Status) -> Result<u32, Failure> {
    use super::asker;

    asker::hub()?
        .edit_events(&asker::actor().await?, &ids, status)
        .await
        .map_err(asker::failure)
}

/// Archives or removes events; returns how many.
#[server(prefix = "/fn", endpoint = "take_events", input = Json)]
pub async fn take_events(ids: Vec<EventId>, archived: bool, fate: Fate) -> Result<u32, Failure> {
    use super::asker;

    asker::hub()?
        .take_events(&asker::actor().await?, &ids, archived, fate)
        .await
        .map_err(asker::failure)
}

/// Brings archived events back; returns how many.
#[server(prefix = "/fn", endpoint = "restore_events", input = Json)]
pub async fn restore_events(ids: Vec<EventId>) -> Result<u32, Failure> {
    use super::asker;

    asker::hub()?
        .restore_events(&asker::actor().await?, &ids)
        .await
        .map_err(asker::failure)
}

/// The terminal of an event, to be played again.
#[server(prefix = "/fn", endpoint = "replay")]
pub async fn replay(id: EventId) -> Result<skep_model::replay::Replay, Failure> {
    use super::asker;

    asker::hub()?
        .replay(&asker::actor().await?, id)
        .await
        .map_err(asker::failure)
}
