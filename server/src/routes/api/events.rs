//! `/api/v1/events`: what was caught, and the work on it.

use axum::{
    extract::{Query, State as Shared},
    http::header,
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::json as object;
use skep_hub::Actor;
use skep_model::{console::EventEdit, ids::EventId, user::Fate};

use super::{
    asking::{Answer, Body, Caller, Id, Refused, json},
    query, shapes,
};
use crate::router::State;

/// Events by id.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    /// At most 200.
    ids: Vec<EventId>,
    /// Whether they are in the archive.
    #[serde(default)]
    archived: bool,
}

/// Events, newest first, by key.
pub(crate) async fn list(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Answer {
    let list = query::parse(&pairs).map_err(|error| Refused::bad_request(&error))?;
    let page = state
        .hub
        .events(&actor, &list.query, list.cursor, list.limit)
        .await?;
    json(shapes::Page {
        items: page.events.iter().map(shapes::event).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    })
}

/// One event with everything in it.
pub(crate) async fn one(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<EventId>,
) -> Answer {
    json(shapes::whole_event(&state.hub.event(&actor, id).await?))
}

/// The terminal of an event as an asciicast file.
pub(crate) async fn asciicast(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<EventId>,
) -> Answer {
    let file = state.hub.asciicast(&actor, id).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-asciicast")], file).into_response())
}

/// Changes status or comment.
pub(crate) async fn edit(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<EventId>,
    Body(edit): Body<EventEdit>,
) -> Answer {
    json(shapes::event(
        &state.hub.edit_event(&actor, id, edit).await?,
    ))
}

/// Moves events to the archive.
pub(crate) async fn archive(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(chosen): Body<Chosen>,
) -> Answer {
    take(&state, &actor, &chosen, Fate::Archive).await
}

/// Removes events.
pub(crate) async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(chosen): Body<Chosen>,
) -> Answer {
    take(&state, &actor, &chosen, Fate::Remove).await
}

async fn take(state: &State, actor: &Actor, chosen: &Chosen, fate: Fate) -> Answer {
    let count = state
        .hub
        .take_events(actor, &chosen.ids, chosen.archived, fate)
        .await?;
    json(object!({ "count": count }))
}
