//! What handlers of the API take and give: who asks, a body, an answer, a refusal.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use skep_hub::{Actor, HubError};
use skep_model::Refusal;

use crate::routes::problem;

/// The answer, or a refusal as `application/problem+json`.
pub(crate) type Answer = Result<Response, Refused>;

/// A refusal.
pub(crate) struct Refused(Box<Response>);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<HubError> for Refused {
    fn from(error: HubError) -> Self {
        error.refusal().into()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(Box::new(problem::response(&refusal)))
    }
}

impl Refused {
    /// The request itself is wrong.
    pub(crate) fn bad_request(why: &str) -> Self {
        Self(Box::new(problem::plain(
            StatusCode::BAD_REQUEST,
            "bad-request",
            why,
        )))
    }
}

/// Answers with JSON.
#[expect(clippy::unnecessary_wraps, reason = "the end of every handler")]
pub(crate) fn json(value: impl Serialize) -> Answer {
    Ok(Json(value).into_response())
}

/// Answers that something was made.
#[expect(clippy::unnecessary_wraps, reason = "the end of every handler")]
pub(crate) fn created(value: impl Serialize) -> Answer {
    Ok((StatusCode::CREATED, Json(value)).into_response())
}

/// Answers that it is done.
#[expect(clippy::unnecessary_wraps, reason = "the end of every handler")]
pub(crate) fn done() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whose token it is.
pub(crate) struct Caller(pub(crate) Actor);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let actor = parts.extensions.get::<Option<Actor>>().cloned().flatten();
        actor.map(Self).ok_or_else(|| Refusal::NotLoggedIn.into())
    }
}

/// The id in the path. What is no id is nothing that could be found.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let id = text.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Refusal::NotFound.into())
    }
}

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Refused(Box::new(problem::plain(
                rejection.status(),
                "bad-request",
                &rejection.body_text(),
            )))),
        }
    }
}

/// Parameters after the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| Refused::bad_request(&rejection.body_text()))
    }
}
