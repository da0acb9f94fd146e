//! Set-up, log-in and sessions.

use std::time::{Duration, Instant};

use skep_model::{
    Address, Complaint, Refusal, Timestamp,
    console::SetUp,
    ids::UserId,
    user::{Me, Preferences, Role},
};
use skep_store::{NewUser, Scope, UserRow};

use crate::{Actor, Client, Hub, HubError, passwords::Passwords, profile, secrets};

/// A session ends after so long without use …
pub(crate) const IDLE: Duration = Duration::from_hours(8);
/// … and after so long in any case.
const LONGEST: Duration = Duration::from_hours(7 * 24);
/// A session's last use is written down no more often than this.
const TOUCH: i64 = 60_000;

/// A session that was opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The values for `Set-Cookie`: the session's own, and what the user chose.
    pub cookies: Vec<String>,
    /// Who is logged in.
    pub me: Me,
}

/// The cookie's name. Over TLS the prefix ties it to this host and to TLS.
fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-skep" } else { "skep" }
}

fn cookie(secure: bool, value: &str, seconds: u64) -> String {
    let name = cookie_name(secure);
    let mark = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{mark}")
}

impl Hub {
    /// Whether there is no user yet.
    pub async fn needs_set_up(&self) -> Result<bool, HubError> {
        if self
            .0
            .options
            .set_up_done
            .load(std::sync::atomic::Ordering::Relaxed)
        {
            return Ok(false);
        }
        let done = self.0.store.has_users().await?;
        self.0
            .options
            .set_up_done
            .store(done, std::sync::atomic::Ordering::Relaxed);
        Ok(!done)
    }

    /// Makes the user `admin` and the first group, and logs that user in.
    pub async fn set_up(&self, set_up: SetUp, client: &Client) -> Result<NewSession, HubError> {
        if !self.needs_set_up().await? {
            return Err(Refusal::Forbidden.into());
        }
        if let Some(complaint) = Passwords::complaint(&set_up.password) {
            return Err(HubError::invalid("password", complaint));
        }
        let email = mail_address("email", &set_up.email)?;
        let group = name("group", &set_up.group)?;
        let id = UserId::new();
        let user = NewUser {
            id,
            name: "admin".to_owned(),
            email,
            role: Role::Admin,
            groups: vec![],
            password_hash: Some(self.hash(&set_up.password).await?),
            must_change: false,
        };
        let mut audit = visitor(client).audit("set up", "user", user.name.clone());
        audit.user = Some(id);
        audit.user_name.clone_from(&user.name);
        audit.after = Some(serde_json::json!({ "email": user.email, "group": group }));
        if !self.0.store.set_up(&user, &group, &audit).await? {
            return Err(Refusal::Forbidden.into());
        }
        let me = Me {
            id,
            name: user.name,
            role: Role::Admin,
            must_change: false,
        };
        self.open_session(me, &Preferences::default(), client).await
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String, HubError> {
        self.0
            .passwords
            .hash(password)
            .await
            .ok_or(HubError::Refused(Refusal::Busy))
    }

    /// Refuses who has tried too many passwords, until it is time again.
    pub(crate) fn may_try(&self, name: &str, address: Option<Address>) -> Result<(), Refusal> {
        match self.0.throttle.wait(name, address, Instant::now()) {
            None => Ok(()),
            Some(wait) => Err(Refusal::wait(wait)),
        }
    }

    /// Opens a session for the right name and password.
    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        client: &Client,
    ) -> Result<NewSession, HubError> {
        self.may_try(name, client.address)?;
        let user = if name.len() <= 256 {
            self.0.store.user_by_name(name).await?
        } else {
            None
        };
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        let fits = self.0.passwords.fits(password, hash).await;
        let Some(user) = user.filter(|_| fits) else {
            self.0.throttle.failed(name, client.address, Instant::now());
            let shown = skep_model::raw::visible(skep_model::raw::cut(name.as_bytes(), 64));
            tracing::warn!(
                user = shown,
                address = client.address.map(tracing::field::display),
                "log-in failed"
            );
            return Err(HubError::invalid("password", Complaint::Wrong));
        };
        self.0.throttle.succeeded(name, client.address);
        let mut audit = visitor(client).audit("log in", "session", user.name.clone());
        audit.user = Some(user.id);
        audit.user_name.clone_from(&user.name);
        self.0.store.audit(&audit).await?;
        let me = Me {
            id: user.id,
            name: user.name,
            role: user.role,
            must_change: user.must_change,
        };
        self.open_session(me, &user.preferences, client).await
    }

