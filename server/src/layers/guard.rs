//! The layer in front of all routes: who asks, and may they. What is not in the app's access table does not exist.

use std::net::SocketAddr;

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, Request, State as Shared},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http_body_util::Limited;
use skep_app::{
    Notice,
    access::{Who, before_change, methods, streams, who},
    failure::Failure,
};
use skep_hub::{Actor, Client, HubError};
use skep_model::Refusal;

use super::{Secure, origin};
use crate::{document, router::State, routes::problem};

/// The longest body of somebody who is logged in or has a token, in bytes: the matrix changes many cells at once.
const BODY: usize = 2 * 1024 * 1024;
/// The longest body of anybody else, in bytes.
const STRANGERS_BODY: usize = 64 * 1024;

/// Lets a request through, with `Extension<Client>` and `Extension<Option<Actor>>`, or refuses it.
pub(crate) async fn guard(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let client = client(&parts);
    let path = parts.uri.path().to_owned();
    let asked = parts
        .uri
        .path_and_query()
        .map_or(path.clone(), ToString::to_string);
    if path == "/" && parts.method == Method::HEAD {
        return StatusCode::OK.into_response();
    }
    let page = !path.starts_with("/fn/") && parts.method == Method::GET;
    let who = who(parts.method.as_str(), &path);
    let pass = match who {
        None => Err(Turned::Away(Refusal::NotFound)),
        _ if path.starts_with("/fn/") && !origin::is_ours(&parts.headers) => {
            Err(Turned::Away(Refusal::Forbidden))
        }
        Some(Who::Sensor | Who::Registry) => Ok(None),
        Some(Who::Anyone) if path != "/login" => Ok(None),
        Some(Who::Token(role, area)) => token(&state, &parts.headers, &client)
            .await
            .and_then(|actor| actor.require(role).map(|()| actor))
            .and_then(|actor| actor.require_area(area).map(|()| Some(actor)))
            .map_err(Turned::Away),
        Some(who @ (Who::Anyone | Who::BeforeSetUp | Who::LoggedIn(_))) => {
            person(&state, &parts.headers, &client, &path, who, page, &asked).await
        }
    };
    let turned = match pass {
        Ok(actor) => {
            let longest = if actor.is_some() {
                BODY
            } else {
                STRANGERS_BODY
            };
            parts.extensions.insert(client);
            parts.extensions.insert(actor);
            let body = if streams(parts.method.as_str(), &path) {
                body
            } else {
                Body::new(Limited::new(body, longest))
            };
            return next.run(Request::from_parts(parts, body)).await;
        }
        Err(turned) => turned,
    };
    let program = path.starts_with("/api/") || path.starts_with("/sensor/");
    let reads =
        page && !program && header_text(&parts.headers, &header::ACCEPT).contains("text/html");
    let (status, notice) = match turned {
        Turned::To(place) => return Redirect::to(&place).into_response(),
        Turned::NotHere if reads => (StatusCode::FORBIDDEN, Notice::SetUpElsewhere),
        Turned::NotHere => return (StatusCode::FORBIDDEN, SET_UP_ELSEWHERE).into_response(),
        Turned::Away(Refusal::NotFound) if reads => (StatusCode::NOT_FOUND, Notice::Missing),
        Turned::Away(Refusal::Forbidden) if reads => (StatusCode::FORBIDDEN, Notice::Forbidden),
        Turned::Away(Refusal::NotFound) => return unknown(&path),
        Turned::Away(refusal) => return refuse(&path, refusal),
    };
    let request = Request::from_parts(parts, Body::empty());
    let document = document::notice(&state, notice, request).await;
    (status, document).into_response()
}

/// Where somebody is sent who may not pass.
enum Turned {
    /// To another page.
    To(String),
    /// Away.
    Away(Refusal),
    /// To the machine that the server runs on.
    NotHere,
}

impl From<HubError> for Turned {
    fn from(error: HubError) -> Self {
        Self::Away(error.refusal())
    }
}

