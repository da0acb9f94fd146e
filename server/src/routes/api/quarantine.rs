//! `/api/v1/quarantine`: parts of events that were rejected.

use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::json as object;

use super::{
    asking::{Answer, Caller, Id, Query, done, json},
    shapes::{self, Page},
};
use crate::router::State;

/// Where a page begins.
#[derive(Deserialize)]
pub(crate) struct Place {
    before: Option<i64>,
}

/// Rejected parts, newest first, by key.
pub(crate) async fn list(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Query(place): Query<Place>,
) -> Answer {
    let parts = state.hub.quarantine(&actor, place.before).await?;
    let next = parts.last().map(|part| part.id.to_string());
    let items: Vec<_> = parts.iter().map(shapes::quarantined).collect();
    json(Page { items, next })
}

/// Tries to take a part again, and says what is wrong with it still.
pub(crate) async fn retry(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<i64>,
) -> Answer {
    let reason = state.hub.retry_quarantined(&actor, id).await?;
    json(object!({ "taken": reason.is_none(), "reason": reason }))
}

/// Throws a part away.
pub(crate) async fn discard(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<i64>,
) -> Answer {
    state.hub.discard_quarantined(&actor, id).await?;
    done()
}
