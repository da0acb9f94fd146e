//! Users and tokens.

use schemars::JsonSchema;
use serde::Serialize;
use skep_model::{
    ids::{TokenId, UserId},
    sensor::GroupRef,
    token::{self, Area, TokenView},
    user::{Role, UserView},
};

use super::Time;

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct User {
    /// The id.
    id: UserId,
    /// The login name.
    name: String,
    /// The mail address; may be empty.
    email: String,
    /// The role.
    role: Role,
    /// The groups, by name. An admin sees all groups, whatever stands here.
    groups: Vec<GroupRef>,
    /// Whether the password must be changed at the next log-in.
    must_change: bool,
    /// When the user was made.
    created_at: Time,
    /// When the user last logged in.
    last_login_at: Option<Time>,
}

/// A token. Its secret is not kept.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Token {
    /// The id.
    id: TokenId,
    /// What it is for.
    name: String,
    /// What it may do.
    role: Role,
    /// Where.
    areas: Vec<Area>,
    /// For which groups; none means all, for an admin's token.
    groups: Vec<GroupRef>,
    /// When it was made.
    created_at: Time,
    /// Until when it is good; null: until it is revoked.
    expires_at: Option<Time>,
    /// When it was last used.
    last_used_at: Option<Time>,
    /// Since when it is not taken any more.
    revoked_at: Option<Time>,
}

/// A token that was made, with its secret, which is never shown again.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NewToken {
    /// The token.
    token: Token,
    /// What a program passes as `Authorization: Bearer …`.
    secret: String,
}

impl From<UserView> for User {
    fn from(user: UserView) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role,
            groups: user.groups,
            must_change: user.must_change,
            created_at: user.created_at.into(),
            last_login_at: user.last_login_at.map(Into::into),
        }
    }
}

impl From<TokenView> for Token {
    fn from(token: TokenView) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role,
            areas: token.areas,
            groups: token.groups,
            created_at: token.created_at.into(),
            expires_at: token.expires_at.map(Into::into),
            last_used_at: token.last_used_at.map(Into::into),
            revoked_at: token.revoked_at.map(Into::into),
        }
    }
}

impl From<token::NewToken> for NewToken {
    fn from(new: token::NewToken) -> Self {
        Self {
            token: new.token.into(),
            secret: new.secret,
        }
    }
}
