//! Answers that a program has already are not sent again (RFC 9110, conditional requests).

use std::hash::{DefaultHasher, Hasher};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Gives what `GET` answers an `ETag`, and answers `304` when `If-None-Match` names it.
///
/// Weak, since the same answer may be compressed in several ways.
pub(crate) async fn etag(request: Request, next: Next) -> Response {
    let asked = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if !asked || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The whole body is in memory already: no answer of the API is a stream.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut hasher = DefaultHasher::new();
    hasher.write(&body);
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    let same = known.is_some_and(|known| matches(&known, &tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    parts.headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if same {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

fn matches(known: &HeaderValue, tag: &str) -> bool {
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.to_str().is_ok_and(|known| {
        known.split(',').any(|one| weak(one) == weak(tag)) || known.trim() == "*"
    })
}
