//! Internet addresses as the database keeps them.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// An IPv4 or IPv6 address.
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the same as its IPv4 address: a dual-stack listener
/// must not make two sources of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "IpAddr", into = "IpAddr")]
pub struct Address(IpAddr);

impl Address {
    /// 16 bytes in network order, IPv4 mapped, so that any CIDR block is one range of bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        match self.0 {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        }
    }

    /// Reads the database's bytes; `None` unless there are 16 of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let octets: [u8; 16] = bytes.try_into().ok()?;
        Some(Self::from(IpAddr::V6(Ipv6Addr::from(octets))))
    }

    /// The plain address.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// Whether the address is of a local network: nothing public can be known about it.
    #[must_use]
    pub fn is_private(self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                v4.is_private()
                    || v4.is_loopback()
                    || v4.is_link_local()
                    || (a == 100 && (64..128).contains(&b))
            }
            IpAddr::V6(v6) => {
                v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
            }
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An IPv4 or IPv6 address.",
            "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }],
        })
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self(ip.to_canonical())
    }
}

impl From<Address> for IpAddr {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl FromStr for Address {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        IpAddr::from_str(text).map(Self::from)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_its_ipv4_address() {
        let mapped: Address = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(mapped, "192.0.2.7".parse().unwrap());
        assert_eq!(Address::from_slice(&mapped.to_bytes()), Some(mapped));
    }

    #[test]
    fn private_networks_are_told_from_public_ones() {
        for private in [
            "10.1.2.3",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.1.1",
            "fd00::1",
            "fe80::1",
            "::1",
        ] {
            assert!(
                private.parse::<Address>().unwrap().is_private(),
                "{private}"
            );
        }
        for public in ["100.63.255.255", "192.0.2.1", "2001:db8::1"] {
            assert!(!public.parse::<Address>().unwrap().is_private(), "{public}");
        }
    }
}
