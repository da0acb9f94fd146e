//! Parts of archives that the console sends. The answers are those of server functions; only that the body is taken
//! piece by piece, and that what came of it before a connection broke is kept.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Query, State as Shared, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use skep_app::failure::Failure;
use skep_hub::Actor;
use skep_model::{Refusal, ids::ArchiveId};

use crate::router::State;

/// Where a part belongs.
#[derive(Deserialize)]
pub(crate) struct Part {
    id: ArchiveId,
    /// How many bytes come before it.
    offset: u64,
}

/// Appends a part.
pub(crate) async fn part(
    Shared(state): Shared<State>,
    Extension(actor): Extension<Option<Actor>>,
    part: Result<Query<Part>, QueryRejection>,
    body: Body,
) -> Response {
    let Some(actor) = actor else {
        return refuse(Refusal::NotLoggedIn);
    };
    let Ok(Query(part)) = part else {
        return refuse(Refusal::NotFound);
    };
    let content = body.into_data_stream();
    let hub = &state.hub;
    match hub
        .append_upload(&actor, part.id, part.offset, content)
        .await
    {
        Ok(view) => Json(view).into_response(),
        Err(error) => refuse(error.refusal()),
    }
}

fn refuse(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    (status, Json(Failure::from(refusal))).into_response()
}
