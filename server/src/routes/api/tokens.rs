//! `/api/v1/tokens`: what programs may do.

use axum::{extract::State as Shared, http::Method};
use skep_model::{ids::TokenId, token::TokenDraft};

use super::{
    asking::{Answer, Body, Caller, Created, Id, Nothing, Refused, json},
    describe::Described,
    shapes::{NewToken, Page, Token},
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/tokens",
        "Tokens, by name; revoked ones too",
        list,
    )
    .at(
        Method::POST,
        "/api/v1/tokens",
        "Make a token; its secret is in this answer only",
        create,
    )
    .at(
        Method::DELETE,
        "/api/v1/tokens/{id}",
        "Take a token no longer",
        revoke,
    )
}

/// All tokens, by name; revoked ones too.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<Token>> {
    json(Page::whole(state.hub.tokens(&actor).await?))
}

/// Makes a token; its secret is in this answer only.
async fn create(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(draft): Body<TokenDraft>,
) -> Result<Created<NewToken>, Refused> {
    let new = state.hub.create_token(&actor, draft).await?;
    Ok(Created(new.into()))
}

/// Takes a token no longer.
async fn revoke(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<TokenId>,
) -> Result<Nothing, Refused> {
    state.hub.revoke_token(&actor, id).await?;
    Ok(Nothing)
}
