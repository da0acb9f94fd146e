//! Where services listen.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// The name of a network interface: up to 15 letters, digits, `.`, `_` or `-`, among them a letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct InterfaceName(String);

impl InterfaceName {
    /// Takes a name. Linux would take more, of which some mean something to the firewall, and some are mistyped addresses.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = name.len() <= 15
            && !name.starts_with(['.', '-'])
            && name.contains(|letter: char| letter.is_ascii_alphabetic())
            && name.bytes().all(plain);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a service listens: written as the address, or as the interface's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// At an address of the machine; at all of IPv4 for `0.0.0.0`, and at all there are for `::`.
    Address(IpAddr),
    /// At all addresses that an interface has, and will have.
    Interface(InterfaceName),
}

impl Listen {
    /// At all addresses of IPv4.
    pub const ANYWHERE: Self = Self::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// Whether only the machine itself can get there.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Interface(name) => name.as_str() == "lo",
        }
    }

    /// Whether two might be in each other's way on one port.
    #[must_use]
    pub fn may_overlap(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(one), Self::Address(other)) => {
                one == other || one.is_unspecified() || other.is_unspecified()
            }
            (Self::Interface(one), Self::Interface(other)) => one == other,
            // Which addresses the interface has is known to the machine only.
            (Self::Address(_), Self::Interface(_)) | (Self::Interface(_), Self::Address(_)) => true,
        }
    }
}

impl From<IpAddr> for Listen {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Interface(name) => name.fmt(f),
        }
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

/// What is neither an address nor the name of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NowhereToListen;

impl fmt::Display for NowhereToListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an IP address, or the name of a network interface")
    }
}

impl std::error::Error for NowhereToListen {}

impl FromStr for Listen {
    type Err = NowhereToListen;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        InterfaceName::new(text)
            .map(Self::Interface)
            .ok_or(NowhereToListen)
    }
}

impl TryFrom<String> for Listen {
    type Error = NowhereToListen;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Listen {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An IPv4 or IPv6 address, or the name of a network interface.",
            "anyOf": [
                { "format": "ipv4" },
                { "format": "ipv6" },
                { "pattern": "^([0-9_][0-9._-]*)?[A-Za-z][A-Za-z0-9._-]*$", "maxLength": 15 },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn listen(text: &str) -> Listen {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_an_address_or_an_interface() {
        for text in [
            "0.0.0.0",
            "::",
            "192.0.2.1",
            "2001:db8::1",
            "eth0",
            "enp3s0.42",
            "br-lan",
            "6in4-wan",
            "_lan",
        ] {
            assert_eq!(listen(text).to_string(), text);
            let json = serde_json::to_string(&listen(text)).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<Listen>(&json).unwrap(), listen(text));
        }
        assert!(matches!(listen("fe80"), Listen::Interface(_)));
        for wrong in [
            "",
            "192.0.2.300",
            "-eth0",
            "__1",
            "192.0.2",
            "2001:db8:::1",
            "..",
            "a/b",
            "a b",
            "a\"b",
            "eth*",
            "sixteen-bytes-xx",
            "é0",
        ] {
            assert_eq!(wrong.parse::<Listen>(), Err(NowhereToListen), "{wrong:?}");
        }
    }

    #[test]
    fn what_might_be_the_same_place_overlaps() {
        let overlap = |one: &str, other: &str| {
            let there = listen(one).may_overlap(&listen(other));
            assert_eq!(
                there,
                listen(other).may_overlap(&listen(one)),
                "{one} {other}"
            );
            there
        };
        assert!(
            overlap("eth0", "eth0") && overlap("eth0", "0.0.0.0") && overlap("eth0", "192.0.2.1")
        );
        assert!(!overlap("eth0", "eth1"));
        assert!(overlap("0.0.0.0", "192.0.2.1") && !overlap("192.0.2.1", "192.0.2.2"));
    }
}
