//! Which addresses an instance's network has.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use sha2::{Digest, Sha256};
use skep_model::ids::SensorId;

/// Set apart for measurements between networks (RFC 2544): no local network and nobody in the internet has an address
/// of it, so that no attacker's answer goes astray.
const POOL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15);

/// How many networks there can be: of four addresses each.
const NETWORKS: u16 = 1 << (30 - 15);

/// The subnets of one network, with room for its gateway and one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnets {
    /// Four addresses.
    pub v4: Ipv4Net,
    /// A unique local network; none where the machine has no IPv6.
    pub v6: Option<Ipv6Net>,
}

impl Subnets {
    /// The host in it. The collector listens here, and probes come from here.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        host(self.v4, 1)
    }

    /// The host in it, over IPv6.
    #[must_use]
    pub fn gateway_v6(&self) -> Option<Ipv6Addr> {
        self.v6.map(|net| host_v6(net, 1))
    }

    /// The container.
    #[must_use]
    pub fn container(&self) -> Ipv4Addr {
        host(self.v4, 2)
    }

    /// The container, over IPv6.
    #[must_use]
    pub fn container_v6(&self) -> Option<Ipv6Addr> {
        self.v6.map(|net| host_v6(net, 2))
    }

    /// Whether an address is the host's own in this network: then it is a probe, and no attacker.
    #[must_use]
    pub fn is_gateway(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => v4 == self.gateway(),
            IpAddr::V6(v6) => Some(v6) == self.gateway_v6(),
        }
    }
}

fn host(net: Ipv4Net, number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(net.network().to_bits() + number)
}

fn host_v6(net: Ipv6Net, number: u128) -> Ipv6Addr {
    Ipv6Addr::from_bits(net.network().to_bits() + number)
}

/// All subnets that a sensor may use, those that are `taken` left out.
pub fn free(
    sensor: SensorId,
    with_v6: bool,
    taken: &[IpNet],
) -> impl Iterator<Item = Subnets> + use<'_> {
    let prefix = unique_local(sensor);
    (0..NETWORKS)
        .map(move |number| Subnets {
            v4: Ipv4Net::new_assert(host(POOL, u32::from(number) * 4), 30),
            v6: with_v6.then(|| {
                Ipv6Net::new_assert(Ipv6Addr::from_bits(prefix | u128::from(number) << 64), 64)
            }),
        })
        .filter(|subnets| {
            !taken.iter().any(|taken| {
                overlap(&IpNet::V4(subnets.v4), taken)
                    || subnets.v6.is_some_and(|v6| overlap(&IpNet::V6(v6), taken))
            })
        })
}

/// A prefix of 48 bits as in RFC 4193, the sensor's own.
fn unique_local(sensor: SensorId) -> u128 {
    let hash = Sha256::digest(sensor.as_bytes());
    let global = hash
        .iter()
        .take(5)
        .fold(0, |id, byte| id << 8 | u128::from(*byte));
    0xfd << 120 | global << 80
}

fn overlap(one: &IpNet, two: &IpNet) -> bool {
    one.contains(two) || two.contains(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_left_out() {
        let sensor = "0199d7a0-0000-7000-8000-00000000beef".parse().unwrap();
        let first = free(sensor, true, &[]).next().unwrap();
        assert_eq!(first.v4.to_string(), "198.18.0.0/30");
        assert_eq!(first.gateway().to_string(), "198.18.0.1");
        assert_eq!(first.container().to_string(), "198.18.0.2");
        assert_eq!(first.v6.unwrap().network().segments()[0] >> 8, 0xfd);
        assert!(first.is_gateway("::ffff:198.18.0.1".parse().unwrap()));
        assert!(!first.is_gateway(first.container().into()));

        let taken = [
            "198.18.0.0/24".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
        let next = free(sensor, true, &taken).next().unwrap();
        assert_eq!(next.v4.to_string(), "198.18.1.0/30");
        let both = [taken[0], IpNet::V6(next.v6.unwrap())];
        assert_eq!(
            free(sensor, true, &both).next().unwrap().v4.to_string(),
            "198.18.1.4/30"
        );
        assert_eq!(
            free(sensor, false, &["198.18.0.0/15".parse().unwrap()]).next(),
            None
        );
        assert_eq!(free(sensor, false, &[]).count(), usize::from(NETWORKS));
    }
}
