//! Whether the server is ready.

use axum::{extract::State as Shared, http::StatusCode};

use crate::router::State;

/// 200 when the database answers, 503 when it does not.
pub(crate) async fn healthz(Shared(state): Shared<State>) -> (StatusCode, &'static str) {
    match state.hub.store().ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n",
            )
        }
    }
}
