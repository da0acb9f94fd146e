//! API tokens.

use skep_model::{Complaint, Timestamp, ids::TokenId, user::Role};
use skep_store::{NewToken, Scope, StoreError};

use crate::{Actor, Client, Hub, HubError, secrets};

/// What every token begins with, so that a leaked one is recognised.
const PREFIX: &str = "skep_";
/// A token's last use is written down no more often than this, in milliseconds.
const TOUCH: i64 = 60_000;

impl Hub {
    /// Makes a token and returns it; it is never shown again.
    pub async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        role: Role,
    ) -> Result<String, HubError> {
        actor.require(Role::Admin)?;
        let name = crate::accounts::name("name", name)?;
        let token = format!("{PREFIX}{}", secrets::secret());
        let mut audit = actor.audit("create", "token", name.clone());
        audit.after = Some(serde_json::json!({ "role": role }));
        let new = NewToken {
            id: TokenId::new(),
            name,
            secret_hash: secrets::hash(&token),
            role,
            groups: vec![],
            expires_at: None,
        };
        match self.0.store.create_token(&new, &audit).await {
            Err(StoreError::Conflict(_)) => Err(HubError::invalid("name", Complaint::Taken)),
            other => Ok(other.map(|()| token)?),
        }
    }

    /// Who an `Authorization` header says it is.
    pub async fn token_actor(
        &self,
        authorization: &str,
        client: &Client,
    ) -> Result<Option<Actor>, HubError> {
        let Some(token) = authorization.strip_prefix("Bearer ").map(str::trim) else {
            return Ok(None);
        };
        if !token.starts_with(PREFIX) || token.len() > 100 {
            return Ok(None);
        }
        let now = Timestamp::now();
        let found = self.0.store.token(&secrets::hash(token)).await?;
        let Some(found) =
            found.filter(|t| t.revoked_at.is_none() && t.expires_at.is_none_or(|at| at > now))
        else {
            return Ok(None);
        };
        if found.last_used_at.is_none_or(|at| now - at > TOUCH) {
            self.0.store.touch_token(found.id, now).await?;
        }
        let scope = if found.groups.is_empty() && found.role == Role::Admin {
            Scope::Everything
        } else {
            Scope::Groups(found.groups)
        };
        Ok(Some(Actor {
            user: None,
            name: format!("token {}", found.name),
            role: found.role,
            scope,
            address: client.address,
            session: None,
        }))
    }
}
