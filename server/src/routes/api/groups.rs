//! `/api/v1/groups`: groups of users and sensors.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;
use skep_model::{
    ids::GroupId,
    user::{Fate, GroupView},
};

use super::{
    asking::{Answer, Body, Caller, Created, Id, Nothing, Query, Refused, json},
    describe::Described,
    shapes::Page,
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(Method::GET, "/api/v1/groups", "Groups, by name", list)
        .at(Method::POST, "/api/v1/groups", "Make a group", create)
        .at(
            Method::PUT,
            "/api/v1/groups/{id}",
            "Give a group another name",
            rename,
        )
        .at(
            Method::DELETE,
            "/api/v1/groups/{id}",
            "Remove a group with its sensors",
            remove,
        )
}

/// A group to be made, or how one shall be.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "GroupDraft")]
pub(crate) struct Draft {
    /// The name.
    #[schemars(length(min = 1, max = 64))]
    name: String,
}

/// What becomes of the events of something that is removed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removal {
    /// What becomes of its events.
    pub(crate) events: Fate,
}

/// All groups, by name.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<GroupView>> {
    json(Page::whole(state.hub.group_views(&actor).await?))
}

/// Makes a group.
async fn create(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(draft): Body<Draft>,
) -> Result<Created<GroupView>, Refused> {
    Ok(Created(state.hub.create_group(&actor, &draft.name).await?))
}

/// Gives a group another name.
async fn rename(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<GroupId>,
    Body(draft): Body<Draft>,
) -> Answer<GroupView> {
    json(state.hub.rename_group(&actor, id, &draft.name).await?)
}

/// Removes a group with its sensors.
async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<GroupId>,
    Query(removal): Query<Removal>,
) -> Result<Nothing, Refused> {
    state.hub.remove_group(&actor, id, removal.events).await?;
    Ok(Nothing)
}
