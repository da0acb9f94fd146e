//! Refusals as `application/problem+json` (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use skep_model::Refusal;
use skep_protocol::message::Problem;

/// A refusal for programs.
pub(crate) fn response(refusal: &Refusal) -> Response {
    let kind = match refusal {
        Refusal::NotLoggedIn => "not-authenticated",
        Refusal::Forbidden => "forbidden",
        Refusal::NotFound => "not-found",
        Refusal::Wait { .. } | Refusal::Busy => "too-busy",
        Refusal::Invalid { .. } | Refusal::Upload { .. } => "bad-request",
        Refusal::TooLarge { .. } => "too-large",
        Refusal::SensorOffline => "sensor-offline",
        Refusal::SensorSilent => "sensor-silent",
        Refusal::SensorFailed { .. } => "sensor-failed",
        Refusal::Internal { .. } => "internal",
    };
    let mut response = plain(status(refusal), kind, &refusal.to_string());
    if let Refusal::Wait { .. } | Refusal::Busy = refusal {
        let seconds = if let Refusal::Wait { seconds } = refusal {
            *seconds
        } else {
            1
        };
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if *refusal == Refusal::NotLoggedIn {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The server has too much to do.
pub(crate) fn too_busy() -> Response {
    response(&Refusal::Busy)
}

/// A refusal of a kind of its own.
pub(crate) fn plain(status: StatusCode, kind: &str, title: &str) -> Response {
    let problem = Problem {
        kind: kind.to_owned(),
        title: title.to_owned(),
        status: status.as_u16(),
        detail: None,
    };
    let body = serde_json::to_string(&problem).unwrap_or_default();
    (
        status,
        [(header::CONTENT_TYPE, "application/problem+json")],
        body,
    )
        .into_response()
}

/// The status of a refusal.
pub(crate) fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
