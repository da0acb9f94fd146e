//! `/api/v1/users`: who may use the console.

use axum::{extract::State as Shared, http::Method};
use skep_model::{ids::UserId, user::UserDraft};

use super::{
    asking::{Answer, Body, Caller, Created, Id, Nothing, Refused, json},
    describe::Described,
    shapes::{Page, User},
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(Method::GET, "/api/v1/users", "Users, by name", list)
        .at(Method::POST, "/api/v1/users", "Make a user", create)
        .at(Method::GET, "/api/v1/users/{id}", "A user", one)
        .at(
            Method::PUT,
            "/api/v1/users/{id}",
            "Change a user to be as given",
            update,
        )
        .at(
            Method::DELETE,
            "/api/v1/users/{id}",
            "Remove a user",
            remove,
        )
}

/// All users, by name.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<User>> {
    json(Page::whole(state.hub.users(&actor).await?))
}

/// A user.
async fn one(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
) -> Answer<User> {
    json(state.hub.user(&actor, id).await?)
}

/// Makes a user.
async fn create(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(draft): Body<UserDraft>,
) -> Result<Created<User>, Refused> {
    let user = state.hub.create_user(&actor, draft).await?;
    Ok(Created(user.into()))
}

/// Changes a user to be as given.
async fn update(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
    Body(draft): Body<UserDraft>,
) -> Answer<User> {
    json(state.hub.update_user(&actor, id, draft).await?)
}

/// Removes a user.
async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<UserId>,
) -> Result<Nothing, Refused> {
    state.hub.remove_user(&actor, id).await?;
    Ok(Nothing)
}
