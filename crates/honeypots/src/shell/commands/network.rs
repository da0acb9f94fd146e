//! Commands that tell of the network.

use std::time::Duration;

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

pub(super) fn ping(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let Some(host) = call.operands().last().copied() else {
        return 2;
    };
    call.run.wait(Duration::from_secs(1));
    call.complain([host, b": Temporary failure in name resolution"].concat());
    2
}
