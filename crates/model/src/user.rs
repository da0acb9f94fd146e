//! Who works in the console.

use serde::{Deserialize, Serialize};

use crate::{event::words, ids::UserId};

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
}
