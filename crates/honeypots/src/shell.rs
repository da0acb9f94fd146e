//! An imitated shell on an imitated machine: it answers as a small Linux server would, and does nothing.
//!
//! [`Shell`] is a plain state machine over bytes. `terminal` puts a line editor in front of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use skep_model::Timestamp;

mod arithmetic;
mod bounds;
pub(crate) mod commands;
pub(crate) mod date;
pub(crate) mod editor;
mod escape;
mod expand;
pub(crate) mod filesystem;
mod glob;
mod identity;
mod invoke;
pub(crate) mod login;
pub mod machine;
pub mod parse;
pub mod personality;
mod proc;
pub(crate) mod reads;
mod redirect;
mod run;
pub(crate) mod terminal;
mod tree;

use filesystem::{Filesystem, Kind, Node};
pub use machine::Machine;
pub use personality::Personality;
use personality::ShellKind;
use reads::Reads;

/// The most bytes that one command line prints.
pub const OUTPUT: usize = 64 * 1024;
/// The longest pause that one command line makes.
pub const PAUSE: Duration = Duration::from_secs(5);
/// The longest line that is understood; what is beyond is not.
const LINE: usize = 64 * 1024;
/// The most lines that make one.
const CONTINUED: usize = 1000;
/// The most bytes of standard input that a command is given.
pub(crate) const INPUT: usize = 1024 * 1024;
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
    user: String,
    uid: u32,
    home: Vec<u8>,
    directory: Vec<u8>,
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Functions, and how many tokens each takes.
    functions: BTreeMap<Vec<u8>, (Arc<parse::List>, usize)>,
    /// What the shell or the script is called, `$0`.
    name: Vec<u8>,
    /// The arguments of the script or the function, `$1` and so on.
    arguments: Vec<Vec<u8>>,
    history: Vec<Vec<u8>>,
    status: u8,
    /// Who was here before, of each shell within the first one.
    levels: Vec<identity::Level>,
}