    async fn open_session(
        &self,
        me: Me,
        preferences: &Preferences,
        client: &Client,
    ) -> Result<NewSession, HubError> {
        let secret = secrets::secret();
        let agent = skep_model::raw::cut(client.agent.as_bytes(), 200);
        let now = Timestamp::now();
        self.0
            .store
            .open_session(&secrets::hash(&secret), me.id, client.address, agent, now)
            .await?;
        let mut cookies = vec![cookie(client.secure, &secret, LONGEST.as_secs())];
        // What the account does not say stays as it was chosen in this browser.
        let chosen = profile::cookies(preferences).into_iter();
        cookies.extend(chosen.filter(|cookie| !cookie.contains("=;")));
        Ok(NewSession { cookies, me })
    }

    /// Ends the actor's session. Returns the value for `Set-Cookie` that clears the cookie.
    pub async fn log_out(&self, actor: &Actor, client: &Client) -> Result<String, HubError> {
        if let Some(hash) = &actor.session {
            self.0.store.close_session(hash).await?;
            self.0.live.end_session(hash);
        }
        Ok(cookie(client.secure, "", 0))
    }

    /// Who a request's cookies say it is. `prolong` is false for the live stream, which is no use by a person.
    pub async fn actor(
        &self,
        cookies: &str,
        client: &Client,
        prolong: bool,
    ) -> Result<Option<Actor>, HubError> {
        let name = cookie_name(client.secure);
        let secret = cookies
            .split(';')
            .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
        let Some(secret) = secret.filter(|secret| secret.len() == 43) else {
            return Ok(None);
        };
        let hash = secrets::hash(secret);
        let Some(session) = self.0.store.session(&hash).await? else {
            return Ok(None);
        };
        let now = Timestamp::now();
        if session.created_at < now.before(LONGEST) || session.last_seen_at < now.before(IDLE) {
            return Ok(None);
        }
        if prolong && now - session.last_seen_at > TOUCH {
            self.0.store.touch_session(&hash, now).await?;
        }
        let UserRow {
            id,
            name,
            role,
            groups,
            must_change,
            ..
        } = session.user;
        let scope = if role == Role::Admin {
            Scope::Everything
        } else {
            Scope::Groups(groups.into_iter().map(|group| group.id).collect())
        };
        Ok(Some(Actor {
            user: Some(id),
            name,
            role,
            scope,
            address: client.address,
            session: Some(hash),
            areas: None,
            must_change,
        }))
    }

    /// Removes sessions that have ended by themselves.
    pub(crate) async fn remove_expired_sessions(&self) -> Result<(), HubError> {
        let now = Timestamp::now();
        self.0
            .store
            .remove_expired_sessions(now.before(LONGEST), now.before(IDLE))
            .await?;
        Ok(())
    }
}

/// Somebody who is nobody yet.
fn visitor(client: &Client) -> Actor {
    Actor {
        address: client.address,
        ..Actor::command_line()
    }
}

/// A name that a person gave: trimmed, 1 to 64 characters, nothing invisible.
pub(crate) fn name(field: &str, name: &str) -> Result<String, HubError> {
    let name = name.trim();
    if name.is_empty() {
        Err(HubError::invalid(field, Complaint::Empty))
    } else if name.chars().count() > 64 {
        Err(HubError::invalid(field, Complaint::TooLong { max: 64 }))
    } else if skep_model::raw::visible(name.as_bytes()) != name {
        Err(HubError::invalid(field, Complaint::BadCharacters))
    } else {
        Ok(name.to_owned())
    }
}

/// A mail address that a person gave, or nothing.
pub(crate) fn mail_address(field: &str, text: &str) -> Result<String, HubError> {
    let text = text.trim();
    if text.is_empty() || looks_like_address(text) {
        Ok(text.to_owned())
    } else {
        Err(HubError::invalid(field, Complaint::NotAnAddress))
    }
}

/// Something, an at sign, something; no spaces or controls. Whether mail arrives, only mail tells.
fn looks_like_address(text: &str) -> bool {
    text.len() <= 254
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
        && text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
}
