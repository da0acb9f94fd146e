//! `/api/v1/tokens`: what programs may do.

use axum::extract::State as Shared;
use skep_model::{ids::TokenId, token::TokenDraft};

use super::{
    asking::{Answer, Body, Caller, Id, created, done, json},
    shapes::Page,
};
use crate::router::State;

/// All tokens, by name; revoked ones too.
pub(crate) async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer {
    json(Page::whole(state.hub.tokens(&actor).await?))
}

/// Makes a token; its secret is in this answer only.
pub(crate) async fn create(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(draft): Body<TokenDraft>,
) -> Answer {
    created(state.hub.create_token(&actor, draft).await?)
}

/// Takes a token no longer.
pub(crate) async fn revoke(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<TokenId>,
) -> Answer {
    state.hub.revoke_token(&actor, id).await?;
    done()
}