/// Whoever has a session, if the route wants one; or where to go instead.
async fn person(
    state: &State,
    headers: &HeaderMap,
    client: &Client,
    path: &str,
    who: Who,
    page: bool,
    asked: &str,
) -> Result<Option<Actor>, Turned> {
    let to = |place: &str| Err(Turned::To(place.to_owned()));
    let needs_set_up = state.hub.needs_set_up().await?;
    match who {
        Who::BeforeSetUp if needs_set_up && !is_here(client) => return Err(Turned::NotHere),
        Who::BeforeSetUp if needs_set_up => return Ok(None),
        Who::BeforeSetUp if page => return to("/"),
        Who::BeforeSetUp => return Err(Turned::Away(Refusal::Forbidden)),
        _ if needs_set_up && page => return to("/setup"),
        _ => {}
    }
    let cookies = header_text(headers, &header::COOKIE);
    let actor = state.hub.actor(cookies, client, path != "/live").await?;
    match (who, actor) {
        (Who::LoggedIn(_), Some(actor)) if actor.must_change() && !before_change(path) => {
            if page && path != "/live" {
                to("/password")
            } else {
                Err(Turned::Away(Refusal::Forbidden))
            }
        }
        (Who::LoggedIn(role), Some(actor)) => {
            actor.require(role).map_err(Turned::Away)?;
            Ok(Some(actor))
        }
        (Who::LoggedIn(_), None) if page && path != "/live" => to(&login_for(asked)),
        (Who::LoggedIn(_), None) => Err(Turned::Away(Refusal::NotLoggedIn)),
        (_, Some(_)) if path == "/login" => to("/"),
        (_, actor) => Ok(actor),
    }
}

/// What somebody is told who would set the server up from another machine: the first to come would be its admin.
const SET_UP_ELSEWHERE: &str = "Skep is not set up yet. Open its address on the machine that it runs on (an SSH \
    tunnel will do), or start it with SKEP_ADMIN_PASSWORD.\n";

/// Whether a request comes from this machine.
fn is_here(client: &Client) -> bool {
    client
        .address
        .is_some_and(|address| address.ip().is_loopback())
}

/// The login, which then leads on to what was asked for.
fn login_for(asked: &str) -> String {
    if asked == "/" {
        return "/login".to_owned();
    }
    let to: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    format!("/login?to={to}")
}

async fn token(state: &State, headers: &HeaderMap, client: &Client) -> Result<Actor, Refusal> {
    let authorization = header_text(headers, &header::AUTHORIZATION);
    let actor = state
        .hub
        .token_actor(authorization, client)
        .await
        .map_err(|error| error.refusal())?;
    actor.ok_or(Refusal::NotLoggedIn)
}

fn client(parts: &Parts) -> Client {
    let address = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip().into());
    Client {
        address,
        agent: header_text(&parts.headers, &header::USER_AGENT).to_owned(),
        secure: parts
            .extensions
            .get::<Secure>()
            .is_some_and(|Secure(secure)| *secure),
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// There is nothing there, or, for programs, not with this method.
fn unknown(path: &str) -> Response {
    let methods = methods(path).join(", ");
    match HeaderValue::from_str(&methods) {
        Ok(allow) if path.starts_with("/api/") && !methods.is_empty() => {
            let title = format!("this path takes {methods}");
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let refusal = problem::plain(status, "method-not-allowed", &title);
            ([(header::ALLOW, allow)], refusal).into_response()
        }
        _ => refuse(path, Refusal::NotFound),
    }
}

/// A refusal in the form that whoever asks for such a path understands.
fn refuse(path: &str, refusal: Refusal) -> Response {
    if path.starts_with("/api/") || path.starts_with("/sensor/") {
        problem::response(&refusal)
    } else if path.starts_with("/fn/") {
        (problem::status(&refusal), Json(Failure::Refused(refusal))).into_response()
    } else {
        (problem::status(&refusal), format!("{refusal}\n")).into_response()
    }
}
