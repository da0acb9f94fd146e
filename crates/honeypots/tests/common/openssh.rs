//! OpenSSH's programs, which type the password by themselves.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, process::Stdio};

use tokio::process::Command;

use super::Pot;

const OPTIONS: [&str; 5] = [
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    "-oGlobalKnownHostsFile=/dev/null",
    "-oLogLevel=ERROR",
    "-oPubkeyAuthentication=no",
];

/// `ssh`; options come first in `more`, then the command.
pub fn ssh(pot: &Pot, user: &str, password: &str, more: &[&str]) -> Command {
    ssh_as(pot, user.as_bytes(), password.as_bytes(), more)
}

/// The same with names and passwords that need not be text.
pub fn ssh_as(pot: &Pot, user: &[u8], password: &[u8], more: &[&str]) -> Command {
    let mut ssh = program("ssh", password);
    ssh.args(["-p", &pot.port().to_string()])
        .args(more.iter().take_while(|arg| arg.starts_with('-')))
        .arg("-l")
        .arg(OsStr::from_bytes(user))
        .arg("127.0.0.1")
        .args(more.iter().skip_while(|arg| arg.starts_with('-')));
    ssh
}

/// `scp` or `sftp` as root, who is let in.
pub fn copy(pot: &Pot, name: &str, more: &[&OsStr]) -> Command {
    let mut copy = program(name, b"root");
    copy.args(["-P", &pot.port().to_string()]).args(more);
    copy
}

fn program(name: &str, password: &[u8]) -> Command {
    let mut program = Command::new("sshpass");
    program
        .arg("-p")
        .arg(OsStr::from_bytes(password))
        .args([name, "-F", "none"])
        .args(OPTIONS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    program
}
