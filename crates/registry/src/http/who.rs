//! Who asks, and whether he may.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, header};

use crate::Repository;

/// What a request came with.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing, or nothing that can be understood.
    None,
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Bearer(String),
}

/// What somebody wants to do in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reading.
    Pull,
    /// Adding.
    Push,
    /// Removing.
    Delete,
}

/// Why somebody may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody knows who it is; the realm is shown where he is asked for his password.
    Unknown {
        /// What the password is for.
        realm: String,
    },
    /// He may not.
    Forbidden,
    /// Nobody may, and why.
    Because(String),
    /// He has tried too often.
    Later {
        /// When he may try again.
        seconds: u64,
    },
    /// It could not be found out; the reason is in the log.
    Failed,
}

/// Says who may do what.
#[async_trait::async_trait]
pub trait Authorise: Send + Sync + 'static {
    /// Whether this may be done in this repository; without one, whether the registry may be used at all.
    async fn authorise(
        &self,
        credentials: &Credentials,
        repository: Option<&Repository>,
        action: Action,
    ) -> Result<(), Denied>;
}

impl Credentials {
    /// Reads the header `Authorization`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get(header::AUTHORIZATION)
            .and_then(|value| Self::parse(value.to_str().ok()?))
            .unwrap_or(Self::None)
    }

    fn parse(value: &str) -> Option<Self> {
        let (scheme, value) = value.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Self::Bearer(value.trim().to_owned()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = BASE64_STANDARD.decode(value.trim()).ok()?;
        let pair = String::from_utf8(pair).ok()?;
        let (user, password) = pair.split_once(':')?;
        Some(Self::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

/// Shows no secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Basic { user, .. } => write!(f, "Basic({user:?})"),
            Self::Bearer(_) => f.write_str("Bearer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let basic = Credentials::parse("Basic dXNlcjpwYXNzOndvcmQ=");
        let wanted = Credentials::Basic {
            user: "user".to_owned(),
            password: "pass:word".to_owned(),
        };
        assert_eq!(basic, Some(wanted));
        assert!(!format!("{basic:?}").contains("pass:"));
        assert_eq!(
            Credentials::parse("bearer x"),
            Some(Credentials::Bearer("x".to_owned()))
        );
        for bad in ["", "Basic", "Basic !", "Basic dXNlcg==", "Digest x"] {
            assert_eq!(Credentials::parse(bad), None, "{bad}");
        }
    }
}
