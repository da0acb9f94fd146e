//! Who asks.

use skep_model::{
    Address, Refusal, Timestamp,
    ids::{SessionId, UserId},
    token::Area,
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
    /// Where a token reaches; `None` for a user, who reaches everything.
    pub(crate) areas: Option<Vec<Area>>,
    /// Whether nothing may be done before the password is changed.
    pub(crate) must_change: bool,
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
            areas: None,
            must_change: false,
        }
    }

    /// Who it is, for pages. `None` for a token.
    #[must_use]
    pub fn me(&self) -> Option<Me> {
        self.user.map(|id| Me {
            id,
            name: self.name.clone(),
            role: self.role,
            must_change: self.must_change,
        })
    }

    /// Whether nothing may be done before the password is changed.
    #[must_use]
    pub fn must_change(&self) -> bool {
        self.must_change
    }

    /// The session's id; `None` for a token.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        self.session
            .as_ref()
            .and_then(|hash| skep_store::session_id(hash))
    }

    /// Refuses a token that does not reach an area.
    pub fn require_area(&self, area: Area) -> Result<(), Refusal> {
        match &self.areas {
            Some(areas) if !areas.contains(&area) => Err(Refusal::Forbidden),
            _ => Ok(()),
        }
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
