//! The layer in front of all routes: who asks, and may they. What is not in the app's access table does not exist.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, Request, State as Shared},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use skep_app::{
    access::{Who, before_change, methods, who},
    failure::Failure,
};
use skep_hub::{Actor, Client};
use skep_model::Refusal;

use super::{Secure, origin};
use crate::{router::State, routes::problem};

/// Lets a request through, with `Extension<Client>` and `Extension<Option<Actor>>`, or refuses it.
pub(crate) async fn guard(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let client = client(&parts);
    let path = parts.uri.path().to_owned();
    let asked = parts
        .uri
        .path_and_query()
        .map_or(path.clone(), ToString::to_string);
    let Some(who) = who(parts.method.as_str(), &path) else {
        return unknown(&path);
    };
    if path == "/" && parts.method == Method::HEAD {
        return StatusCode::OK.into_response();
    }
    let page = !path.starts_with("/fn/") && parts.method == Method::GET;
    if path.starts_with("/fn/") && !origin::is_ours(&parts.headers) {
        return refuse(&path, Refusal::Forbidden);
    }
    let pass: Result<Option<Actor>, Response> = match who {
        Who::Sensor => Ok(None),
        Who::Anyone if path != "/login" => Ok(None),
        Who::Token(role, area) => match token(&state, &parts.headers, &client).await {
            Ok(actor) => actor
                .require(role)
                .and_then(|()| actor.require_area(area))
                .map(|()| Some(actor))
                .map_err(|refusal| refuse(&path, refusal)),
            Err(refusal) => Err(refuse(&path, refusal)),
        },
        Who::Anyone | Who::BeforeSetUp | Who::LoggedIn(_) => {
            person(&state, &parts.headers, &client, &path, who, page, &asked).await
        }
    };
    match pass {
        Ok(actor) => {
            parts.extensions.insert(client);
            parts.extensions.insert(actor);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal,
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
) -> Result<Option<Actor>, Response> {
    let failed = |error: skep_hub::HubError| refuse(path, error.refusal());
    let needs_set_up = state.hub.needs_set_up().await.map_err(failed)?;
    match who {
        Who::BeforeSetUp if needs_set_up && !is_here(client) => {
            return Err((StatusCode::FORBIDDEN, SET_UP_ELSEWHERE).into_response());
        }
        Who::BeforeSetUp if needs_set_up => return Ok(None),
        Who::BeforeSetUp if page => return Err(Redirect::to("/").into_response()),
        Who::BeforeSetUp => return Err(refuse(path, Refusal::Forbidden)),
        _ if needs_set_up && page => return Err(Redirect::to("/setup").into_response()),
        _ => {}
    }
    let cookies = header_text(headers, &header::COOKIE);
    let actor = state
        .hub
        .actor(cookies, client, path != "/live")
        .await
        .map_err(failed)?;
    match (who, actor) {
        (Who::LoggedIn(_), Some(actor)) if actor.must_change() && !before_change(path) => {
            Err(if page && path != "/live" {
                Redirect::to("/password").into_response()
            } else {
                refuse(path, Refusal::Forbidden)
            })
        }
        (Who::LoggedIn(role), Some(actor)) => actor
            .require(role)
            .map(|()| Some(actor))
            .map_err(|refusal| refuse(path, refusal)),
        (Who::LoggedIn(_), None) if page && path != "/live" => {
            Err(Redirect::to(&login_for(asked)).into_response())
        }
        (Who::LoggedIn(_), None) => Err(refuse(path, Refusal::NotLoggedIn)),
        (_, Some(_)) if path == "/login" => Err(Redirect::to("/").into_response()),
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
