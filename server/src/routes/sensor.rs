//! Native sensors: enrolment, held poll, events.

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Path, State as Shared},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use skep_hub::Client;
use skep_model::{Refusal, ids::SensorId};
use skep_protocol::message::{EnrolRequest, LogReport, PollRequest};

use crate::{router::State, routes::problem};

fn bad_request() -> Response {
    problem::plain(
        StatusCode::BAD_REQUEST,
        "bad-request",
        "the request cannot be read; is the sensor of another version?",
    )
}

/// Takes a one-time token.
pub(crate) async fn enrol(
    Shared(state): Shared<State>,
    Extension(client): Extension<Client>,
    body: Bytes,
) -> Response {
    let Ok(request) = serde_json::from_slice::<EnrolRequest>(&body) else {
        return bad_request();
    };
    match state.hub.enrol(&request, &client).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => match error.refusal() {
            Refusal::NotFound => problem::plain(
                StatusCode::UNAUTHORIZED,
                "token",
                "this token was used, has expired, or was replaced; make a new one on the console's Sensors page",
            ),
            refusal => problem::response(&refusal),
        },
    }
}

/// Answers when there is something new for the sensor.
pub(crate) async fn poll(
    Shared(state): Shared<State>,
    Extension(client): Extension<Client>,
    Extension(sensor): Extension<SensorId>,
    body: Bytes,
) -> Response {
    let Ok(request) = serde_json::from_slice::<PollRequest>(&body) else {
        return bad_request();
    };
    match state.hub.poll(sensor, request, &client).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => problem::response(&error.refusal()),
    }
}

/// Stores a batch of events, and answers when it is on disk.
pub(crate) async fn events(
    Shared(state): Shared<State>,
    Extension(sensor): Extension<SensorId>,
    body: Bytes,
) -> Response {
    match state.hub.ingest(sensor, &body).await {
        Ok(accepted) => Json(accepted).into_response(),
        Err(error) => match error.refusal() {
            Refusal::Invalid { .. } => bad_request(),
            refusal => problem::response(&refusal),
        },
    }
}

/// Takes what the container of an instance printed last, for whoever waits for it.
pub(crate) async fn log(
    Shared(state): Shared<State>,
    Extension(sensor): Extension<SensorId>,
    body: Bytes,
) -> Response {
    let Ok(report) = serde_json::from_slice::<LogReport>(&body) else {
        return bad_request();
    };
    state.hub.take_log(sensor, report);
    Json(()).into_response()
}

/// Gives a blob of an image that the sensor shall run.
pub(crate) async fn blob(
    Shared(state): Shared<State>,
    Extension(sensor): Extension<SensorId>,
    Path(digest): Path<String>,
) -> Response {
    match state.hub.sensor_blob(sensor, &digest).await {
        Ok((length, content)) => (
            [
                (header::CONTENT_LENGTH, length.to_string()),
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            ],
            Body::from_stream(content),
        )
            .into_response(),
        Err(error) => problem::response(&error.refusal()),
    }
}
