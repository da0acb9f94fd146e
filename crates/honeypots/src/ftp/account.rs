//! What somebody who is logged in has: files, a place among them, and what the last commands prepared.

use std::sync::Arc;

use crate::{
    passive::Passive,
    shell::{self, Machine, filesystem::Filesystem},
};

/// The directory that anonymous users take for the root.
const SHARE: &[u8] = b"/srv/ftp";
/// The number of the user that anonymous users are.
const FTP: u32 = 112;

/// The state of a session after the login.
pub(super) struct Account {
    pub(super) name: Vec<u8>,
    pub(super) files: Filesystem,
    /// Above which nothing can be seen; empty when everything can.
    root: &'static [u8],
    home: Vec<u8>,
    /// Where the session is, by the machine's own paths.
    pub(super) directory: Vec<u8>,
    /// A port that waits for a data connection.
    pub(super) passive: Option<Passive>,
    /// Where the next transfer begins.
    pub(super) restart: u64,
    /// What is about to be renamed.
    pub(super) renamed: Option<Vec<u8>>,
    pub(super) ascii: bool,
    pub(super) umask: u32,
}

impl Account {
    pub(super) fn anonymous(machine: &Arc<Machine>) -> Self {
        let files = Filesystem::new(Arc::clone(machine), FTP, "ftp");
        Self::new("ftp", files, SHARE, SHARE.to_vec())
    }

    pub(super) fn user(machine: &Arc<Machine>, name: &str) -> Self {
        let (files, _, home) = shell::files_of(machine, name);
        Self::new(name, files, b"", home)
    }

    fn new(name: &str, files: Filesystem, root: &'static [u8], home: Vec<u8>) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            files,
            root,
            directory: home.clone(),
            home,
            passive: None,
            restart: 0,
            renamed: None,
            ascii: false,
            umask: 0o077,
        }
    }

    /// The machine's own path of what the session calls so.
    pub(super) fn locate(&self, path: &[u8]) -> Vec<u8> {
        let home = match path.strip_prefix(b"~") {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => {
                Some([self.shown(&self.home), rest].concat())
            }
            _ => None,
        };
        let path = home.as_deref().unwrap_or(path);
        if self.root.is_empty() {
            return self.files.resolve(&self.directory, path);
        }
        let mut real = self.root.to_vec();
        let from: &[u8] = if path.starts_with(b"/") {
            b""
        } else {
            self.shown(&self.directory)
        };
        for part in [from, b"/", path].concat().split(|b| *b == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    let end = real.iter().rposition(|b| *b == b'/').unwrap_or(0);
                    real.truncate(end.max(self.root.len()));
                }
                part => {
                    real.push(b'/');
                    real.extend_from_slice(part);
                }
            }
        }
        real
    }

    /// What the session calls one of the machine's own paths.
    pub(super) fn shown<'a>(&self, path: &'a [u8]) -> &'a [u8] {
        match path.strip_prefix(self.root) {
            Some(b"") | None => b"/",
            Some(rest) => rest,
        }
    }

    /// A path as replies have it: absolute, in quotes, and quotes in it twice.
    pub(super) fn quoted(&self, path: &[u8]) -> Vec<u8> {
        let mut text = vec![b'"'];
        for &byte in self.shown(path) {
            text.extend(std::iter::repeat_n(byte, 1 + usize::from(byte == b'"')));
        }
        text.push(b'"');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Arc<Machine> {
        Arc::new(Machine::new(
            &[0; 32],
            "",
            crate::shell::Personality::find("ubuntu"),
        ))
    }

    #[test]
    fn nobody_anonymous_leaves_the_share() {
        let mut account = Account::anonymous(&machine());
        for (path, real, shown) in [
            ("/", "/srv/ftp", "/"),
            ("../../../etc/passwd", "/srv/ftp/etc/passwd", "/etc/passwd"),
            ("/pub/../..//./bin", "/srv/ftp/bin", "/bin"),
            ("~/pub", "/srv/ftp/pub", "/pub"),
            ("~root", "/srv/ftp/~root", "/~root"),
        ] {
            let found = account.locate(path.as_bytes());
            assert_eq!(found, real.as_bytes(), "{path}");
            assert_eq!(account.shown(&found), shown.as_bytes(), "{path}");
        }
        account.directory = b"/srv/ftp/pub".to_vec();
        assert_eq!(account.locate(b"a"), b"/srv/ftp/pub/a");
        assert_eq!(account.locate(b".."), b"/srv/ftp");
    }

    #[test]
    fn a_user_sees_the_machine() {
        let account = Account::user(&machine(), "pi");
        assert_eq!(account.locate(b"x"), b"/home/pi/x");
        assert_eq!(account.locate(b"~/x"), b"/home/pi/x");
        assert_eq!(account.locate(b"/bin/../../etc"), b"/etc");
        assert_eq!(account.quoted(b"/a\"b"), b"\"/a\"\"b\"");
        assert_eq!(account.quoted(b"/"), b"\"/\"");
    }
}
