//! Internet addresses as the database keeps them.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;
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

/// One address, or all addresses of a network: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl Network {
    /// The first and the last address.
    #[must_use]
    pub fn ends(self) -> (Address, Address) {
        (self.0.network().into(), self.0.broadcast().into())
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(self, address: Address) -> bool {
        let (first, last) = self.ends();
        (first.to_bytes()..=last.to_bytes()).contains(&address.to_bytes())
    }
}

impl From<Address> for Network {
    fn from(address: Address) -> Self {
        Self(address.0.into())
    }
}

/// Neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNetwork;

impl std::error::Error for NoNetwork {}

impl fmt::Display for NoNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an address such as 192.0.2.7, or a network such as 192.0.2.0/24")
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<Address>() {
            return Ok(address.into());
        }
        let network: IpNet = text.parse().map_err(|_| NoNetwork)?;
        Ok(Self(network.trunc()))
    }
}

impl TryFrom<String> for Network {
    type Error = NoNetwork;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Network {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An address, or a network such as 192.0.2.0/24.",
            "anyOf": [
                { "format": "ipv4" },
                { "format": "ipv6" },
                { "pattern": "^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])/([0-9]|[12][0-9]|3[0-2])$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_network_is_read_as_people_write_it() {
        let read = |text: &str| text.parse::<Network>().map(|network| network.to_string());
        for (written, kept) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1/32", "2001:db8::/32"),
        ] {
            assert_eq!(read(written).as_deref(), Ok(kept));
        }
        for wrong in [
            "",
            "192.0.2",
            "192.0.2.0/33",
            "x/8",
            "192.0.2.0/",
            "1.2.3.4/-1",
        ] {
            assert_eq!(read(wrong), Err(NoNetwork), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_network_holds_what_shares_its_first_bits(
            network: u32, address: u32, bits in 0u32..=32,
        ) {
            let of = |number: u32| Address::from(IpAddr::V4(number.into()));
            let block: Network = format!("{}/{bits}", of(network)).parse().unwrap();
            let same = (network ^ address).leading_zeros() >= bits;
            prop_assert_eq!(block.contains(of(address)), same);
            prop_assert!(block.contains(of(network)));
            prop_assert_eq!(block.to_string().parse::<Network>(), Ok(block));
        }
    }

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
