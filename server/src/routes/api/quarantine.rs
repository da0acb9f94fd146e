//! `/api/v1/quarantine`: parts of events that were rejected.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    asking::{Answer, Caller, Id, Nothing, Query, Refused, given, json},
    describe::Described,
    shapes::{Page, Quarantined, Retried},
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/quarantine",
        "Rejected parts of events, newest first",
        list,
    )
    .at(
        Method::DELETE,
        "/api/v1/quarantine/{id}",
        "Throw a rejected part away",
        discard,
    )
    .at(
        Method::POST,
        "/api/v1/quarantine/{id}/retry",
        "Try to take a rejected part again",
        retry,
    )
}

/// Where a page begins.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Place {
    /// Older than this one, as the page before said in `next`.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "i64")]
    before: Option<i64>,
}

/// Rejected parts, newest first, by key.
async fn list(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Query(place): Query<Place>,
) -> Answer<Page<Quarantined>> {
    let parts = state.hub.quarantine(&actor, place.before).await?;
    let next = parts.last().map(|part| part.id.to_string());
    json(Page::new(&parts, next))
}

/// Tries to take a part again, and says what is wrong with it still.
async fn retry(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<i64>,
) -> Answer<Retried> {
    json(state.hub.retry_quarantined(&actor, id).await?)
}

/// Throws a part away.
async fn discard(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<i64>,
) -> Result<Nothing, Refused> {
    state.hub.discard_quarantined(&actor, id).await?;
    Ok(Nothing)
}
