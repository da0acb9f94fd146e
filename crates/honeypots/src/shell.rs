//! An imitated shell on an imitated machine: it answers as a small Linux server would, and does nothing.
//!
//! [`Shell`] is a plain state machine over bytes. `terminal` puts a line editor in front of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use skep_model::Timestamp;

mod bounds;
pub(crate) mod commands;
mod date;
pub(crate) mod editor;
mod expand;
pub(crate) mod filesystem;
pub mod machine;
pub mod parse;
mod run;
pub(crate) mod terminal;
mod tree;

use filesystem::{Filesystem, Kind, Node};
pub use machine::Machine;

/// The most bytes that one command line prints.
pub const OUTPUT: usize = 64 * 1024;
/// The longest pause that one command line makes.
pub const PAUSE: Duration = Duration::from_secs(5);
/// The longest line that is understood; what is beyond is not.
const LINE: usize = 64 * 1024;
/// The most addresses that are noted from one line.
const URLS: usize = 100;
/// How many lines the history has.
const HISTORY: usize = 500;

/// What came of a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What it prints, with bare line feeds.
    pub output: Vec<u8>,
    /// The addresses that it would have fetched from.
    pub urls: Vec<Vec<u8>>,
    /// How long it takes until it prints.
    pub pause: Duration,
    /// The exit status.
    pub status: u8,
    /// Whether the shell ends.
    pub ended: bool,
}

/// How a shell was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As a login shell.
    Login,
    /// For one command, as by `ssh host command`.
    Command,
}

/// A shell of one session.
#[derive(Clone, Debug)]
pub struct Shell {
    machine: Arc<Machine>,
    files: Filesystem,
    mode: Mode,
    user: String,
    uid: u32,
    home: Vec<u8>,
    directory: Vec<u8>,
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    history: Vec<Vec<u8>>,
    status: u8,
}

impl Shell {
    /// A shell for somebody who has just logged in.
    #[must_use]
    pub fn new(machine: Arc<Machine>, user: &str, mode: Mode) -> Self {
        let uid = if user == "root" { 0 } else { 1000 };
        let home = if uid == 0 {
            b"/root".to_vec()
        } else {
            [b"/home/", user.as_bytes()].concat()
        };
        let mut files = Filesystem::new(Arc::clone(&machine), uid, user);
        if uid != 0 {
            add_user(&mut files, user, uid, &home, machine.booted);
        }
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let variables = [
            ("HOME", home.as_slice()),
            ("LANG", b"C.UTF-8"),
            ("LOGNAME", user.as_bytes()),
            ("PATH", path.as_bytes()),
            ("SHELL", b"/bin/bash"),
            ("TERM", b"xterm"),
            ("USER", user.as_bytes()),
        ];
        let variables = variables
            .map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()))
            .into();
        let directory = home.clone();
        Self {
            machine,
            files,
            mode,
            user: user.to_owned(),
            uid,
            home,
            directory,
            variables,
            history: vec![],
            status: 0,
        }
    }

    /// Begins anew, with the same files.
    pub fn restart(&mut self, mode: Mode) {
        self.mode = mode;
        self.directory.clone_from(&self.home);
        self.status = 0;
        self.history.clear();
    }

    /// A new shell of the same user, which sees the files as they are now.
    #[must_use]
    pub fn restarted(&self, mode: Mode) -> Self {
        let mut shell = self.clone();
        shell.restart(mode);
        shell
    }

    /// The files.
    pub(crate) fn files(&mut self) -> &mut Filesystem {
        &mut self.files
    }

    /// Takes another shell's files, and gives its own for them.
    pub(crate) fn swap_files(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.files, &mut other.files);
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> &[u8] {
        &self.home
    }

    /// The words of a line that is one plain command; none of any other line.
    pub(crate) fn words(&mut self, line: &[u8]) -> Vec<Vec<u8>> {
        match parse::parse(&line[..line.len().min(LINE)]).as_deref() {
            Ok([(_, pipeline)]) => match pipeline.as_slice() {
                [simple] if simple.redirects.is_empty() => {
                    self.expand_all(&simple.words, &mut bounds::Run::new())
                }
                _ => vec![],
            },
            _ => vec![],
        }
    }

    /// Runs a command line.
    pub fn run(&mut self, line: &[u8]) -> Outcome {
        self.run_with(line, b"")
    }

    /// Runs a command line with bytes on its standard input.
    pub fn run_with(&mut self, line: &[u8], input: &[u8]) -> Outcome {
        let line = &line[..line.len().min(LINE)];
        if !line.trim_ascii().is_empty() {
            self.history.push(line[..line.len().min(4096)].to_vec());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        let mut run = bounds::Run::new();
        let mut streams = bounds::Streams::joined();
        self.run_line(line, input, &mut streams, &mut run);
        Outcome {
            output: streams.out,
            urls: run.urls,
            pause: run.pause,
            status: self.status,
            ended: run.ended,
        }
    }

    /// Whether a command line reads its standard input, so that it waits for what the source sends.
    #[must_use]
    pub fn reads_input(line: &[u8]) -> bool {
        run::reads_input(&line[..line.len().min(LINE)])
    }

    /// What stands before the cursor.
    #[must_use]
    pub fn prompt(&self) -> Vec<u8> {
        let directory = match self.directory.strip_prefix(self.home.as_slice()) {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => [b"~", rest].concat(),
            _ => self.directory.clone(),
        };
        let sign = if self.uid == 0 { b"# " } else { b"$ " };
        [
            self.user.as_bytes(),
            b"@",
            self.machine.hostname.as_bytes(),
            b":",
            &directory,
            sign,
        ]
        .concat()
    }

    /// What is printed after a login.
    #[must_use]
    pub fn greeting(&self) -> String {
        format!(
            "Welcome to Ubuntu 22.04.4 LTS (GNU/Linux {} x86_64)\n\n * Documentation:  https://help.ubuntu.com\n * Management:     https://landscape.canonical.com\n * Support:        https://ubuntu.com/pro\n\n",
            machine::KERNEL
        )
    }

    fn now() -> Timestamp {
        Timestamp::now()
    }
}

/// Adds a user that the machine did not know before to its files.
fn add_user(files: &mut Filesystem, user: &str, uid: u32, home: &[u8], made: Timestamp) {
    files.place(
        home,
        Node {
            kind: Kind::Directory,
            mode: 0o750,
            owner: uid,
            modified: made,
        },
    );
    for (path, line) in [
        (
            "/etc/passwd",
            format!("{user}:x:{uid}:{uid}:,,,:/home/{user}:/bin/bash\n"),
        ),
        ("/etc/group", format!("{user}:x:{uid}:\n")),
    ] {
        let old = files.read(path.as_bytes()).unwrap_or_default().to_vec();
        let content = [old, line.into_bytes()].concat();
        files.place(
            path.as_bytes(),
            Node {
                kind: Kind::File(content.into()),
                mode: 0o644,
                owner: 0,
                modified: made,
            },
        );
    }
}

#[cfg(test)]
mod tests;
