//! The commands that the imitated machine knows.

use super::{Shell, bounds::Call};

mod awk;
mod code;
mod control;
mod copy;
mod download;
mod files;
mod grep;
pub(crate) mod list;
mod machine;
mod mode;
mod network;
mod people;
mod print;
mod processes;
pub(super) mod programs;
mod sed;
mod services;
mod su;
mod text;
mod variables;

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
    (".", Place::Shell, control::source),
    (":", Place::Shell, control::succeed),
    ("[", Bin, variables::test),
    ("[[", Place::Shell, variables::test),
    ("alias", Place::Shell, control::succeed),
    ("apt", Bin, services::apt),
    ("apt-get", Bin, services::apt),
    ("arch", Bin, machine::arch),
    ("ash", Bin, control::sh),
    ("awk", Bin, awk::awk),
    ("base64", Bin, code::base64),
    ("basename", Bin, print::basename),
    ("bash", Bin, control::sh),
    ("bg", Place::Shell, control::succeed),
    ("break", Place::Shell, control::break_),
    ("busybox", Bin, control::busybox),
    ("cat", Bin, files::cat),
    ("cd", Place::Shell, files::cd),
    ("chattr", Bin, control::succeed),
    ("chmod", Bin, mode::chmod),
    ("chown", Bin, files::chown),
    ("chpasswd", Sbin, people::chpasswd),
    ("clear", Bin, machine::clear),
    ("command", Place::Shell, control::command),
    ("continue", Place::Shell, control::break_),
    ("cp", Bin, copy::cp),
    ("crontab", Bin, services::crontab),
    ("curl", Bin, download::curl),
    ("cut", Bin, text::cut),
    ("dash", Bin, control::sh),
    ("date", Bin, machine::date),
    ("dd", Bin, copy::dd),
    ("df", Bin, machine::df),
    ("dirname", Bin, print::basename),
    ("disown", Place::Shell, control::succeed),
    ("dmesg", Bin, machine::forbidden),
    ("dmidecode", Sbin, machine::forbidden),
    ("dpkg", Bin, services::apt),
    ("echo", Bin, print::echo),
    ("egrep", Bin, grep::grep),
    ("enable", Place::Shell, control::succeed),
    ("env", Bin, variables::env),
    ("eval", Place::Shell, control::eval),
    ("exec", Place::Shell, control::prefix),
    ("exit", Place::Shell, control::exit),
    ("export", Place::Shell, variables::export),
    ("false", Bin, control::fail),
    ("fg", Place::Shell, control::fail),
    ("fgrep", Bin, grep::grep),
    ("find", Bin, list::find),
    ("free", Bin, machine::free),
    ("ftpget", Bin, download::ftpget),
    ("grep", Bin, grep::grep),
    ("groups", Bin, people::groups),
    ("gunzip", Bin, control::fail),
    ("gzip", Bin, control::succeed),
    ("halt", Sbin, control::succeed),
    ("head", Bin, text::head),
    ("history", Place::Shell, variables::history),
    ("hostname", Bin, machine::hostname),
    ("id", Bin, people::id),
    ("ifconfig", Sbin, network::ifconfig),
    ("insmod", Sbin, control::fail),
    ("install", Bin, copy::cp),
    ("ionice", Bin, control::prefix),
    ("ip", Bin, network::ip),
    ("iptables", Sbin, control::succeed),
    ("jobs", Place::Shell, control::succeed),
    ("kill", Bin, processes::kill),
    ("killall", Bin, processes::kill),
    ("last", Bin, people::last),
    ("lastlog", Bin, people::lastlog),
    ("let", Place::Shell, variables::let_),
    ("ln", Bin, copy::ln),
    ("local", Place::Shell, variables::export),
    ("logout", Place::Shell, control::exit),
    ("ls", Bin, list::ls),
    ("lsb_release", Bin, machine::lsb_release),
    ("lscpu", Bin, machine::lscpu),
    ("lspci", Bin, machine::lspci),
    ("md5sum", Bin, code::sum),
    ("mkdir", Bin, files::mkdir),
    ("modprobe", Sbin, control::fail),
    ("mount", Bin, machine::mount),
    ("mv", Bin, copy::mv),
    ("nano", Bin, programs::nano),
    ("netstat", Bin, network::netstat),
    ("nice", Bin, control::prefix),
    ("nohup", Bin, control::prefix),
    ("nproc", Bin, machine::nproc),
    ("passwd", Bin, people::passwd),
    ("pgrep", Bin, processes::pgrep),
    ("pidof", Bin, processes::pgrep),
    ("ping", Bin, network::ping),
    ("pkill", Bin, processes::kill),
    ("printf", Bin, print::printf),
    ("ps", Bin, processes::ps),
    ("pwd", Place::Shell, files::pwd),
    ("python3", Bin, programs::python),
    ("read", Place::Shell, variables::read),
    ("readonly", Place::Shell, variables::export),
    ("reboot", Sbin, control::succeed),
    ("return", Place::Shell, control::return_),
    ("rev", Bin, text::rev),
    ("rm", Bin, files::rm),
    ("rmdir", Bin, files::rmdir),
    ("route", Sbin, network::route),
    ("scp", Bin, download::scp),
    ("sed", Bin, sed::sed),
    ("seq", Bin, print::seq),
    ("service", Sbin, services::systemctl),
    ("set", Place::Shell, variables::set),
    ("setsid", Bin, control::prefix),
    ("sh", Bin, control::sh),
    ("sha1sum", Bin, code::sum),
    ("sha256sum", Bin, code::sum),
    ("shift", Place::Shell, variables::shift),
    ("shopt", Place::Shell, control::succeed),
    ("sleep", Bin, processes::sleep),
    ("sort", Bin, text::sort),
    ("source", Place::Shell, control::source),
    ("ss", Bin, network::ss),
    ("stdbuf", Bin, control::prefix),
    ("stty", Bin, control::succeed),
    ("su", Bin, su::su),
    ("sudo", Bin, su::sudo),
    ("sync", Bin, control::succeed),
    ("sysctl", Sbin, control::succeed),
    ("systemctl", Bin, services::systemctl),
    ("tail", Bin, text::tail),
    ("tee", Bin, files::tee),
    ("test", Bin, variables::test),
    ("tftp", Bin, download::tftp),
    ("time", Bin, control::prefix),
    ("timeout", Bin, control::prefix),
    ("top", Bin, processes::top),
    ("touch", Bin, files::touch),
    ("tr", Bin, text::tr),
    ("trap", Place::Shell, control::succeed),
    ("true", Bin, control::succeed),
    ("type", Place::Shell, control::which),
    ("ulimit", Place::Shell, control::succeed),
    ("umask", Place::Shell, control::succeed),
    ("umount", Bin, control::succeed),
    ("unalias", Place::Shell, control::succeed),
    ("uname", Bin, machine::uname),
    ("uniq", Bin, text::uniq),
    ("unset", Place::Shell, variables::unset),
    ("uptime", Bin, machine::uptime),
    ("useradd", Sbin, people::useradd),
    ("userdel", Sbin, control::succeed),
    ("usermod", Sbin, control::succeed),
    ("vi", Bin, programs::vi),
    ("vim", Bin, programs::vi),
    ("w", Bin, people::w),
    ("wait", Place::Shell, control::succeed),
    ("wc", Bin, text::wc),
    ("wget", Bin, download::wget),
    ("which", Bin, control::which),
    ("who", Bin, people::who),
    ("whoami", Bin, people::whoami),
    ("xargs", Bin, control::xargs),
    ("yes", Bin, print::yes),
    ("yum", Bin, services::yum),
];

