//! The own account: password, language, time zone, theme, sessions.

use skep_model::{
    Complaint, Refusal, Timestamp,
    ids::{SessionId, UserId},
    user::{Preferences, Profile},
};

use crate::{
    Actor, Hub, HubError,
    accounts::{IDLE, mail_address},
    passwords::Passwords,
};

/// The cookies by which the console knows what its reader chose, before it is asked. One that is not chosen is taken
/// back, so that it is as the browser has it.
pub(crate) fn cookies(preferences: &Preferences) -> Vec<String> {
    [
        ("skep_language", &preferences.language),
        ("skep_zone", &preferences.time_zone),
        ("skep_theme", &preferences.theme),
    ]
    .into_iter()
    .map(|(name, value)| {
        let seconds = if value.is_empty() { 0 } else { 31_536_000 };
        format!("{name}={value}; Path=/; Max-Age={seconds}; SameSite=Lax")
    })
    .collect()
}

impl Hub {
    /// The actor's own account.
    pub async fn profile(&self, actor: &Actor) -> Result<Profile, HubError> {
        let user = self.stored_user(own_id(actor)?).await?;
        let me = actor.me().ok_or(Refusal::Forbidden)?;
        let sessions = self
            .0
            .store
            .sessions(user.id, Timestamp::now().before(IDLE), actor.session_id())
            .await?;
        Ok(Profile {
            me,
            email: user.email,
            groups: user.groups,
            preferences: user.preferences,
            sessions,
        })
    }

    /// Keeps the own mail address, language, time zone and theme. Returns values for `Set-Cookie`.
    pub async fn edit_profile(
        &self,
        actor: &Actor,
        email: &str,
        preferences: &Preferences,
    ) -> Result<Vec<String>, HubError> {
        let id = own_id(actor)?;
        let email = mail_address("email", email)?;
        check(preferences)?;
        self.0
            .store
            .set_preferences(id, &email, preferences)
            .await?;
        Ok(cookies(preferences))
    }

    /// Changes the own password, and ends all other sessions.
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: &str,
        new: &str,
    ) -> Result<(), HubError> {
        let user = self.stored_user(own_id(actor)?).await?;
        self.may_try(&user.name, actor.address)?;
        if !self.0.passwords.fits(old, Some(&user.password_hash)).await {
            // A session that somebody left open must not be a way to try passwords.
            self.0
                .throttle
                .failed(&user.name, actor.address, std::time::Instant::now());
            return Err(HubError::invalid("old", Complaint::Wrong));
        }
        if let Some(complaint) = Passwords::complaint(new) {
            return Err(HubError::invalid("password", complaint));
        }
        if old == new {
            return Err(HubError::invalid("password", Complaint::Same));
        }
        let hash = self.hash(new).await?;
        let mut audit = actor.audit("edit", "user", user.name);
        audit.after = Some(serde_json::json!({ "password": "changed" }));
        self.0.store.set_password(user.id, &hash, &audit).await?;
        self.end_sessions(user.id, actor).await
    }

    /// Ends one of the own sessions.
    pub async fn end_session(&self, actor: &Actor, session: SessionId) -> Result<(), HubError> {
        let ended = self
            .0
            .store
            .close_sessions(own_id(actor)?, Some(session), None)
            .await?;
        if ended.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        for session in ended {
            self.0.live.end_session(&session);
        }
        Ok(())
    }
}

/// The user; a token has no account of its own.
fn own_id(actor: &Actor) -> Result<UserId, Refusal> {
    actor.user.ok_or(Refusal::Forbidden)
}

fn check(preferences: &Preferences) -> Result<(), HubError> {
    if !matches!(preferences.language.as_str(), "" | "en" | "de") {
        return Err(HubError::invalid("language", Complaint::Unknown));
    }
    if !matches!(preferences.theme.as_str(), "" | "light" | "dark") {
        return Err(HubError::invalid("theme", Complaint::Unknown));
    }
    let zone = &preferences.time_zone;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    if zone.len() > 64 || !zone.chars().all(plain) {
        return Err(HubError::invalid("time_zone", Complaint::Unknown));
    }
    Ok(())
}
