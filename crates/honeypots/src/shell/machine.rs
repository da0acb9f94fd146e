//! The machine that the shell pretends to run on.

use sha2::{Digest, Sha256};
use skep_model::{Timestamp, time::DAY};

use super::{filesystem::Tree, tree};

/// The kernel's release.
pub(super) const KERNEL: &str = "5.15.0-113-generic";
/// The kernel's version.
pub(super) const VERSION: &str = "#123-Ubuntu SMP Mon Jun 10 08:16:17 UTC 2024";
/// The processor's name.
pub(super) const PROCESSOR: &str = "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz";
/// The main memory in KiB.
pub(super) const MEMORY: u64 = 2_014_464;

/// An imitated machine. One sensor's machines are always the same, and differ from any other sensor's.
#[derive(Debug)]
pub struct Machine {
    /// Its name.
    pub hostname: String,
    pub(super) address: String,
    pub(super) mac: String,
    pub(super) booted: Timestamp,
    pub(super) tree: Tree,
}

impl Machine {
    /// The machine of a sensor; `hostname` is derived from the identity where it is empty.
    #[must_use]
    pub fn new(identity: &[u8; 32], hostname: &str) -> Self {
        let seed = derive(identity, "machine");
        let hostname = if hostname.is_empty() {
            name(&seed)
        } else {
            hostname.to_owned()
        };
        let address = format!("10.{}.{}.{}", seed[4], seed[5], 2 + seed[6] % 250);
        let mac = format!("52:54:00:{:02x}:{:02x}:{:02x}", seed[7], seed[8], seed[9]);
        let up = DAY * (9 + i64::from(seed[10] % 60)) + i64::from(seed[11]) * 301_000;
        let booted = Timestamp(Timestamp::now().0 - up);
        let tree = tree::build(&hostname, booted);
        Self {
            hostname,
            address,
            mac,
            booted,
            tree,
        }
    }
}

/// Bytes that follow from an identity, different ones for every purpose.
pub(crate) fn derive(identity: &[u8; 32], purpose: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"skep honeypot ")
        .chain_update(purpose)
        .chain_update([0])
        .chain_update(identity)
        .finalize()
        .into()
}

fn name(seed: &[u8; 32]) -> String {
    const ROLES: [&str; 16] = [
        "web", "app", "db", "srv", "node", "vps", "backup", "mail", "files", "proxy", "build",
        "monitor", "cache", "edge", "api", "stage",
    ];
    format!(
        "{}-{:02}",
        ROLES[usize::from(seed[0]) % ROLES.len()],
        1 + seed[1] % 40
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_the_same_every_time_and_another_elsewhere() {
        let one = Machine::new(&[1; 32], "");
        assert_eq!(one.hostname, Machine::new(&[1; 32], "").hostname);
        assert_ne!(one.mac, Machine::new(&[2; 32], "").mac);
        assert_eq!(Machine::new(&[1; 32], "camera").hostname, "camera");
    }
}
