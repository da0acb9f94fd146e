//! Which machine the shell pretends to be.

use crate::contract::{Setting, SettingKind};

mod router;
mod servers;

/// The setting's name.
pub(crate) const NAME: &str = "personality";

/// The setting of every honeypot that has the imitated shell.
pub(crate) const SETTING: Setting = Setting {
    name: NAME,
    description: "The machine that is imitated: banner, prompt, system and files.",
    kind: SettingKind::Choice {
        default: "ubuntu",
        options: &["ubuntu", "debian", "centos", "busybox-router"],
    },
};

/// A kind of machine.
#[derive(Debug)]
pub struct Personality {
    /// Its name in the settings.
    name: &'static str,
    /// What the system calls itself.
    pub(crate) product: &'static str,
    /// The SSH server's identification.
    pub(crate) ssh: &'static str,
    /// The line before telnet's login prompt.
    pub(crate) telnet: &'static str,
    /// What is shown after a login.
    pub(super) greeting: &'static str,
    pub(super) shell: ShellKind,
    /// The kernel's release.
    pub(super) kernel: &'static str,
    /// The kernel's version.
    pub(super) version: &'static str,
    /// What `uname -m` says.
    pub(super) architecture: &'static str,
    /// Whether `uname` knows processor and platform, too.
    pub(super) platform: bool,
    /// What built the kernel, as in `/proc/version`.
    pub(super) compiler: &'static str,
    pub(super) processor: &'static str,
    pub(super) processors: u32,
    /// What `/proc/cpuinfo` says of one processor; `{n}` is its number.
    pub(super) cpuinfo: &'static str,
    /// The main memory in KiB.
    pub(super) memory: u64,
    /// The first network interface.
    pub(super) interface: &'static str,
    /// What the first disk's root partition is called.
    pub(super) disk: &'static str,
    /// The beginning of its programs' files.
    pub(super) elf: &'static [u8],
    /// `busybox` without arguments, its first line.
    pub(super) busybox: &'static str,
    /// Programs that other machines have and this one has not.
    pub(super) without: &'static [&'static str],
    /// Files that no other machine has, or has with other words.
    pub(super) files: &'static [(&'static str, u32, &'static str)],
}

/// The shell that users log in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShellKind {
    /// Debian's bash.
    Bash,
    /// Red Hat's bash, whose prompt is another.
    RedHat,
    /// The one in `busybox`.
    Ash,
}

/// The head of an x86-64 program, from which attackers read the processor's architecture.
const X86_64: &[u8] =
    b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x3e\x00\x01\x00\x00\x00\
\xd0\x6a\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x50\x14\x02\x00\x00\x00\x00\x00\
\x00\x00\x00\x00\x40\x00\x38\x00\x0d\x00\x40\x00\x1f\x00\x1e\x00";

impl Personality {
    /// The personality of that name; the first one if there is none.
    #[must_use]
    pub fn find(name: &str) -> &'static Self {
        [
            &servers::UBUNTU,
            &servers::DEBIAN,
            &servers::CENTOS,
            &router::ROUTER,
        ]
        .into_iter()
        .find(|personality| personality.name == name)
        .unwrap_or(&servers::UBUNTU)
    }

    /// Whether all of its programs are `busybox`.
    pub(crate) fn is_busybox(&self) -> bool {
        self.shell == ShellKind::Ash
    }

    /// Whether it has a program of that name.
    pub(super) fn has(&self, program: &[u8]) -> bool {
        !self.without.iter().any(|name| name.as_bytes() == program)
    }
}
