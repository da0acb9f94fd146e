//! Parts of archives that the console sends. The answers are those of server functions; only that the body is taken
//! piece by piece, and that what came of it before a connection broke is kept.

use std::time::Duration;

use axum::{
    Extension, Json,
    body::{Body, BodyDataStream},
    extract::{Query, State as Shared, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde::Deserialize;
use skep_app::failure::Failure;
use skep_hub::Actor;
use skep_model::{Refusal, ids::ArchiveId};
use tokio::time::timeout;

use crate::router::State;

/// The longest part that the console sends, in bytes.
const PART: usize = 8 * 1024 * 1024;
/// How long the rest of one that is refused may take.
const DRAIN: Duration = Duration::from_secs(10);

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
    let mut content = body.into_data_stream();
    let appended = state
        .hub
        .append_upload(&actor, part.id, part.offset, &mut content)
        .await;
    match appended {
        Ok(view) => Json(view).into_response(),
        Err(error) => {
            let _ = timeout(DRAIN, drain(content)).await;
            refuse(error.refusal())
        }
    }
}

/// Reads on to the end of a part: a connection that is closed while something is still coming takes the answer with it.
async fn drain(mut content: BodyDataStream) {
    let mut left = PART;
    while let Some(Ok(bytes)) = content.next().await {
        match left.checked_sub(bytes.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

fn refuse(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    (status, Json(Failure::from(refusal))).into_response()
}
