//! API tokens.

use std::time::Duration;

use skep_model::{
    Complaint, Refusal, Timestamp,
    ids::TokenId,
    token::{Area, NewToken, TokenDraft, TokenView},
    user::Role,
};
use skep_store::Scope;

use crate::{Actor, Client, Hub, HubError, secrets};

/// What every token begins with, so that a leaked one is recognised.
const PREFIX: &str = "skep_";
/// A token's last use is written down no more often than this, in milliseconds.
const TOUCH: i64 = 60_000;
/// The longest life that a token can be given, in days.
const LONGEST: u32 = 3660;

impl Hub {
    /// All tokens, by name; revoked ones too.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<TokenView>, HubError> {
        actor.require(Role::Admin)?;
        Ok(self.0.store.tokens().await?)
    }

    /// Makes a token. Its secret is in the answer, and nowhere else.
    pub async fn create_token(
        &self,
        actor: &Actor,
        draft: TokenDraft,
    ) -> Result<NewToken, HubError> {
        actor.require(Role::Admin)?;
        let name = crate::accounts::name("name", &draft.name)?;
        if draft.groups.is_empty() && draft.role != Role::Admin {
            return Err(HubError::invalid("groups", Complaint::Empty));
        }
        let groups = self.0.store.groups(&Scope::Everything).await?;
        let chosen: Vec<_> = groups
            .into_iter()
            .filter(|group| draft.groups.contains(&group.id))
            .collect();
        if chosen.len() != draft.groups.len() {
            return Err(HubError::invalid("groups", Complaint::Unknown));
        }
        if draft.days.is_some_and(|days| days == 0 || days > LONGEST) {
            return Err(HubError::invalid(
                "days",
                Complaint::Between {
                    min: 1,
                    max: LONGEST,
                },
            ));
        }
        let secret = format!("{PREFIX}{}", secrets::secret());
        let mut audit = actor.audit("create", "token", name.clone());
        let expires_at = draft
            .days
            .map(|days| audit.at.after(Duration::from_hours(24) * days));
        let areas = if draft.areas.is_empty() {
            Area::ALL.to_vec()
        } else {
            draft.areas
        };
        audit.after = Some(serde_json::json!({
            "role": draft.role, "areas": areas, "groups": draft.groups, "days": draft.days,
        }));
        let new = skep_store::NewToken {
            id: TokenId::new(),
            name,
            secret_hash: secrets::hash(&secret),
            role: draft.role,
            areas,
            groups: draft.groups,
            expires_at,
        };
        let made = self.0.store.create_token(&new, &audit).await;
        made.map_err(HubError::of_name)?;
        let token = TokenView {
            id: new.id,
            name: new.name,
            role: new.role,
            areas: new.areas,
            groups: chosen,
            created_at: audit.at,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        Ok(NewToken { token, secret })
    }

    /// Takes a token no longer.
    pub async fn revoke_token(&self, actor: &Actor, id: TokenId) -> Result<(), HubError> {
        actor.require(Role::Admin)?;
        let audit = actor.audit("revoke", "token", id.to_string());
        if !self.0.store.revoke_token(id, audit).await? {
            return Err(Refusal::NotFound.into());
        }
        Ok(())
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
        self.0.rate.take(found.id)?;
        if found.last_used_at.is_none_or(|at| now - at > TOUCH) {
            self.0.store.touch_token(found.id, now).await?;
        }
        let scope = if found.groups.is_empty() && found.role == Role::Admin {
            Scope::Everything
        } else {
            Scope::Groups(found.groups.into_iter().map(|group| group.id).collect())
        };
        Ok(Some(Actor {
            user: None,
            name: format!("token {}", found.name),
            role: found.role,
            scope,
            address: client.address,
            session: None,
            areas: Some(found.areas),
            must_change: false,
        }))
    }
}
