//! Commands that tell of the network.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use super::Call;
use crate::shell::Shell;

pub(super) fn ifconfig(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let machine = &shell.machine;
    call.print(format!(
        "{interface}: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet {}  netmask 255.255.255.0  broadcast {}
        ether {}  txqueuelen 1000  (Ethernet)
        RX packets 1840223  bytes 1204418820 (1.2 GB)
        RX errors 0  dropped 0  overruns 0  frame 0
        TX packets 921773  bytes 128803344 (128.8 MB)
        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0

lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536
        inet 127.0.0.1  netmask 255.0.0.0
        loop  txqueuelen 1000  (Local Loopback)
        RX packets 12840  bytes 1180422 (1.1 MB)
        RX errors 0  dropped 0  overruns 0  frame 0
        TX packets 12840  bytes 1180422 (1.1 MB)
        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0

",
        machine.address,
        last_part(&machine.address, "255"),
        machine.mac,
        interface = machine.personality.interface,
    ));
    0
}

/// The address with another last part.
fn last_part(address: &str, part: &str) -> String {
    let network = address
        .rsplit_once('.')
        .map_or(address, |(network, _)| network);
    format!("{network}.{part}")
}

pub(super) fn ip(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let machine = &shell.machine;
    let object = call.operands().first().copied().unwrap_or_default();
    let gateway = last_part(&machine.address, "1");
    let interface = machine.personality.interface;
    match object.first() {
        Some(b'a' | b'l') => call.print(format!(
            "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: {interface}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000
    link/ether {} brd ff:ff:ff:ff:ff:ff
    inet {}/24 metric 100 brd {} scope global dynamic {interface}
       valid_lft 81342sec preferred_lft 81342sec
",
            machine.mac,
            machine.address,
            last_part(&machine.address, "255"),
        )),
        Some(b'r') => call.print(format!(
            "default via {gateway} dev {interface} proto dhcp src {} metric 100\n{}/24 dev {interface} proto kernel scope link src {} metric 100\n",
            machine.address,
            last_part(&machine.address, "0"),
            machine.address
        )),
        Some(b'n') => call.print(format!("{gateway} dev {interface} lladdr 52:54:00:00:00:01 REACHABLE\n")),
        _ => {
            call.streams.complain(b"Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n");
            return 255;
        }
    }
    0
}

pub(super) fn route(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let address = &shell.machine.address;
    call.print(format!(
        "Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         {:<15} 0.0.0.0         UG    100    0        0 {interface}
{:<15} 0.0.0.0         255.255.255.0   U     100    0        0 {interface}
",
        last_part(address, "1"),
        last_part(address, "0"),
        interface = shell.machine.personality.interface,
    ));
    0
}

pub(super) fn netstat(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.has(b'r') {
        return route(shell, call);
    }
    let (ssh, resolver) = if shell.machine.personality.is_busybox() {
        ("781/dropbear", "1102/dnsmasq")
    } else {
        ("731/sshd: /usr/sbin", "590/systemd-resolve")
    };
    let program = |text: &'static str| if call.has(b'p') { text } else { "" };
    let (ssh, resolver) = (program(ssh), program(resolver));
    let head = if call.has(b'p') {
        "PID/Program name"
    } else {
        ""
    };
    call.print(format!(
        "Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       {head}
tcp        0      0 127.0.0.53:53           0.0.0.0:*               LISTEN      {resolver}
tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      {ssh}
tcp6       0      0 :::22                   :::*                    LISTEN      {ssh}
udp        0      0 127.0.0.53:53           0.0.0.0:*                           {resolver}
"
    ));
    0
}

pub(super) fn ss(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(
        "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
udp   UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*
tcp   LISTEN 0      4096   127.0.0.53%lo:53        0.0.0.0:*
tcp   LISTEN 0      128          0.0.0.0:22        0.0.0.0:*
tcp   LISTEN 0      128             [::]:22           [::]:*
",
    );
    0
}

/// `ping -c 3 host`: this machine answers itself, nobody else does, and no name is known.
pub(super) fn ping(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (mut host, mut count) = (None, 4u64);
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        match arg.as_slice() {
            [b'-', b'c', glued @ ..] => {
                let number = match glued {
                    [] => args.next().map_or(glued, Vec::as_slice),
                    number => number,
                };
                let number = std::str::from_utf8(number).ok();
                count = number.and_then(|text| text.parse().ok()).unwrap_or(count);
            }
            b"-i" | b"-I" | b"-l" | b"-m" | b"-M" | b"-p" | b"-Q" | b"-s" | b"-S" | b"-t"
            | b"-T" | b"-w" | b"-W" => drop(args.next()),
            option if option.starts_with(b"-") => {}
            name => host = Some(name),
        }
    }
    let Some(host) = host else {
        call.complain("usage error: Destination address required");
        return 2;
    };
    call.run.wait(Duration::from_secs(1));
    let busybox = shell.machine.personality.is_busybox();
    let Some(address) = address_of(shell, host) else {
        if busybox {
            call.complain([b"bad address '", host, b"'"].concat());
            return 1;
        }
        call.complain([host, b": Temporary failure in name resolution"].concat());
        return 2;
    };
    let count = count.clamp(1, 100);
    call.run.wait(Duration::from_secs(count));
    let answers = address.is_loopback() || address.to_string() == shell.machine.address;
    let host = String::from_utf8_lossy(host).into_owned();
    let head = match (busybox, address) {
        (true, _) => ": 56 data bytes",
        (false, IpAddr::V4(_)) => " 56(84) bytes of data.",
        (false, IpAddr::V6(_)) => " 56 data bytes",
    };
    call.print(format!("PING {host} ({address}){head}\n"));
    if answers {
        for n in 0..count {
            call.print(if busybox {
                format!("64 bytes from {address}: seq={n} ttl=64 time=0.071 ms\n")
            } else {
                format!(
                    "64 bytes from {address}: icmp_seq={} ttl=64 time=0.041 ms\n",
                    n + 1
                )
            });
        }
    }
    let (received, loss) = if answers { (count, 0) } else { (0, 100) };
    call.print(format!("\n--- {host} ping statistics ---\n"));
    call.print(if busybox {
        format!("{count} packets transmitted, {received} packets received, {loss}% packet loss\n")
    } else {
        let time = (count - 1) * 1022;
        format!(
            "{count} packets transmitted, {received} received, {loss}% packet loss, time {time}ms\n"
        )
    });
    match (answers, busybox) {
        (true, true) => call.print("round-trip min/avg/max = 0.071/0.071/0.071 ms\n"),
        (true, false) => call.print("rtt min/avg/max/mdev = 0.041/0.041/0.041/0.000 ms\n"),
        (false, true) => {}
        (false, false) => call.print("\n"),
    }
    u8::from(!answers)
}

/// The address that a host is or, being this machine, has.
fn address_of(shell: &Shell, host: &[u8]) -> Option<IpAddr> {
    let host = std::str::from_utf8(host).ok()?;
    if host == "localhost" || host == shell.machine.hostname {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    host.parse().ok()
}
