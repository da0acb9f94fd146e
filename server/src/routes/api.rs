//! The REST API, `/api/v1`: for programs, with a token.

mod asking;
pub(crate) mod audit;
pub(crate) mod events;
pub(crate) mod groups;
pub(crate) mod quarantine;
mod query;
pub(crate) mod sensors;
mod shapes;
pub(crate) mod system;
pub(crate) mod tokens;
pub(crate) mod users;

use axum::{
    Router,
    routing::{delete, get, post},
};

use crate::router::State;

/// All routes of the API.
pub(crate) fn routes() -> Router<State> {
    Router::new()
        .route("/api/v1/events", get(events::list))
        .route("/api/v1/events/archive", post(events::archive))
        .route("/api/v1/events/remove", post(events::remove))
        .route("/api/v1/events/{id}", get(events::one).patch(events::edit))
        .route("/api/v1/events/{id}/asciicast", get(events::asciicast))
        .route("/api/v1/sensors", get(sensors::list).post(sensors::add))
        .route(
            "/api/v1/sensors/{id}",
            get(sensors::one)
                .patch(sensors::edit)
                .delete(sensors::remove),
        )
        .route("/api/v1/sensors/{id}/history", get(sensors::history))
        .route("/api/v1/sensors/{id}/enrol", post(sensors::enrol_again))
        .route("/api/v1/sensors/{id}/revoke", post(sensors::revoke))
        .route("/api/v1/sensors/{id}/poll", post(sensors::poll))
        .route("/api/v1/users", get(users::list).post(users::create))
        .route(
            "/api/v1/users/{id}",
            get(users::one).put(users::update).delete(users::remove),
        )
        .route("/api/v1/groups", get(groups::list).post(groups::create))
        .route(
            "/api/v1/groups/{id}",
            axum::routing::put(groups::rename).delete(groups::remove),
        )
        .route("/api/v1/tokens", get(tokens::list).post(tokens::create))
        .route("/api/v1/tokens/{id}", delete(tokens::revoke))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/quarantine", get(quarantine::list))
        .route("/api/v1/quarantine/{id}", delete(quarantine::discard))
        .route("/api/v1/quarantine/{id}/retry", post(quarantine::retry))
        .route(
            "/api/v1/settings",
            get(system::settings).put(system::edit_settings),
        )
        .route("/api/v1/about", get(system::about))
}
