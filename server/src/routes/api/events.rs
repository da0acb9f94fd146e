//! `GET /api/v1/events` and `GET /api/v1/events/{id}`.

use axum::{
    Extension, Json,
    extract::{Path, Query, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use skep_hub::Actor;
use skep_model::Refusal;

use super::{query, shapes};
use crate::{router::State, routes::problem};

/// Events, newest first, by key.
pub(crate) async fn list(
    Shared(state): Shared<State>,
    Extension(actor): Extension<Option<Actor>>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let Some(actor) = actor else {
        return problem::response(&Refusal::NotLoggedIn);
    };
    let list = match query::parse(&pairs) {
        Ok(list) => list,
        Err(error) => return problem::plain(StatusCode::BAD_REQUEST, "bad-request", &error),
    };
    match state
        .hub
        .events(&actor, &list.query, list.cursor, list.limit)
        .await
    {
        Ok(page) => Json(shapes::Page {
            items: page.events.iter().map(shapes::event).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        })
        .into_response(),
        Err(error) => problem::response(&error.refusal()),
    }
}

/// One event with everything in it.
pub(crate) async fn one(
    Shared(state): Shared<State>,
    Extension(actor): Extension<Option<Actor>>,
    Path(id): Path<String>,
) -> Response {
    let Some(actor) = actor else {
        return problem::response(&Refusal::NotLoggedIn);
    };
    let Ok(id) = id.parse() else {
        return problem::response(&Refusal::NotFound);
    };
    match state.hub.event(&actor, id).await {
        Ok(detail) => Json(shapes::whole_event(&detail)).into_response(),
        Err(error) => problem::response(&error.refusal()),
    }
}
