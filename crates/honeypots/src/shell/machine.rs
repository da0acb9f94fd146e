//! The machine that the shell pretends to run on.

use sha2::{Digest, Sha256};
use skep_model::{Timestamp, time::DAY};

use super::{filesystem::Tree, personality::Personality, tree};

/// An imitated machine. One sensor's machines are always the same, and differ from any other sensor's.
#[derive(Debug)]
pub struct Machine {
    /// Its name.
    pub hostname: String,
    pub(super) personality: &'static Personality,
    pub(super) address: String,
    pub(super) mac: String,
    pub(super) booted: Timestamp,
    pub(super) tree: Tree,
}

impl Machine {
    /// The machine of a sensor; `hostname` is derived from the identity where it is empty.
    #[must_use]
    pub fn new(identity: &[u8; 32], hostname: &str, personality: &'static Personality) -> Self {
        let seed = derive(identity, "machine");
        let hostname = if hostname.is_empty() {
            if personality.is_busybox() {
                "OpenWrt".to_owned()
            } else {
                name(&seed)
            }
        } else {
            hostname.to_owned()
        };
        let address = format!("10.{}.{}.{}", seed[4], seed[5], 2 + seed[6] % 250);
        let mac = format!("52:54:00:{:02x}:{:02x}:{:02x}", seed[7], seed[8], seed[9]);
        let up = DAY * (9 + i64::from(seed[10] % 60)) + i64::from(seed[11]) * 301_000;
        let booted = Timestamp(Timestamp::now().0 - up);
        let tree = tree::build(personality, &hostname, &address, &mac, booted);
        Self {
            hostname,
            personality,
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
        let ubuntu = Personality::find("ubuntu");
        let one = Machine::new(&[1; 32], "", ubuntu);
        assert_eq!(one.hostname, Machine::new(&[1; 32], "", ubuntu).hostname);
        assert_ne!(one.mac, Machine::new(&[2; 32], "", ubuntu).mac);
        assert_eq!(Machine::new(&[1; 32], "camera", ubuntu).hostname, "camera");
    }
}
