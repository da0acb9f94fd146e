//! Which networks the host knows.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

/// The networks in the host's routing tables. The way to everything else is none of them.
pub(crate) fn known() -> Vec<IpNet> {
    let v4 = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let v6 = fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    parse_v4(&v4)
        .chain(parse_v6(&v6))
        .filter(|net| net.prefix_len() > 0)
        .collect()
}

/// Whether the host speaks IPv6.
pub(crate) fn has_v6() -> bool {
    // Empty where it is switched off for every interface.
    fs::read_to_string("/proc/net/if_inet6").is_ok_and(|addresses| !addresses.is_empty())
}

fn parse_v4(table: &str) -> impl Iterator<Item = IpNet> {
    table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // As the processor has it in memory, written as one number.
        let read = |place: usize| {
            let number = u32::from_str_radix(fields.get(place)?, 16).ok()?;
            Some(Ipv4Addr::from(number.to_ne_bytes()))
        };
        IpNet::with_netmask(IpAddr::V4(read(1)?), IpAddr::V4(read(7)?)).ok()
    })
}

fn parse_v6(table: &str) -> impl Iterator<Item = IpNet> {
    table.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let address = u128::from_str_radix(fields.next()?, 16).ok()?;
        let length = u8::from_str_radix(fields.next()?, 16).ok()?;
        IpNet::new(Ipv6Addr::from_bits(address).into(), length).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_kernels_tables_are_read() {
        let v4 = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                  eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                  eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
                  broken\n";
        let nets: Vec<_> = parse_v4(v4).map(|net| net.to_string()).collect();
        assert_eq!(nets, ["0.0.0.0/0", "192.0.2.0/24"]);
        let v6 = "fd000000000000000000000000000000 40 00000000000000000000000000000000 00 \
                  00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n";
        let nets: Vec<_> = parse_v6(v6).map(|net| net.to_string()).collect();
        assert_eq!(nets, ["fd00::/64"]);
    }
}
