//! A handler that panics costs its own request alone, and says nothing of why.

use axum::{
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;

/// Answers 500 where a handler panicked. The panic itself is in the log.
pub(crate) async fn recover(request: Request, next: Next) -> Response {
    match std::panic::AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
    {
        Ok(response) => response,
        Err(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something failed on the server. Its log says more.",
        )
            .into_response(),
    }
}
