//! `/api/v1/services`, `/api/v1/deployments`: what sensors can run, and what they shall run.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;
use skep_model::service::{Change, Deployed, ServiceView};

use super::{
    asking::{Answer, Body, Caller, json},
    describe::Described,
    shapes::Page,
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/services",
        "The services that sensors can run",
        list,
    )
    .at(
        Method::POST,
        "/api/v1/deployments",
        "Change what sensors run: all of it, or nothing",
        deploy,
    )
}

/// What is to change.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Deployment {
    /// The changes, at most 10,000. They are taken up in this order.
    #[schemars(length(min = 1, max = 10_000))]
    changes: Vec<Change>,
}

/// The services, by name.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<ServiceView>> {
    json(Page::whole(state.hub.service_views(&actor)?))
}

/// Changes what sensors run.
async fn deploy(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(wanted): Body<Deployment>,
) -> Answer<Deployed> {
    json(state.hub.deploy(&actor, &wanted.changes).await?)
}
