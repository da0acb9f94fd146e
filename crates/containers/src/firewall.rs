//! What containers may do on the network, as rules of nftables in tables of our own.
//!
//! Everything that comes from a bridge of ours is dropped where it comes in, before anything else looks at it, but for
//! answers to connections that came through a published port and the way to the instance's own collector. So a container
//! reaches neither the host nor the local network nor the internet. It does not reach another container either: each
//! has a bridge of its own, and whatever leaves the bridge passes here. A sender's address that is not the container's
//! own is dropped, too.
//!
//! Ports are published here as well, and not by the engine. Behind the engine's userland proxy the attacker's address
//! would be lost: over IPv6 where the engine does not manage ip6tables, the default before version 27. The proxies take
//! memory, two processes for each port. And an engine that is killed while it starts a container may hold its ports until
//! it is started once more. What the engine would do besides is done elsewhere: the keeper holds the port on the host, and
//! one rule in the engine's own firewall lets through what was translated here.

use std::{fmt::Write, net::IpAddr, process::Stdio, time::Duration};

use skep_model::{listen::Listen, raw};
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use crate::{Destination, Owner, Publication, spec::COLLECTOR, subnet::Subnets};

/// What one instance is open for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its bridge.
    pub bridge: String,
    /// The addresses on it.
    pub subnets: Subnets,
    /// Whether it reaches the collector on its gateway.
    pub collector: bool,
    /// What leads into it.
    pub publications: Vec<Publication>,
    /// Of what all that nothing else takes leads into it, too.
    pub rest: Vec<Destination>,
}

/// How long `nft` may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most of what `nft` says about a failure that is passed on, in bytes.
const WORDS: usize = 300;

/// Rules that could not be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FirewallError {
    /// There is no such program, or it may not be run.
    #[error(
        "the program {program} cannot be run ({problem}): install the packages nftables and iptables"
    )]
    NoProgram {
        /// Which.
        program: &'static str,
        /// What the system said.
        problem: String,
    },
    /// The system does not let it.
    #[error(
        "the sensor may not administer this machine's network: start it as root, most of which it gives up, or with the \
         capability CAP_NET_ADMIN"
    )]
    NotPermitted,
    /// It took too long.
    #[error("nft did not end within {} s", PATIENCE.as_secs())]
    Slow,
    /// It refused.
    #[error("the rules for the firewall were refused: {0}")]
    Refused(String),
}

/// The rules for these openings, to be read by `nft -f`: they replace all earlier ones in one step.
#[must_use]
pub fn rules(owner: Owner, openings: &[Opening]) -> String {
    let table = owner.table();
    let ours = format!("\"{}*\"", owner.bridges());
    let mut text = without(&table);
    let _ = writeln!(text, "table inet {table} {{");
    let own_v4 = openings
        .iter()
        .map(|it| format!("\"{}\" . {}", it.bridge, it.subnets.container()));
    let own_v6 = openings.iter().filter_map(|it| {
        Some(format!(
            "\"{}\" . {}",
            it.bridge,
            it.subnets.container_v6()?
        ))
    });
    let collectors = openings
        .iter()
        .filter(|it| it.collector)
        .map(|it| format!("\"{}\" . {} . {COLLECTOR}", it.bridge, it.subnets.gateway()));
    set(&mut text, "own_v4", "ifname . ipv4_addr", own_v4);
    set(&mut text, "own_v6", "ifname . ipv6_addr", own_v6);
    set(
        &mut text,
        "collectors",
        "ifname . ipv4_addr . inet_service",
        collectors,
    );
    let _ = write!(
        text,
        "\tchain confine {{
\t\ttype filter hook prerouting priority mangle; policy accept;
\t\tiifname != {ours} accept
\t\ticmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
\t\tmeta nfproto ipv4 iifname . ip saddr != @own_v4 drop
\t\tmeta nfproto ipv6 iifname . ip6 saddr != @own_v6 drop
\t\tct state established accept
\t\tct state related meta l4proto {{ icmp, ipv6-icmp }} accept
\t\tiifname . ip daddr . tcp dport @collectors accept
\t\tdrop
\t}}
\tchain enter {{
\t\toifname != {ours} accept
\t\ticmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
\t\tct status dnat accept
\t\tct state established,related accept
\t\tdrop
\t}}
\tchain enter_from_outside {{
\t\ttype filter hook forward priority filter; policy accept;
\t\tjump enter
\t}}
\tchain enter_from_here {{
\t\ttype filter hook output priority filter; policy accept;
\t\tjump enter
\t}}
\tchain publish {{
"
    );
    for opening in openings {
        for publication in &opening.publications {
            publish(&mut text, opening, publication);
        }
    }
    text.push_str(
        "\t}
\tchain publish_outside {
\t\ttype nat hook prerouting priority dstnat - 10; policy accept;
\t\tjump publish
\t}
\tchain publish_here {
\t\ttype nat hook output priority -110; policy accept;
\t\tjump publish
\t}
",
    );
    catch_rest(&mut text, &ours, openings);
    text.push_str("}\n");
    text
}

