//! The commands that the imitated machine knows.

use super::{Shell, bounds::Call};

mod control;
mod download;
mod files;
pub(crate) mod list;
mod network;
mod system;
mod text;

/// What a command does; it returns its exit status.
pub(super) type Command = fn(&mut Shell, &mut Call<'_>) -> u8;

/// Where a command is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the shell itself.
    Shell,
    /// In `/usr/bin`.
    Bin,
    /// In `/usr/sbin`.
    Sbin,
}
use Place::{Bin, Sbin};

/// All commands by name.
const COMMANDS: &[(&str, Place, Command)] = &[
    (":", Place::Shell, control::succeed),
    (".", Place::Shell, control::source),
    ("[", Bin, control::test),
    ("alias", Place::Shell, control::succeed),
    ("apt", Bin, system::no_lock),
    ("apt-get", Bin, system::no_lock),
    ("arch", Bin, system::arch),
    ("awk", Bin, text::awk),
    ("base64", Bin, text::base64),
    ("bash", Bin, control::sh),
    ("busybox", Bin, control::busybox),
    ("cat", Bin, files::cat),
    ("cd", Place::Shell, files::cd),
    ("chattr", Bin, control::succeed),
    ("chmod", Bin, files::chmod),
    ("chown", Bin, files::chown),
    ("chpasswd", Sbin, control::succeed),
    ("clear", Bin, system::clear),
    ("command", Place::Shell, control::command),
    ("cp", Bin, files::cp),
    ("crontab", Bin, system::crontab),
    ("curl", Bin, download::curl),
    ("cut", Bin, text::cut),
    ("date", Bin, system::date),
    ("dd", Bin, files::dd),
    ("df", Bin, system::df),
    ("dmesg", Bin, system::forbidden),
    ("dmidecode", Sbin, system::forbidden),
    ("echo", Bin, text::echo),
    ("enable", Place::Shell, control::succeed),
    ("env", Bin, control::env),
    ("exit", Place::Shell, control::exit),
    ("export", Place::Shell, control::export),
    ("false", Bin, control::fail),
    ("for", Place::Shell, control::for_each),
    ("free", Bin, system::free),
    ("ftpget", Bin, download::ftpget),
    ("grep", Bin, text::grep),
    ("groups", Bin, system::groups),
    ("head", Bin, text::head),
    ("history", Place::Shell, control::history),
    ("hostname", Bin, system::hostname),
    ("id", Bin, system::id),
    ("ifconfig", Sbin, network::ifconfig),
    ("ip", Bin, network::ip),
    ("iptables", Sbin, control::succeed),
    ("kill", Bin, system::kill),
    ("killall", Bin, system::kill),
    ("last", Bin, system::last),
    ("logout", Place::Shell, control::exit),
    ("ls", Bin, list::ls),
    ("lscpu", Bin, system::lscpu),
    ("lspci", Bin, system::lspci),
    ("mkdir", Bin, files::mkdir),
    ("mount", Bin, system::mount),
    ("mv", Bin, files::mv),
    ("netstat", Bin, network::netstat),
    ("nohup", Bin, control::prefix),
    ("nproc", Bin, system::nproc),
    ("passwd", Bin, system::passwd),
    ("ping", Bin, network::ping),
    ("pkill", Bin, system::kill),
    ("printf", Bin, text::printf),
    ("ps", Bin, system::ps),
    ("pwd", Place::Shell, files::pwd),
    ("rm", Bin, files::rm),
    ("rmdir", Bin, files::rmdir),
    ("route", Sbin, network::route),
    ("sed", Bin, text::cat_input),
    ("service", Sbin, control::succeed),
    ("set", Place::Shell, control::succeed),
    ("sh", Bin, control::sh),
    ("sleep", Bin, system::sleep),
    ("sort", Bin, text::sort),
    ("source", Place::Shell, control::source),
    ("ss", Bin, network::netstat),
    ("stty", Bin, control::succeed),
    ("sudo", Bin, control::prefix),
    ("su", Bin, control::succeed),
    ("sync", Bin, control::succeed),
    ("systemctl", Bin, control::succeed),
    ("tail", Bin, text::tail),
    ("tee", Bin, files::tee),
    ("test", Bin, control::test),
    ("tftp", Bin, download::tftp),
    ("top", Bin, system::ps),
    ("touch", Bin, files::touch),
    ("tr", Bin, text::cat_input),
    ("true", Bin, control::succeed),
    ("type", Place::Shell, control::which),
    ("ulimit", Place::Shell, control::succeed),
    ("umask", Place::Shell, control::succeed),
    ("uname", Bin, system::uname),
    ("uniq", Bin, text::uniq),
    ("unset", Place::Shell, control::unset),
    ("uptime", Bin, system::uptime),
    ("useradd", Sbin, control::succeed),
    ("w", Bin, system::w),
    ("wc", Bin, text::wc),
    ("wget", Bin, download::wget),
    ("which", Bin, control::which),
    ("who", Bin, system::who),
    ("whoami", Bin, system::whoami),
    ("xargs", Bin, control::xargs),
];

/// The command of that name.
pub(super) fn find(name: &[u8]) -> Option<Command> {
    COMMANDS
        .iter()
        .find(|(known, ..)| known.as_bytes() == name)
        .map(|(.., command)| *command)
}

/// The paths of all programs.
pub(super) fn programs() -> impl Iterator<Item = String> {
    COMMANDS
        .iter()
        .filter_map(|(name, ..)| path(name.as_bytes()))
}

/// The path of a program; what is part of the shell has none.
fn path(name: &[u8]) -> Option<String> {
    let (name, place, _) = COMMANDS
        .iter()
        .find(|(known, ..)| known.as_bytes() == name)?;
    match place {
        Place::Shell => None,
        Bin => Some(format!("/usr/bin/{name}")),
        Sbin => Some(format!("/usr/sbin/{name}")),
    }
}

/// The lines of a text, without their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_suffix(b"\n")
        .unwrap_or(text)
        .split(|b| *b == b'\n')
        .filter(move |_| !text.is_empty())
}

/// The names of all commands.
#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    COMMANDS
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect()
}
