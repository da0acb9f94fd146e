//! The live stream: server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream;
use skep_hub::{Actor, Client};

use crate::{router::State, routes::problem};

/// How often a stream looks whether its session is still there.
const SESSION_CHECK: Duration = Duration::from_mins(1);

/// Streams what changes to a browser, until its session ends or the server stops.
pub(crate) async fn stream(
    Shared(state): Shared<State>,
    Extension(actor): Extension<Option<Actor>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    let Some(actor) = actor else {
        return problem::response(&skep_model::Refusal::NotLoggedIn);
    };
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let subscription = state.hub.subscribe(actor, text("last-event-id"));
    let cookies = text(header::COOKIE.as_str()).unwrap_or_default().to_owned();
    let events = stream::unfold((subscription, state), move |(mut subscription, state)| {
        let (cookies, client) = (cookies.clone(), client.clone());
        async move {
            let mut stopping = state.stopping.clone();
            loop {
                let next = tokio::select! {
                    next = tokio::time::timeout(SESSION_CHECK, subscription.next()) => next,
                    _ = stopping.wait_for(|stopping| *stopping) => return None,
                };
                match next {
                    Ok(Some((id, json))) => {
                        let event = Ok::<_, Infallible>(Event::default().id(id).data(json));
                        return Some((event, (subscription, state)));
                    }
                    Ok(None) => return None,
                    // Quiet for a while. Looking does not prolong the session.
                    Err(_) => match state.hub.actor(&cookies, &client, false).await {
                        Ok(Some(_)) => {}
                        _ => return None,
                    },
                }
            }
        }
    });
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    // A proxy that buffers would make live late.
    ([("x-accel-buffering", "no")], stream).into_response()
}
