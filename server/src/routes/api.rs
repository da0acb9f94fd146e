//! The REST API, `/api/v1`: for programs, with a token.

mod asking;
mod audit;
mod describe;
mod events;
mod fetches;
mod groups;
mod quarantine;
mod query;
mod reference;
mod sensors;
mod services;
mod shapes;
mod system;
mod tokens;
mod uploads;
mod users;

use axum::Router;
use serde_json::Value;
use skep_model::api::ApiOperation;

use crate::router::State;
use describe::Described;

/// What the description begins with.
const ABOUT: &str = "What the console of Skep does, for programs. Every request carries a token, \
    `Authorization: Bearer …`; a token has a role, reaches some areas, and sees some groups. Refusals are \
    `application/problem+json`. Times are RFC 3339 in UTC. What an attacker typed is given twice: `text` to be read, \
    with escapes in place of what is not harmless, and `base64` exactly.";

/// The routes of the API, and what describes them.
pub(crate) struct Api {
    pub(crate) routes: Router<State>,
    /// The OpenAPI document.
    pub(crate) document: Value,
    /// The same for the console's page.
    pub(crate) operations: Vec<ApiOperation>,
}

/// The whole API.
pub(crate) fn api() -> Api {
    let areas = [
        events::routes,
        sensors::routes,
        services::routes,
        fetches::routes,
        uploads::routes,
        users::routes,
        groups::routes,
        tokens::routes,
        audit::routes,
        quarantine::routes,
        system::routes,
    ];
    let (routes, document) = areas
        .into_iter()
        .fold(Described::new(), |api, area| area(api))
        .finish(ABOUT);
    Api {
        routes,
        operations: reference::operations(&document),
        document,
    }
}