/// Programs that `busybox` has not.
const NOT_BUSYBOX: &[&str] = &[
    "apt",
    "apt-get",
    "bash",
    "busybox",
    "chattr",
    "chpasswd",
    "curl",
    "dash",
    "dmidecode",
    "dpkg",
    "groups",
    "lastlog",
    "lsb_release",
    "lscpu",
    "lspci",
    "nano",
    "python3",
    "scp",
    "service",
    "ss",
    "stdbuf",
    "su",
    "sudo",
    "systemctl",
    "useradd",
    "userdel",
    "usermod",
    "vi",
    "vim",
    "w",
    "yum",
];

/// The command of that name.
pub(super) fn find(name: &[u8]) -> Option<Command> {
    COMMANDS
        .iter()
        .find(|(known, ..)| known.as_bytes() == name)
        .map(|(.., command)| *command)
}

/// The names of all programs.
pub(super) fn programs() -> impl Iterator<Item = &'static str> {
    COMMANDS
        .iter()
        .filter(|(_, place, _)| *place != Place::Shell)
        .map(|(name, ..)| *name)
}

/// The directory of a program.
pub(super) fn folder(name: &str) -> &'static str {
    let sbin = COMMANDS
        .iter()
        .any(|(known, place, _)| *known == name && *place == Sbin);
    if sbin { "/usr/sbin" } else { "/usr/bin" }
}

/// The path of a program; what is part of the shell has none.
fn path(name: &[u8]) -> Option<String> {
    let name = programs().find(|known| known.as_bytes() == name)?;
    Some(format!("{}/{name}", folder(name)))
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
