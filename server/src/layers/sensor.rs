//! Recognising sensors: the whole body is read, bounded, and its signature checked, before a handler sees it.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State as Shared},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use skep_hub::{NotRecognised, SignedRequest};
use skep_model::limits;
use skep_protocol::signature;

use crate::{router::State, routes::problem};

/// Lets a signed request through, with `Extension<SensorId>`.
pub(crate) async fn recognise_sensor(
    Shared(state): Shared<State>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(permit) = state.bodies.clone().try_acquire_owned() else {
        return problem::too_busy();
    };
    let (mut parts, body) = request.into_parts();
    let body = match tokio::time::timeout(
        std::time::Duration::from_mins(1),
        to_bytes(body, limits::BATCH),
    )
    .await
    {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return problem::plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "the batch is too large; send less at once",
            );
        }
        Err(_) => {
            return problem::plain(
                StatusCode::REQUEST_TIMEOUT,
                "bad-request",
                "the body did not come in time",
            );
        }
    };
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let signed = SignedRequest {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        body: &body,
        content_digest: header(signature::CONTENT_DIGEST),
        signature_input: header(signature::SIGNATURE_INPUT),
        signature: header(signature::SIGNATURE),
    };
    let sensor = match state.hub.recognise(signed).await {
        Ok(sensor) => sensor,
        Err(error) => return refuse(&error),
    };
    parts.extensions.insert(sensor);
    // A held poll must not keep others from sending.
    if parts.uri.path().ends_with("/poll") {
        drop(permit);
        return next.run(Request::from_parts(parts, Body::from(body))).await;
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    drop(permit);
    response
}

fn refuse(error: &NotRecognised) -> Response {
    let kind = match error {
        NotRecognised::Unknown => "unknown-sensor",
        NotRecognised::Revoked => "revoked",
        NotRecognised::Clock => "clock",
        NotRecognised::Replayed => "replay",
        NotRecognised::Signature => "signature",
        NotRecognised::Failed(error) => return problem::response(&error.refusal()),
    };
    let status = if kind == "revoked" {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::UNAUTHORIZED
    };
    problem::plain(status, kind, &error.to_string())
}
