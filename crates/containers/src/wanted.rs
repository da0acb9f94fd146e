//! What shall run, and what it may.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use skep_model::listen::{InterfaceName, Listen};
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

/// A port of the host that leads to a port of a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Publication {
    /// Outside: where on this machine.
    pub listen: Listen,
    /// The port outside.
    pub published: u16,
    /// The port inside.
    pub number: u16,
    /// The protocol.
    pub protocol: Protocol,
}

impl Publication {
    /// What is to be led into the container.
    #[must_use]
    pub fn destinations(&self) -> Vec<Destination> {
        destinations(&self.listen)
    }

    /// Whether nothing of IPv4 is led into the container.
    #[must_use]
    pub fn is_only_v6(&self) -> bool {
        self.destinations().iter().all(|it| it.address.is_ipv6())
    }

    /// Whether both cannot be had at the same time.
    #[must_use]
    pub fn clashes(&self, other: &Self) -> bool {
        (self.published, self.protocol) == (other.published, other.protocol)
            && self.destinations().iter().any(|one| {
                let mut others = other.destinations().into_iter();
                others.any(|two| one.may_be(&two))
            })
    }
}

/// What packets are for, of one family of addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// An address of this machine's, or any of a family.
    pub address: IpAddr,
    /// The interface that they have to come in by, if any.
    pub interface: Option<InterfaceName>,
}

impl Destination {
    fn may_be(&self, other: &Self) -> bool {
        let (one, two) = (self.address, other.address);
        let elsewhere =
            |one: &Option<_>, other: &Option<_>| one.is_some() && other.is_some() && one != other;
        one.is_ipv4() == two.is_ipv4()
            && (one == two || one.is_unspecified() || two.is_unspecified())
            && !elsewhere(&self.interface, &other.interface)
    }
}

/// `::` is both families, as it is for the built-in honeypots, and so is an interface.
fn destinations(listen: &Listen) -> Vec<Destination> {
    let both = [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ];
    let (addresses, interface) = match listen {
        Listen::Address(address) if *address == both[1] => (&both[..], None),
        Listen::Address(address) => (std::slice::from_ref(address), None),
        Listen::Interface(name) => (&both[..], Some(name)),
    };
    let destination = |address: &IpAddr| Destination {
        address: *address,
        interface: interface.cloned(),
    };
    addresses.iter().map(destination).collect()
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

    /// Of what it takes all that nothing else takes; nothing if it does not.
    #[must_use]
    pub fn catches_rest_of(&self) -> Vec<Destination> {
        // On the host's own network it sees everything anyway.
        if self.manifest.catch_all && self.raw_network().is_none() {
            destinations(&self.configuration.address)
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
        let listen = &self.configuration.address;
        if listen.is_loopback() && !inside.is_empty() {
            return Err(format!(
                "a container cannot be reached at {listen}: let it listen on 0.0.0.0, on ::, on an interface or on an \
                 address that others can reach"
            ));
        }
        if self.raw_network().is_some() {
            return Ok(Vec::new());
        }
        Ok(inside
            .iter()
            .zip(outside)
            .map(|(inside, outside)| Publication {
                listen: listen.clone(),
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

    fn at(listen: &str, published: u16, protocol: Protocol) -> Publication {
        Publication {
            listen: listen.parse().unwrap(),
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
        for other in ["eth0", "0.0.0.0", "::", "192.0.2.1", "2001:db8::1"] {
            assert!(at("eth0", 22, tcp).clashes(&at(other, 22, tcp)), "{other}");
        }
        assert!(!at("eth0", 22, tcp).clashes(&at("eth1", 22, tcp)));
    }
}
