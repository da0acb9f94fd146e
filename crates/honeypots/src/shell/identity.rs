//! Who a shell runs as: shells of other users within it, and single commands as somebody else.

use std::collections::BTreeMap;

use super::Shell;

/// The most shells within each other.
const LEVELS: usize = 16;

/// Somebody whom the machine knows.
pub(super) struct Account {
    user: String,
    uid: u32,
    home: Vec<u8>,
}

/// What a shell of another user changes, and its end brings back.
#[derive(Clone, Debug)]
pub(super) struct Level {
    user: String,
    uid: u32,
    home: Vec<u8>,
    directory: Vec<u8>,
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    name: Vec<u8>,
}

impl Shell {
    /// The account of that name in `/etc/passwd`.
    pub(super) fn account(&self, user: &[u8]) -> Option<Account> {
        let users = self.files.read(b"/etc/passwd").ok()?;
        users.split(|b| *b == b'\n').find_map(|line| {
            let fields: Vec<&[u8]> = line.split(|b| *b == b':').collect();
            let [name, _, uid, _, _, home, _] = fields.as_slice() else {
                return None;
            };
            (*name == user && !user.is_empty()).then_some(Account {
                user: String::from_utf8(name.to_vec()).ok()?,
                uid: std::str::from_utf8(uid).ok()?.parse().ok()?,
                home: home.to_vec(),
            })
        })
    }

    /// Who logged in, whoever the shell runs as by now.
    pub(super) fn login_user(&self) -> &str {
        self.levels.first().map_or(&self.user, |level| &level.user)
    }

    /// Opens another user's shell within this one.
    pub(super) fn enter(&mut self, account: Account, login: bool) {
        if self.levels.len() < LEVELS {
            self.levels.push(self.level());
            self.act_as(account);
            self.name = if login { "-bash" } else { "bash" }.into();
            if login {
                self.directory.clone_from(&self.home);
            }
        }
    }

    /// Leaves a shell within the first one; returns what it says to that.
    pub(super) fn leave(&mut self) -> Option<&'static [u8]> {
        let level = self.levels.pop()?;
        let word: &[u8] = if self.name.starts_with(b"-") {
            b"logout\n"
        } else {
            b"exit\n"
        };
        self.restore(level);
        Some(word)
    }

    /// Leaves all shells but so many.
    pub(super) fn leave_to(&mut self, depth: usize) {
        while self.levels.len() > depth {
            self.leave();
        }
    }

    /// Runs something as somebody else. A shell that it opens stays open, and its end leads back to who is here now.
    pub(super) fn run_as(&mut self, account: Account, run: impl FnOnce(&mut Self) -> u8) -> u8 {
        let (before, depth) = (self.level(), self.levels.len());
        self.act_as(account);
        let status = run(self);
        match self.levels.get_mut(depth) {
            Some(level) => *level = before,
            None => self.restore(before),
        }
        status
    }

    fn act_as(&mut self, account: Account) {
        let Account { user, uid, home } = account;
        for name in [b"USER".as_slice(), b"LOGNAME"] {
            self.set(name, user.as_bytes());
        }
        self.set(b"HOME", &home);
        (self.user, self.uid, self.home) = (user, uid, home);
        self.files.act_as(uid);
    }

    fn level(&self) -> Level {
        Level {
            user: self.user.clone(),
            uid: self.uid,
            home: self.home.clone(),
            directory: self.directory.clone(),
            variables: self.variables.clone(),
            name: self.name.clone(),
        }
    }

    fn restore(&mut self, level: Level) {
        (self.user, self.uid, self.home) = (level.user, level.uid, level.home);
        (self.directory, self.variables, self.name) =
            (level.directory, level.variables, level.name);
        self.files.act_as(self.uid);
    }
}
