//! Who asks.

use skep_model::{
    Address, Refusal, Timestamp,
    ids::UserId,
    user::{Me, Role},
};
use skep_store::{AuditEntry, Scope};

/// From where a request came.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The address.
    pub address: Option<Address>,
    /// What the browser or program says it is.
    pub agent: String,
    /// Whether it came over TLS.
    pub secure: bool,
}

/// Somebody who was recognised: a user with a session, or an API token.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(crate) user: Option<UserId>,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) scope: Scope,
    pub(crate) address: Option<Address>,
    /// The hash of the session's secret; `None` for a token.
    pub(crate) session: Option<[u8; 32]>,
}

impl Actor {
    /// The command line on the server's own machine.
    #[must_use]
    pub fn command_line() -> Self {
        Self {
            user: None,
            name: "command line".to_owned(),
            role: Role::Admin,
            scope: Scope::Everything,
            address: None,
            session: None,
        }
    }

    /// Who it is, for pages. `None` for a token.
    #[must_use]
    pub fn me(&self) -> Option<Me> {
        self.user.map(|id| Me {
            id,
            name: self.name.clone(),
            role: self.role,
        })
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Refuses an actor of a lesser role.
    pub fn require(&self, role: Role) -> Result<(), Refusal> {
        if self.role >= role {
            Ok(())
        } else {
            Err(Refusal::Forbidden)
        }
    }

    /// Whether events and sensors of a group may be seen.
    #[must_use]
    pub fn sees(&self, group: skep_model::ids::GroupId) -> bool {
        match &self.scope {
            Scope::Everything => true,
            Scope::Groups(groups) => groups.contains(&group),
        }
    }

    /// An entry for the audit log.
    pub(crate) fn audit(
        &self,
        action: &'static str,
        kind: &'static str,
        object: String,
    ) -> AuditEntry {
        AuditEntry {
            at: Timestamp::now(),
            user: self.user,
            user_name: self.name.clone(),
            address: self.address,
            action,
            kind,
            object,
            before: None,
            after: None,
        }
    }
}
