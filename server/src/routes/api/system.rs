//! `/api/v1/settings`, `/api/v1/about`, `/api/v1/certificates`.

use axum::{extract::State as Shared, http::Method};
use skep_model::system::Settings;

use super::{
    asking::{Answer, Body, Caller, json},
    describe::Described,
    shapes::About,
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/settings",
        "The settings of the whole server",
        settings,
    )
    .at(
        Method::PUT,
        "/api/v1/settings",
        "Change the settings",
        edit_settings,
    )
    .at(
        Method::GET,
        "/api/v1/about",
        "What the server says of itself",
        about,
    )
    .at(
        Method::POST,
        "/api/v1/certificates/renew",
        "Make new certificates of the authority and the server",
        renew_certificates,
    )
}

/// The settings of the whole server.
async fn settings(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Settings> {
    json(state.hub.shown_settings(&actor)?)
}

/// Changes the settings.
async fn edit_settings(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(new): Body<Settings>,
) -> Answer<Settings> {
    json(state.hub.edit_settings(&actor, new).await?)
}

/// Makes new certificates of the authority and the server.
async fn renew_certificates(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<About> {
    json(state.hub.renew_certificates(&actor).await?)
}

/// What the server says of itself.
async fn about(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<About> {
    json(state.hub.about(&actor)?)
}
