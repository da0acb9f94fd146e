//! `/api/v1/groups`: groups of users and sensors.

use axum::extract::State as Shared;
use serde::Deserialize;
use skep_model::{ids::GroupId, user::Fate};

use super::{
    asking::{Answer, Body, Caller, Id, Query, created, done, json},
    shapes::Page,
};
use crate::router::State;

/// A group's name.
#[derive(Deserialize)]
pub(crate) struct Draft {
    name: String,
}

/// What becomes of the events of something that is removed.
#[derive(Deserialize)]
pub(crate) struct Removal {
    pub(crate) events: Fate,
}

/// All groups, by name.
pub(crate) async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer {
    json(Page::whole(state.hub.group_views(&actor).await?))
}

/// Makes a group.
pub(crate) async fn create(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(draft): Body<Draft>,
) -> Answer {
    created(state.hub.create_group(&actor, &draft.name).await?)
}

/// Gives a group another name.
pub(crate) async fn rename(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<GroupId>,
    Body(draft): Body<Draft>,
) -> Answer {
    json(state.hub.rename_group(&actor, id, &draft.name).await?)
}

/// Removes a group with its sensors.
pub(crate) async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<GroupId>,
    Query(removal): Query<Removal>,
) -> Answer {
    state.hub.remove_group(&actor, id, removal.events).await?;
    done()
}