impl Shell {
    /// A shell for somebody who has just logged in.
    #[must_use]
    pub fn new(machine: Arc<Machine>, user: &str, mode: Mode) -> Self {
        let (mut files, uid, home) = files_of(&machine, user);
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let shell: &[u8] = if machine.personality.is_busybox() {
            b"/bin/ash"
        } else {
            b"/bin/bash"
        };
        let variables = [
            ("HOME", home.as_slice()),
            ("LANG", b"C.UTF-8"),
            ("LOGNAME", user.as_bytes()),
            ("PATH", path.as_bytes()),
            ("SHELL", shell),
            ("TERM", b"xterm"),
            ("USER", user.as_bytes()),
        ];
        let variables = variables
            .map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()))
            .into();
        let directory = home.clone();
        let history = remembered(&mut files, &home);
        Self {
            name: name(&machine, mode),
            machine,
            files,
            user: user.to_owned(),
            uid,
            home,
            directory,
            variables,
            functions: BTreeMap::new(),
            arguments: vec![],
            history,
            status: 0,
            levels: vec![],
        }
    }

    /// Begins anew, with the same files.
    pub fn restart(&mut self, mode: Mode) {
        self.leave_to(0);
        self.name = name(&self.machine, mode);
        self.directory.clone_from(&self.home);
        self.status = 0;
        self.history = remembered(&mut self.files, &self.home);
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
        self.files.act_as(self.uid);
        other.files.act_as(other.uid);
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> &[u8] {
        &self.home
    }

    /// The words of a line that is one plain command; none of any other line.
    pub(crate) fn words(&mut self, line: &[u8]) -> Vec<Vec<u8>> {
        let Ok(list) = parse::parse(&line[..line.len().min(LINE)]) else {
            return vec![];
        };
        let [(_, pipeline)] = list.as_slice() else {
            return vec![];
        };
        match pipeline.commands.as_slice() {
            [
                parse::Command {
                    body: parse::Body::Simple(words),
                    redirects,
                },
            ] if redirects.is_empty() => self.expand_all(words, &mut bounds::Run::new()),
            _ => vec![],
        }
    }

    /// Whether a line goes on with the next one, because something in it has no end yet.
    pub(crate) fn is_unfinished(line: &[u8]) -> bool {
        line.len() < LINE
            && memchr::memchr_iter(b'\n', line).count() < CONTINUED
            && parse::is_unfinished(line)
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
        self.keep_time();
        let mut run = bounds::Run::new();
        let mut streams = bounds::Streams::joined();
        self.run_line(line, &mut bounds::Input::new(input), &mut streams, &mut run);
        if run.ended
            && let Some(word) = self.leave()
        {
            streams.print(word);
            run.ended = false;
        }
        Outcome {
            output: streams.out,
            urls: run.urls,
            pause: run.pause,
            status: self.status,
            ended: run.ended,
        }
    }

    /// What a command line reads of its standard input, if it does, so that it waits for what the source sends.
    pub(crate) fn reads(line: &[u8]) -> Option<Reads> {
        reads::reads(&line[..line.len().min(LINE)])
    }

    /// What stands before the cursor.
    #[must_use]
    pub fn prompt(&self) -> Vec<u8> {
        let directory = match self.directory.strip_prefix(self.home.as_slice()) {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => [b"~", rest].concat(),
            _ => self.directory.clone(),
        };
        let sign: &[u8] = if self.uid == 0 { b"# " } else { b"$ " };
        let who = [self.user.as_bytes(), b"@", self.machine.hostname.as_bytes()].concat();
        match self.machine.personality.shell {
            ShellKind::Bash | ShellKind::Ash => [&who, b":".as_slice(), &directory, sign].concat(),
            ShellKind::RedHat => {
                let last = directory.rsplit(|b| *b == b'/').next().unwrap_or_default();
                let last = if last.is_empty() { b"/" } else { last };
                [b"[", who.as_slice(), b" ", last, b"]", sign].concat()
            }
        }
    }

    /// What is printed after a login.
    #[must_use]
    pub fn greeting(&self) -> &'static str {
        self.machine.personality.greeting
    }

    /// Brings what the kernel says of the time up to date.
    fn keep_time(&mut self) {
        let (now, machine) = (Self::now(), &self.machine);
        let text = proc::uptime(machine.personality, machine.booted, now);
        self.files.place(
            proc::UPTIME.as_bytes(),
            Node {
                kind: Kind::File(text.into_bytes().into()),
                mode: 0o444,
                owner: 0,
                modified: now,
            },
        );
    }

    fn now() -> Timestamp {
        Timestamp::now()
    }
}

/// The machine's files as a user sees them, the user's number, and the home directory.
pub(crate) fn files_of(machine: &Arc<Machine>, user: &str) -> (Filesystem, u32, Vec<u8>) {
    let uid = if user == "root" { 0 } else { 1000 };
    let home = if uid == 0 {
        b"/root".to_vec()
    } else {
        [b"/home/", user.as_bytes()].concat()
    };
    let mut files = Filesystem::new(Arc::clone(machine), uid, user);
    if uid != 0 {
        add_user(&mut files, user, uid, &home, machine.booted);
    }
    (files, uid, home)
}

/// How a shell calls itself.
fn name(machine: &Machine, mode: Mode) -> Vec<u8> {
    let name = match (machine.personality.is_busybox(), mode) {
        (true, Mode::Login) => "-ash",
        (true, Mode::Command) => "ash",
        (false, Mode::Login) => "-bash",
        (false, Mode::Command) => "bash",
    };
    name.into()
}

/// The history that the user has left behind.
fn remembered(files: &mut Filesystem, home: &[u8]) -> Vec<Vec<u8>> {
    let path = [home, b"/.bash_history"].concat();
    let text = files.read(&path).unwrap_or_default();
    text.split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .take(HISTORY)
        .map(<[u8]>::to_vec)
        .collect()
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
