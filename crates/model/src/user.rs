//! Who works in the console.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Address, Bytes, Timestamp,
    event::words,
    ids::{GroupId, SessionId, UserId},
    sensor::GroupRef,
};

words! {
    /// What a user may do; each role may do all that the one before may.
    Role {
        /// Sees the events and sensors of the own groups.
        Observer = 1 "observer",
        /// Works on events and sensors of the own groups.
        Manager = 2 "manager",
        /// Does everything, in all groups.
        Admin = 3 "admin",
    }
}

/// Who is logged in, as pages need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The user.
    pub id: UserId,
    /// The login name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Whether the password must be changed before anything else.
    pub must_change: bool,
}

/// A user, as admins see one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// The id.
    pub id: UserId,
    /// The login name.
    pub name: String,
    /// The mail address; may be empty.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The groups, by name. An admin sees all groups, whatever stands here.
    pub groups: Vec<GroupRef>,
    /// Whether the password must be changed at the next log-in.
    pub must_change: bool,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user last logged in.
    pub last_login_at: Option<Timestamp>,
}

/// A user to be made, or how one shall be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserDraft {
    /// The login name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    pub name: String,
    /// The mail address; may be empty.
    #[serde(default)]
    pub email: String,
    /// The role.
    pub role: Role,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// A new password; none leaves the one there is, and is wrong for a new user.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether the password must be changed at the next log-in.
    #[serde(default)]
    pub must_change: bool,
}

impl fmt::Debug for UserDraft {
    /// Leaves the password out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserDraft")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A group, as admins see one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupView {
    /// The id.
    pub id: GroupId,
    /// The name.
    pub name: String,
    /// How many users are in it.
    pub users: u32,
    /// How many sensors belong to it.
    pub sensors: u32,
}

words! {
    /// What becomes of the events of a group or sensor that is removed.
    Fate {
        /// They are removed, too.
        Remove = 0 "remove",
        /// They go to the archive.
        Archive = 1 "archive",
    }
}

/// What a user chose for the own console. What is empty is as the browser has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// The language, `en` or `de`.
    #[serde(default)]
    pub language: String,
    /// The time zone, as the tz database names it.
    #[serde(default)]
    pub time_zone: String,
    /// `light` or `dark`.
    #[serde(default)]
    pub theme: String,
}

/// The own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Who.
    pub me: Me,
    /// The mail address; may be empty.
    pub email: String,
    /// The groups, by name.
    pub groups: Vec<GroupRef>,
    /// What was chosen.
    pub preferences: Preferences,
    /// The sessions that are open, newest use first.
    pub sessions: Vec<SessionView>,
}

/// A session of the own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The id.
    pub id: SessionId,
    /// From where it was opened.
    pub address: Option<Address>,
    /// What the browser said it is.
    pub agent: Bytes,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
