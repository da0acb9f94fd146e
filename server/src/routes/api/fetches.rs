//! `/api/v1/fetches`: images that are fetched from other registries.

use axum::{extract::State as Shared, http::Method};
use skep_model::{
    ids::FetchId,
    service::{FetchForm, FetchView},
};

use super::{
    asking::{Answer, Body, Caller, Created, Id, Nothing, Refused, json},
    describe::Described,
    shapes::Page,
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/fetches",
        "Images that are being fetched from other registries, and the last that were",
        list,
    )
    .at(
        Method::POST,
        "/api/v1/fetches",
        "Fetch an image from another registry; it becomes a revision of a service when it is there",
        begin,
    )
    .at(
        Method::GET,
        "/api/v1/fetches/{id}",
        "How far a fetch is",
        get,
    )
    .at(
        Method::DELETE,
        "/api/v1/fetches/{id}",
        "End a fetch, or forget one that has ended",
        end,
    )
}

/// The fetches, newest first.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<FetchView>> {
    json(Page::whole(state.hub.fetches(&actor)?))
}

/// Begins one.
async fn begin(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(form): Body<FetchForm>,
) -> Result<Created<FetchView>, Refused> {
    Ok(Created(state.hub.fetch_service(&actor, form).await?))
}

/// One of them.
async fn get(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<FetchId>,
) -> Answer<FetchView> {
    json(state.hub.fetch_view(&actor, id)?)
}

/// Ends one.
async fn end(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<FetchId>,
) -> Result<Nothing, Refused> {
    state.hub.end_fetch(&actor, id)?;
    Ok(Nothing)
}
