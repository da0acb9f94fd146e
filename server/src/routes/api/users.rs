//! `/api/v1/users`: who may use the console.

use axum::extract::State as Shared;
use skep_model::{ids::UserId, user::UserDraft};

use super::{
    asking::{Answer, Body, Caller, Id, created, done, json},
    shapes::Page,
};
use crate::router::State;

/// All users, by name.
pub(crate) async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer {
    json(Page::whole(state.hub.users(&actor).await?))
}

/// A user.
pub(crate) async fn one(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
) -> Answer {
    json(state.hub.user(&actor, id).await?)
}

/// Makes a user.
pub(crate) async fn create(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(draft): Body<UserDraft>,
) -> Answer {
    created(state.hub.create_user(&actor, draft).await?)
}

/// Changes a user to be as given.
pub(crate) async fn update(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
    Body(draft): Body<UserDraft>,
) -> Answer {
    json(state.hub.update_user(&actor, id, draft).await?)
}

/// Removes a user.
pub(crate) async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
) -> Answer {
    state.hub.remove_user(&actor, id).await?;
    done()
}
