//! The credentials with which a honeypot lets somebody in.

use crate::contract::{Setting, SettingKind, SettingsError};

/// The setting's name.
const NAME: &str = "accept";

/// The setting of every honeypot that one can log in to.
pub(crate) const SETTING: Setting = Setting {
    name: NAME,
    description: "Users that are let in, one user/password on a line.",
    kind: SettingKind::List {
        default: &["root/root", "root/123456", "admin/admin", "pi/raspberry"],
        max: 100,
    },
};

/// Pairs of user and password.
#[derive(Clone, Debug)]
pub(crate) struct Credentials(Vec<(String, String)>);

impl Credentials {
    /// Reads lines of `user/password`; the password may have slashes in it.
    pub(crate) fn read(lines: &[String]) -> Result<Self, SettingsError> {
        let pair = |line: &String| match line.split_once('/') {
            Some((user, password)) if is_user(user) => Ok((user.to_owned(), password.to_owned())),
            _ => Err(SettingsError {
                name: NAME.to_owned(),
                problem: format!(
                    "{line:?} must be user/password, the user of letters, digits, dots, _ and -"
                ),
            }),
        };
        Ok(Self(lines.iter().map(pair).collect::<Result<_, _>>()?))
    }

    /// Whether these let somebody in.
    pub(crate) fn accept(&self, user: &[u8], password: &[u8]) -> bool {
        self.0
            .iter()
            .any(|(u, p)| u.as_bytes() == user && p.as_bytes() == password)
    }
}

/// Whether it can be the name of a user of a Linux system: the imitated shell shows it in many places.
fn is_user(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_password_may_have_slashes() {
        let credentials = Credentials::read(&["root/a/b".to_owned(), "pi/".to_owned()]).unwrap();
        assert!(credentials.accept(b"root", b"a/b"));
        assert!(credentials.accept(b"pi", b""));
        assert!(!credentials.accept(b"root", b"a"));
        assert!(Credentials::read(&["root".to_owned()]).is_err());
        assert!(Credentials::read(&["../x/y".to_owned()]).is_err());
    }
}
