//! `/api/v1/settings` and `/api/v1/about`.

use axum::extract::State as Shared;
use skep_model::system::Settings;

use super::asking::{Answer, Body, Caller, json};
use crate::router::State;

/// The settings of the whole server.
pub(crate) async fn settings(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer {
    json(state.hub.shown_settings(&actor)?)
}

/// Changes the settings.
pub(crate) async fn edit_settings(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(new): Body<Settings>,
) -> Answer {
    json(state.hub.edit_settings(&actor, new).await?)
}

/// What the server says of itself.
pub(crate) async fn about(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer {
    json(state.hub.about(&actor)?)
}
