//! Users: who may use the console.

use skep_model::{
    Complaint, Refusal,
    ids::{GroupId, UserId},
    user::{Role, UserDraft, UserView},
};
use skep_store::{NewUser, UserRow, UserWritten};

use crate::{
    Actor, Hub, HubError,
    accounts::{mail_address, name},
    passwords::Passwords,
};

impl Hub {
    /// All users, by name. Managers see them, to know whom to ask.
    pub async fn users(&self, actor: &Actor) -> Result<Vec<UserView>, HubError> {
        actor.require(Role::Manager)?;
        let users = self.0.store.users().await?;
        Ok(users
            .into_iter()
            .filter(|user| {
                actor.role() == Role::Admin || user.groups.iter().any(|group| actor.sees(group.id))
            })
            .map(|user| view(user, actor))
            .collect())
    }

    /// A user.
    pub async fn user(&self, actor: &Actor, id: UserId) -> Result<UserView, HubError> {
        actor.require(Role::Admin)?;
        Ok(view(self.stored_user(id).await?, actor))
    }

    pub(crate) async fn stored_user(&self, id: UserId) -> Result<UserRow, HubError> {
        let user = self.0.store.user(id).await?;
        Ok(user.ok_or(Refusal::NotFound)?)
    }

    /// Makes a user.
    pub async fn create_user(&self, actor: &Actor, draft: UserDraft) -> Result<UserView, HubError> {
        actor.require(Role::Admin)?;
        if draft.password.as_deref().unwrap_or_default().is_empty() {
            return Err(HubError::invalid("password", Complaint::Empty));
        }
        let user = self.checked(UserId::new(), draft).await?;
        let mut audit = actor.audit("create", "user", user.name.clone());
        audit.after = Some(described(&user));
        let made = self.0.store.create_user(&user, &audit).await;
        made.map_err(HubError::of_name)?;
        self.user(actor, user.id).await
    }

    /// Changes a user to be as given. Sessions go on, with the new role and groups; a new password ends them.
    pub async fn update_user(
        &self,
        actor: &Actor,
        id: UserId,
        draft: UserDraft,
    ) -> Result<UserView, HubError> {
        actor.require(Role::Admin)?;
        let before = self.stored_user(id).await?;
        let user = self.checked(id, draft).await?;
        let mut audit = actor.audit("edit", "user", user.name.clone());
        audit.before = Some(serde_json::json!({
            "name": before.name,
            "email": before.email,
            "role": before.role,
            "groups": before.groups.iter().map(|group| group.id).collect::<Vec<_>>(),
            "must_change": before.must_change,
        }));
        audit.after = Some(described(&user));
        let outcome = self.0.store.update_user(&user, &audit).await;
        written(outcome.map_err(HubError::of_name)?)?;
        if user.password_hash.is_some() {
            self.end_sessions(id, actor).await?;
        }
        // Streams that run still have the scope of before; browsers open new ones at once.
        self.0.live.end_user(id);
        self.user(actor, id).await
    }

    /// Removes a user.
    pub async fn remove_user(&self, actor: &Actor, id: UserId) -> Result<(), HubError> {
        actor.require(Role::Admin)?;
        let before = self.stored_user(id).await?;
        let mut audit = actor.audit("remove", "user", before.name.clone());
        audit.before = Some(serde_json::json!({ "email": before.email, "role": before.role }));
        written(self.0.store.remove_user(id, &audit).await?)?;
        self.0.live.end_user(id);
        Ok(())
    }

    /// Ends all sessions of a user but the one that asks.
    pub(crate) async fn end_sessions(&self, user: UserId, actor: &Actor) -> Result<(), HubError> {
        let ended = self
            .0
            .store
            .close_sessions(user, None, actor.session_id())
            .await?;
        for session in ended {
            self.0.live.end_session(&session);
        }
        Ok(())
    }

    async fn checked(&self, id: UserId, draft: UserDraft) -> Result<NewUser, HubError> {
        let name = name("name", &draft.name)?;
        let email = mail_address("email", &draft.email)?;
        let known = self.0.store.groups(&skep_store::Scope::Everything).await?;
        let exists = |id: &GroupId| known.iter().any(|group| group.id == *id);
        if !draft.groups.iter().all(exists) {
            return Err(HubError::invalid("groups", Complaint::Unknown));
        }
        let mut groups = draft.groups;
        groups.sort_unstable();
        groups.dedup();
        let password = draft.password.filter(|password| !password.is_empty());
        if let Some(complaint) = password.as_deref().and_then(Passwords::complaint) {
            return Err(HubError::invalid("password", complaint));
        }
        let password_hash = match password {
            Some(password) => Some(self.hash(&password).await?),
            None => None,
        };
        Ok(NewUser {
            id,
            name,
            email,
            role: draft.role,
            groups,
            password_hash,
            must_change: draft.must_change,
        })
    }
}

fn view(user: UserRow, actor: &Actor) -> UserView {
    let admin = actor.role() == Role::Admin;
    UserView {
        id: user.id,
        name: user.name,
        email: user.email,
        role: user.role,
        groups: user
            .groups
            .into_iter()
            .filter(|group| actor.sees(group.id))
            .collect(),
        must_change: admin && user.must_change,
        created_at: user.created_at,
        last_login_at: user.last_login_at.filter(|_| admin),
    }
}

fn described(user: &NewUser) -> serde_json::Value {
    let mut described = serde_json::json!({
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "groups": user.groups,
        "must_change": user.must_change,
    });
    if user.password_hash.is_some() {
        described["password"] = "changed".into();
    }
    described
}

fn written(outcome: UserWritten) -> Result<(), HubError> {
    match outcome {
        UserWritten::Done => Ok(()),
        UserWritten::NotFound => Err(Refusal::NotFound.into()),
        UserWritten::LastAdmin => Err(HubError::invalid("role", Complaint::LastAdmin)),
    }
}
