//! What shall run, and what it may.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use skep_protocol::{
    manifest::{Capability, Manifest, Protocol},
    message::InstanceConfiguration,
};

/// Rises when the same manifest and configuration make another container.
const SPECIFICATION: u32 = 2;

/// An instance that shall run in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// Where it listens, and its settings. Its ports are those of the manifest, in the same order.
    pub configuration: InstanceConfiguration,
    /// What it is.
    pub manifest: Manifest,
    /// What it may.
    pub allowed: Permissions,
}

/// What an instance may do beyond what every container may. An administrator says so; a manifest only asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Permissions {
    /// Capabilities that a hardened container gets if it asks for them.
    pub capabilities: BTreeSet<Capability>,
    /// The interface that a container for HoneySens works on if it asks for raw access. It is on the host's own network
    /// then, and nothing is cut off.
    pub raw_network: Option<InterfaceName>,
}

/// The name of a network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct InterfaceName(String);

impl InterfaceName {
    /// Takes a name as Linux would: at most 15 bytes, no slash, no space.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=15).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'/')
            && !matches!(name, "." | "..");
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A port of the host that leads to a port of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Publication {
    /// Outside: an address of this machine, or `0.0.0.0` for all of IPv4, or `::` for all of both.
    pub address: IpAddr,
    /// The port outside.
    pub published: u16,
    /// The port inside.
    pub number: u16,
    /// The protocol.
    pub protocol: Protocol,
}

impl Publication {
    /// The addresses to listen on.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        families(self.address)
    }

    /// Whether both cannot be had at the same time.
    #[must_use]
    pub fn clashes(&self, other: &Self) -> bool {
        (self.published, self.protocol) == (other.published, other.protocol)
            && self.addresses().iter().any(|one| {
                other.addresses().iter().any(|two| {
                    one == two
                        || (one.is_ipv4() == two.is_ipv4()
                            && (one.is_unspecified() || two.is_unspecified()))
                })
            })
    }
}

/// `::` is both families, as it is for the built-in honeypots.
fn families(address: IpAddr) -> Vec<IpAddr> {
    if address == Ipv6Addr::UNSPECIFIED {
        vec![Ipv4Addr::UNSPECIFIED.into(), address]
    } else {
        vec![address]
    }
}

impl fmt::Display for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.published, self.protocol.word())
    }
}

impl Wanted {
    /// What the container is made from, as one word: when it changes, the container is made anew.
    pub(crate) fn fingerprint(&self) -> String {
        // Everything in it is written in a fixed order, and as JSON it can always be written.
        let text = serde_json::to_vec(&(SPECIFICATION, self)).unwrap_or_default();
        format!("{:x}", Sha256::digest(text))
    }

    /// The interface, if the container works on the host's own network.
    #[must_use]
    pub fn raw_network(&self) -> Option<&InterfaceName> {
        let asked = self.manifest.profile.asks_for_raw_network();
        self.allowed.raw_network.as_ref().filter(|_| asked)
    }

    /// The addresses of this machine at which it takes what nothing else takes; none if it does not.
    #[must_use]
    pub fn catches_rest_at(&self) -> Vec<IpAddr> {
        // On the host's own network it sees everything anyway.
        if self.manifest.catch_all && self.raw_network().is_none() {
            families(self.configuration.address)
        } else {
            vec![]
        }
    }

    /// The ports of the host that lead into the container; or why that cannot be.
    pub fn publications(&self) -> Result<Vec<Publication>, String> {
        let (inside, outside) = (&self.manifest.ports, &self.configuration.ports);
        let fit = inside.len() == outside.len()
            && inside.iter().zip(outside).all(|(inside, outside)| {
                outside.transport == inside.protocol.into() && outside.number != 0
            });
        if !fit {
            let listed: Vec<_> = inside
                .iter()
                .map(|port| format!("{}/{}", port.published, port.protocol.word()))
                .collect();
            return Err(format!(
                "the service has {} ports (by default {}): give it as many, in the same order",
                inside.len(),
                listed.join(" ")
            ));
        }
        let address = self.configuration.address;
        if address.is_loopback() && !inside.is_empty() {
            return Err(format!(
                "a container cannot be reached at {address}: let it listen on 0.0.0.0, on :: or on an address that \
                 others can reach"
            ));
        }
        if self.raw_network().is_some() {
            return Ok(Vec::new());
        }
        Ok(inside
            .iter()
            .zip(outside)
            .map(|(inside, outside)| Publication {
                address,
                published: outside.number,
                number: inside.number.get(),
                protocol: inside.protocol,
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, published: u16, protocol: Protocol) -> Publication {
        Publication {
            address: address.parse().unwrap(),
            published,
            number: 1,
            protocol,
        }
    }

    #[test]
    fn ports_clash_where_sockets_would() {
        let tcp = Protocol::Tcp;
        let any = at("0.0.0.0", 22, tcp);
        assert!(any.clashes(&at("192.0.2.1", 22, tcp)));
        assert!(any.clashes(&at("::", 22, tcp)));
        assert!(!any.clashes(&at("2001:db8::1", 22, tcp)));
        assert!(!any.clashes(&at("0.0.0.0", 23, tcp)));
        assert!(!any.clashes(&at("0.0.0.0", 22, Protocol::Udp)));
        assert!(!at("192.0.2.1", 22, tcp).clashes(&at("192.0.2.2", 22, tcp)));
    }

    #[test]
    fn interfaces_have_names_of_linux() {
        for wrong in ["", "..", "a/b", "a b", "sixteen-bytes-xx", "a\"b\n"] {
            assert!(InterfaceName::new(wrong).is_none(), "{wrong:?}");
        }
        assert!(InterfaceName::new("enp3s0.42").is_some());
    }
}
