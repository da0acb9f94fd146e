//! Users, groups and tokens, for admins.

use leptos::{prelude::*, server_fn::codec::Json};
use skep_model::{
    ids::{GroupId, TokenId, UserId},
    token::{NewToken, TokenDraft, TokenView},
    user::{Fate, GroupView, UserDraft, UserView},
};

use crate::failure::Failure;

/// All users that the asker may see.
#[server(prefix = "/fn", endpoint = "users")]
pub async fn users() -> Result<Vec<UserView>, Failure> {
    use super::asker;

    asker::hub()?
        .users(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Makes a user, or changes one to be as given.
#[server(prefix = "/fn", endpoint = "save_user", input = Json)]
pub async fn save_user(id: Option<UserId>, draft: UserDraft) -> Result<UserView, Failure> {
    use super::asker;

    let (hub, actor) = (asker::hub()?, asker::actor().await?);
    match id {
        Some(id) => hub.update_user(&actor, id, draft).await,
        None => hub.create_user(&actor, draft).await,
    }
    .map_err(asker::failure)
}

/// Removes a user.
#[server(prefix = "/fn", endpoint = "remove_user")]
pub async fn remove_user(id: UserId) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .remove_user(&asker::actor().await?, id)
        .await
        .map_err(asker::failure)
}

/// All groups with what is in them.
#[server(prefix = "/fn", endpoint = "group_views")]
pub async fn group_views() -> Result<Vec<GroupView>, Failure> {
    use super::asker;

    asker::hub()?
        .group_views(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Makes a group, or gives one another name.
#[server(prefix = "/fn", endpoint = "save_group", input = Json)]
pub async fn save_group(id: Option<GroupId>, name: String) -> Result<GroupView, Failure> {
    use super::asker;

    let (hub, actor) = (asker::hub()?, asker::actor().await?);
    match id {
        Some(id) => hub.rename_group(&actor, id, &name).await,
        None => hub.create_group(&actor, &name).await,
    }
    .map_err(asker::failure)
}

/// Removes a group with its sensors; its events are archived or removed.
#[server(prefix = "/fn", endpoint = "remove_group", input = Json)]
pub async fn remove_group(id: GroupId, fate: Fate) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .remove_group(&asker::actor().await?, id, fate)
        .await
        .map_err(asker::failure)
}

/// All API tokens.
#[server(prefix = "/fn", endpoint = "tokens")]
pub async fn tokens() -> Result<Vec<TokenView>, Failure> {
    use super::asker;

    asker::hub()?
        .tokens(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Makes a token; its secret is in this answer only.
#[server(prefix = "/fn", endpoint = "create_token", input = Json)]
pub async fn create_token(draft: TokenDraft) -> Result<NewToken, Failure> {
    use super::asker;

    asker::hub()?
        .create_token(&asker::actor().await?, draft)
        .await
        .map_err(asker::failure)
}

/// Takes a token no longer.
#[server(prefix = "/fn", endpoint = "revoke_token")]
pub async fn revoke_token(id: TokenId) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .revoke_token(&asker::actor().await?, id)
        .await
        .map_err(asker::failure)
}
