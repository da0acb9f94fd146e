//! What handlers of the API take and give: who asks, a body, an answer, a refusal.

use axum::{
    Json,
    body::BodyDataStream,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use skep_hub::{Actor, HubError};
use skep_model::Refusal;
use skep_protocol::message::Problem;

use super::describe::{Input, Operation, Output};
use crate::routes::problem;

/// JSON, or a refusal.
pub(crate) type Answer<T> = Result<Json<T>, Refused>;

/// Answers with JSON.
#[expect(clippy::unnecessary_wraps, reason = "the end of every handler")]
pub(crate) fn json<T>(value: impl Into<T>) -> Answer<T> {
    Ok(Json(value.into()))
}

/// Something was made: `201` with JSON.
pub(crate) struct Created<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

/// It is done, and there is nothing to say: `204`.
pub(crate) struct Nothing;

impl IntoResponse for Nothing {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// A terminal session as an asciicast file.
pub(crate) struct Asciicast(pub(crate) String);

/// The type of its content.
const ASCIICAST: &str = "application/x-asciicast";

impl IntoResponse for Asciicast {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, ASCIICAST)], self.0).into_response()
    }
}

/// A refusal, as `application/problem+json`.
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
    fn bad_request(why: &str) -> Self {
        let response = problem::plain(StatusCode::BAD_REQUEST, "bad-request", why);
        Self(Box::new(response))
    }
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

/// A file as the body, piece by piece.
pub(crate) struct File(pub(crate) BodyDataStream);

impl<S: Sync> FromRequest<S> for File {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        Ok(Self(request.into_body().into_data_stream()))
    }
}

/// Two ids in the path, as [`Id`].
pub(crate) struct Ids<T, U>(pub(crate) T, pub(crate) U);

impl<T: std::str::FromStr, U: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Ids<T, U> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await;
        let ids = texts.ok().and_then(|Path((first, second))| {
            Some(Self(first.parse().ok()?, second.parse().ok()?))
        });
        ids.ok_or_else(|| Refusal::NotFound.into())
    }
}

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        // An object and nothing else: serde would take a list for one.
        let body = Json::<Map<String, Value>>::from_request(request, state).await;
        let Json(mut fields) = body.map_err(|rejection| {
            let why = rejection.body_text();
            let problem = problem::plain(rejection.status(), "bad-request", &why);
            Refused(Box::new(problem))
        })?;
        fields.values_mut().for_each(whole);
        serde_path_to_error::deserialize(Value::Object(fields))
            .map(Self)
            .map_err(|error| Refused::bad_request(&error.to_string()))
    }
}

/// A number such as `30.0` is a whole one to JSON Schema, and some languages write it so.
fn whole(value: &mut Value) {
    match value {
        Value::Array(values) => return values.iter_mut().for_each(whole),
        Value::Object(fields) => return fields.values_mut().for_each(whole),
        _ => {}
    }
    let number = value.as_f64().filter(|_| value.is_f64());
    if let Some(number) = number.filter(|n| n.fract() == 0.0 && n.abs() < 1e15) {
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        let integer = number as i64;
        *value = integer.into();
    }
}

/// Parameters after the question mark. One that is a list may be given several times.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        parameters(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(|error| Refused::bad_request(&error))
    }
}

/// For a parameter that may be left out, but when it is given, then with a value.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads parameters, or says which one is wrong and what it should be.
pub(super) fn parameters<T: DeserializeOwned>(query: &str) -> Result<T, String> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_html_form::Deserializer::new(pairs))
        .map_err(|error| error.to_string())
}

impl Input for Caller {}

impl<T: JsonSchema> Input for Id<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.path_parameter::<T>();
    }
}

impl<T: JsonSchema, U: JsonSchema> Input for Ids<T, U> {
    fn describe(operation: &mut Operation<'_>) {
        operation.path_parameter::<T>();
        operation.path_parameter::<U>();
    }
}

impl Input for File {
    fn describe(operation: &mut Operation<'_>) {
        operation.file();
    }
}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.query_parameters::<T>();
    }
}

impl<T: JsonSchema> Input for Body<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.json_body::<T>();
    }
}

impl<T: JsonSchema> Output for Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        let schema = operation.schema::<T>();
        operation.response("200", "As asked for.", Some(("application/json", schema)));
    }
}

impl<T: JsonSchema> Output for Created<T> {
    fn describe(operation: &mut Operation<'_>) {
        let schema = operation.schema::<T>();
        operation.response("201", "Made.", Some(("application/json", schema)));
    }
}

impl Output for Nothing {
    fn describe(operation: &mut Operation<'_>) {
        operation.response("204", "Done.", None);
    }
}

impl Output for Asciicast {
    fn describe(operation: &mut Operation<'_>) {
        let schema = json!({ "type": "string" });
        operation.response("200", "An asciicast, version 2.", Some((ASCIICAST, schema)));
    }
}

impl<T: Output> Output for Result<T, Refused> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
        let schema = operation.schema::<Problem>();
        operation.response(
            "default",
            "Refused; the title says why (RFC 9457).",
            Some(("application/problem+json", schema)),
        );
    }
}
