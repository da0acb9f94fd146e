//! Archives that the console sends. The answers are those of server functions; only that the body is taken piece by
//! piece, and that the browser can tell how much of it is gone.

use axum::{
    Extension, Json,
    body::Body,
    extract::{RawQuery, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use skep_app::failure::Failure;
use skep_hub::Actor;
use skep_model::{Complaint, Refusal, service::ArchiveForm};

use crate::router::State;

/// Adds an image of a service.
pub(crate) async fn service(
    Shared(state): Shared<State>,
    Extension(actor): Extension<Option<Actor>>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Response {
    let Some(actor) = actor else {
        return refuse(Refusal::NotLoggedIn);
    };
    let Ok(form) = serde_html_form::from_str::<ArchiveForm>(&query.unwrap_or_default()) else {
        return refuse(Refusal::invalid("archive", Complaint::Wrong));
    };
    let content = body.into_data_stream();
    match state.hub.upload_service(&actor, form, content).await {
        Ok(service) => (StatusCode::CREATED, Json(service)).into_response(),
        Err(error) => refuse(error.refusal()),
    }
}

fn refuse(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    (status, Json(Failure::from(refusal))).into_response()
}
