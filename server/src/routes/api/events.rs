//! `/api/v1/events`: what was caught, and the work on it.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;
use skep_hub::Actor;
use skep_model::{Status, console::EventEdit, ids::EventId, user::Fate};

use super::{
    asking::{Answer, Asciicast, Body, Caller, Id, Query, Refused, json},
    describe::Described,
    query::EventParameters,
    shapes::{Done, Event, EventList, Page, Tally, WholeEvent},
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(Method::GET, "/api/v1/events", "Events, newest first", list)
        .at(
            Method::POST,
            "/api/v1/events/archive",
            "Move events to the archive",
            archive,
        )
        .at(
            Method::POST,
            "/api/v1/events/remove",
            "Remove events",
            remove,
        )
        .at(
            Method::POST,
            "/api/v1/events/status",
            "Give several events one status",
            decide,
        )
        .at(
            Method::POST,
            "/api/v1/events/restore",
            "Bring archived events back",
            restore,
        )
        .at(
            Method::GET,
            "/api/v1/events/{id}",
            "An event with everything in it",
            one,
        )
        .at(
            Method::PATCH,
            "/api/v1/events/{id}",
            "Change status or comment",
            edit,
        )
        .at(
            Method::GET,
            "/api/v1/events/{id}/asciicast",
            "The terminal session of an event",
            asciicast,
        )
}

/// Events by id.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Chosen {
    /// At most 200.
    #[schemars(length(min = 1, max = 200))]
    ids: Vec<EventId>,
    /// Whether they are in the archive.
    #[serde(default)]
    archived: bool,
}

/// Events, newest first, by key.
async fn list(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Query(parameters): Query<EventParameters>,
) -> Answer<EventList> {
    let (limit, counted) = (parameters.limit.0, parameters.total);
    let (query, cursor) = parameters.question();
    let page = state
        .hub
        .events(&actor, &query, cursor, limit, counted)
        .await?;
    let next = page.next.map(|cursor| cursor.to_string());
    json(EventList {
        page: Page::new(&page.events, next),
        tally: page.tally.map(Tally::from),
    })
}

/// One event with everything in it.
async fn one(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<EventId>,
) -> Answer<WholeEvent> {
    json(&state.hub.event(&actor, id).await?)
}

/// The terminal of an event as an asciicast file.
async fn asciicast(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<EventId>,
) -> Result<Asciicast, Refused> {
    Ok(Asciicast(state.hub.asciicast(&actor, id).await?))
}

/// Changes status or comment.
async fn edit(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<EventId>,
    Body(edit): Body<EventEdit>,
) -> Answer<Event> {
    json(&state.hub.edit_event(&actor, id, edit).await?)
}

/// Moves events to the archive.
async fn archive(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(chosen): Body<Chosen>,
) -> Answer<Done> {
    take(&state, &actor, &chosen, Fate::Archive).await
}

/// Removes events.
async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(chosen): Body<Chosen>,
) -> Answer<Done> {
    take(&state, &actor, &chosen, Fate::Remove).await
}

/// Events in the archive, by id.
#[derive(Deserialize, JsonSchema)]
struct Archived {
    /// At most 200.
    #[schemars(length(min = 1, max = 200))]
    ids: Vec<EventId>,
}

/// What becomes of events.
#[derive(Deserialize, JsonSchema)]
struct Decision {
    /// At most 200.
    #[schemars(length(min = 1, max = 200))]
    ids: Vec<EventId>,
    /// Their new status.
    status: Status,
}

/// Gives several events one status.
async fn decide(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(decision): Body<Decision>,
) -> Answer<Done> {
    let Decision { ids, status } = decision;
    let count = state.hub.edit_events(&actor, &ids, status).await?;
    json(Done { count })
}

/// Brings archived events back.
async fn restore(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(archived): Body<Archived>,
) -> Answer<Done> {
    let count = state.hub.restore_events(&actor, &archived.ids).await?;
    json(Done { count })
}

async fn take(state: &State, actor: &Actor, chosen: &Chosen, fate: Fate) -> Answer<Done> {
    let count = state
        .hub
        .take_events(actor, &chosen.ids, chosen.archived, fate)
        .await?;
    json(Done { count })
}
