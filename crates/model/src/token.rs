//! API tokens: what a program may do.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    event::words,
    ids::{GroupId, TokenId},
    sensor::GroupRef,
    user::Role,
};

words! {
    /// A part of the API that a token reaches or does not. The number is a bit.
    Area {
        /// Events and the archive.
        Events = 1 "events",
        /// Sensors and what they run.
        Sensors = 2 "sensors",
        /// Users, groups and tokens.
        Accounts = 4 "accounts",
        /// Settings, the audit log, the quarantine.
        System = 8 "system",
    }
}

/// A token, as admins see one. Its secret is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// The id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub areas: Vec<Area>,
    /// For which groups; none means all, for an admin's token.
    pub groups: Vec<GroupRef>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; `None`: until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is not taken any more.
    pub revoked_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenDraft {
    /// What it is for.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Where; none means everywhere.
    #[serde(default)]
    pub areas: Vec<Area>,
    /// For which groups; none means all, for an admin's token, and is wrong for another.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// For how many days; none: until it is revoked.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3660)))]
    pub days: Option<u32>,
}

/// A token that was made, with its secret, which is never shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// The token.
    pub token: TokenView,
    /// What a program passes as `Authorization: Bearer …`.
    pub secret: String,
}

impl std::fmt::Debug for NewToken {
    /// Leaves the secret out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("NewToken").field(&self.token).finish()
    }
}