/// Comes after everybody's port forwarding, also the engine's. What a socket of this machine is open for is left alone:
/// its own services, and the answers to what it asks itself; also where its connection has just ended, which only `socket
/// transparent` sees.
fn catch_rest(text: &mut String, ours: &str, openings: &[Opening]) {
    let rest: Vec<_> = openings
        .iter()
        .flat_map(|opening| {
            opening
                .rest
                .iter()
                .map(|destination| (destination, opening.subnets))
        })
        .filter_map(|(it, subnets)| Some((it, inside(it.address, &subnets)?)))
        .collect();
    if rest.is_empty() {
        return;
    }
    let _ = write!(
        text,
        "\tchain catch_rest {{
\t\ttype nat hook prerouting priority dstnat + 5; policy accept;
\t\tiifname \"lo\" accept
\t\tiifname {ours} accept
\t\tsocket transparent 0 accept
\t\tmeta l4proto {{ tcp, udp }} socket wildcard {{ 0, 1 }} accept
"
    );
    for (destination, container) in rest {
        let (to, family) = (
            to(destination),
            if container.is_ipv4() { "ip" } else { "ip6" },
        );
        let _ = writeln!(
            text,
            "\t\t{to} meta l4proto {{ tcp, udp }} dnat {family} to {container}"
        );
    }
    text.push_str("\t}\n");
}

/// What is for an address of this machine; where none is named, for any but the loopback, since nothing from there finds
/// the way back.
fn to(destination: &Destination) -> String {
    let address = destination.address;
    let to = match (address.is_ipv4(), address.is_unspecified()) {
        (true, true) => "meta nfproto ipv4 fib daddr type local ip daddr != 127.0.0.0/8".to_owned(),
        (true, false) => format!("ip daddr {address}"),
        (false, true) => "meta nfproto ipv6 fib daddr type local ip6 daddr != ::1".to_owned(),
        (false, false) => format!("ip6 daddr {address}"),
    };
    match &destination.interface {
        Some(interface) => format!("iifname \"{interface}\" {to}"),
        None => to,
    }
}

/// The container's address of the same family, if it has one.
fn inside(address: IpAddr, subnets: &Subnets) -> Option<IpAddr> {
    if address.is_ipv4() {
        Some(subnets.container().into())
    } else {
        subnets.container_v6().map(IpAddr::V6)
    }
}

fn set(text: &mut String, name: &str, kind: &str, elements: impl Iterator<Item = String>) {
    let _ = writeln!(text, "\tset {name} {{\n\t\ttype {kind}");
    let elements: Vec<_> = elements.collect();
    if !elements.is_empty() {
        let _ = writeln!(text, "\t\telements = {{ {} }}", elements.join(", "));
    }
    text.push_str("\t}\n");
}

fn publish(text: &mut String, opening: &Opening, publication: &Publication) {
    let Publication {
        published,
        number,
        protocol,
        ..
    } = publication;
    let protocol = protocol.word();
    for destination in publication.destinations() {
        let to = to(&destination);
        let container = match inside(destination.address, &opening.subnets) {
            Some(IpAddr::V4(container)) => format!("ip to {container}:{number}"),
            Some(IpAddr::V6(container)) => format!("ip6 to [{container}]:{number}"),
            None => continue,
        };
        let _ = writeln!(
            text,
            "\t\t{to} {protocol} dport {published} dnat {container}"
        );
    }
    // Where only one address is published, or an interface, probes still come in by the gateway's.
    let subnets = &opening.subnets;
    let (gateway_v6, container_v6) = (subnets.gateway_v6(), subnets.container_v6());
    match (&publication.listen, gateway_v6, container_v6) {
        (Listen::Address(address), ..) if address.is_unspecified() => {}
        (_, Some(gateway), Some(container)) if publication.is_only_v6() => {
            let _ = writeln!(
                text,
                "\t\tip6 daddr {gateway} {protocol} dport {published} dnat ip6 to [{container}]:{number}"
            );
        }
        _ => {
            let (gateway, container) = (subnets.gateway(), subnets.container());
            let _ = writeln!(
                text,
                "\t\tip daddr {gateway} {protocol} dport {published} dnat ip to {container}:{number}"
            );
        }
    }
}

/// The command that removes all rules.
#[must_use]
pub fn none(owner: Owner) -> String {
    without(&owner.table())
}

/// The command that removes a table, whether it is there or not. What follows it in one script replaces it.
#[must_use]
pub fn without(table: &str) -> String {
    format!("table inet {table}\ndelete table inet {table}\n")
}

/// Has `nft` take a script as one transaction.
pub async fn apply(script: &str) -> Result<(), FirewallError> {
    let unusable = |error: std::io::Error| FirewallError::NoProgram {
        program: "nft",
        problem: error.to_string(),
    };
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(unusable)?;
    if let Some(mut input) = nft.stdin.take() {
        input.write_all(script.as_bytes()).await.map_err(unusable)?;
    }
    let output = timeout(PATIENCE, nft.wait_with_output())
        .await
        .map_err(|_| FirewallError::Slow)?
        .map_err(unusable)?;
    if output.status.success() {
        return Ok(());
    }
    let words = raw::visible(raw::cut(&output.stderr, WORDS));
    Err(if words.contains("Operation not permitted") {
        FirewallError::NotPermitted
    } else {
        FirewallError::Refused(words)
    })
}
