//! Leads what comes to the ports that nothing on the machine has to the one instance that takes it.
//!
//! This is a table of nftables. It looks at what begins, after whatever leads ports elsewhere has done so, and leaves
//! alone what has a socket: a program that listens needs no entry anywhere, and may come and go. The instance's own
//! sockets are transparent ones, and where they are gone, as after SIGKILL, the rules lead nowhere and the machine
//! answers as if they were not there.

use std::{
    fmt::Write,
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use skep_containers::{
    Owner,
    firewall::{self, FirewallError},
};
use skep_honeypots::{
    contract,
    listen::{Running, transparent::Transparent},
};
use skep_model::{
    Transport,
    ids::{InstanceId, SensorId},
    listen::Listen,
};
use tokio::time::Instant;

/// How often the rules are made anew: who loads the machine's own rules often removes all others.
const RENEWAL: Duration = Duration::from_mins(1);

/// Why an instance has only its own ports.
#[derive(Debug, thiserror::Error)]
enum Lack {
    #[error("the other ports of this machine are those of another instance already")]
    Taken,
    #[error("its address is the loopback's, to which nothing comes from outside")]
    Loopback,
    #[error("sockets for other ports cannot be opened: {0}")]
    Sockets(io::Error),
    #[error(transparent)]
    Firewall(#[from] FirewallError),
}

/// The other ports of the machine, and who has them.
pub struct OtherPorts {
    owner: Owner,
    held: Option<Held>,
    /// Whether there may be rules of ours: at first those of an earlier life.
    has_rules: bool,
    /// Whether it was said that there are no other ports.
    told: bool,
}

struct Held {
    by: InstanceId,
    rules: String,
    applied: Instant,
}

impl OtherPorts {
    /// Nobody has them yet.
    #[must_use]
    pub fn new(sensor: SensorId) -> Self {
        Self {
            owner: Owner::new(sensor),
            held: None,
            has_rules: true,
            told: false,
        }
    }

    /// Gives them to an instance that asks for them. Returns what is wrong if it has to have them and cannot.
    pub async fn give(
        &mut self,
        instance: InstanceId,
        place: &Listen,
        running: &mut Running,
    ) -> Option<String> {
        let required = match running.other_ports() {
            contract::OtherPorts::Never => return None,
            contract::OtherPorts::WherePossible => false,
            contract::OtherPorts::Required => true,
        };
        match self.lead(instance, place, running).await {
            Ok(()) => {
                tracing::info!("what comes to other ports of {place} is caught as well");
                None
            }
            Err(lack) if required || matches!(lack, Lack::Taken) => {
                Some(format!("it has only its own ports: {lack}"))
            }
            Err(lack) => {
                if !self.told {
                    tracing::info!("only what comes to listed ports is caught: {lack}");
                    self.told = true;
                }
                None
            }
        }
    }

    async fn lead(
        &mut self,
        instance: InstanceId,
        place: &Listen,
        running: &mut Running,
    ) -> Result<(), Lack> {
        if place.is_loopback() {
            return Err(Lack::Loopback);
        }
        if self.held.is_some() {
            return Err(Lack::Taken);
        }
        let sockets = Transparent::open(place).map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => FirewallError::NotPermitted.into(),
            _ => Lack::Sockets(error),
        })?;
        let rules = rules(self.owner, place, sockets.addresses());
        self.has_rules = true;
        firewall::apply(&rules).await?;
        running.serve(sockets);
        self.held = Some(Held {
            by: instance,
            rules,
            applied: Instant::now(),
        });
        Ok(())
    }

    /// Takes them back from an instance that has them.
    pub fn take_back(&mut self, instance: InstanceId) {
        self.held.take_if(|held| held.by == instance);
    }

    /// Makes the rules anew every now and then, and removes what could not be removed.
    pub async fn look_after(&mut self) {
        let Some(held) = &mut self.held else {
            return self.tidy().await;
        };
        if held.applied.elapsed() < RENEWAL {
            return;
        }
        held.applied = Instant::now();
        if let Err(problem) = firewall::apply(&held.rules).await {
            tracing::warn!("other ports may not be caught, which is tried again: {problem}");
        }
    }

    /// Removes the rules if nobody has the ports.
    pub async fn tidy(&mut self) {
        if self.held.is_some() || !self.has_rules {
            return;
        }
        let table = self.owner.table_of_other_ports();
        match firewall::apply(&firewall::without(&table)).await {
            // Who cannot make rules has made none.
            Ok(()) | Err(FirewallError::NoProgram { .. } | FirewallError::NotPermitted) => {
                self.has_rules = false;
            }
            Err(problem) => {
                tracing::warn!("the rules for other ports could not be removed: {problem}");
            }
        }
    }

    /// Removes the rules, whoever has the ports.
    pub async fn stop(&mut self) {
        self.held = None;
        self.tidy().await;
    }
}

/// The rules that lead to these sockets, to be read by `nft -f`: they replace all earlier ones in one step.
///
/// A socket that has ended its connection keeps its port for a while and is none to `socket wildcard`; hence the
/// `socket transparent`, which leaves alone all but our own of that kind.
fn rules(
    owner: Owner,
    place: &Listen,
    sockets: impl IntoIterator<Item = (Transport, SocketAddr)>,
) -> String {
    let table = owner.table_of_other_ports();
    let mut text = firewall::without(&table);
    let _ = write!(
        text,
        "table inet {table} {{
\tchain lead {{
\t\ttype filter hook prerouting priority dstnat + 10; policy accept;
\t\tct state != new accept
\t\tiif lo accept
\t\tiifname \"{}*\" accept
\t\tfib daddr type != local accept
\t\tsocket transparent 0 accept
\t\tsocket wildcard {{ 0, 1 }} accept
",
        owner.bridges()
    );
    let comes = match place {
        Listen::Address(_) => String::new(),
        Listen::Interface(name) => format!("iifname \"{name}\" "),
    };
    for (transport, socket) in sockets {
        let (family, version) = match socket {
            SocketAddr::V4(_) => ("ip", "ipv4"),
            SocketAddr::V6(_) => ("ip6", "ipv6"),
        };
        let (called, to) = if socket.ip().is_unspecified() {
            let every = format!("meta nfproto {version}");
            (every, format!(":{}", socket.port()))
        } else {
            (
                format!("{family} daddr {}", socket.ip()),
                socket.to_string(),
            )
        };
        let begins = match transport {
            Transport::Tcp => "tcp flags & (fin | syn | rst | ack) == syn",
            _ => "meta l4proto udp",
        };
        let _ = writeln!(
            text,
            "\t\t{comes}{called} {begins} tproxy {family} to {to} accept"
        );
    }
    text.push_str("\t}\n}\n");
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn rules_for(listen: &str) -> String {
        let owner = Owner::new("0199d7a0-0000-7000-8000-00000000beef".parse().unwrap());
        let place = listen.parse().unwrap();
        let address: IpAddr = match place {
            Listen::Address(address) => address,
            Listen::Interface(_) => Ipv4Addr::UNSPECIFIED.into(),
        };
        let sockets = [
            (Transport::Tcp, (address, 4001).into()),
            (Transport::Udp, (address, 4002).into()),
        ];
        rules(owner, &place, sockets)
    }

    #[test]
    fn what_has_a_socket_is_left_alone_before_anything_is_led() {
        insta::assert_snapshot!(rules_for("::"), @r#"
        table inet skep_800000000000beef_other_ports
        delete table inet skep_800000000000beef_other_ports
        table inet skep_800000000000beef_other_ports {
        	chain lead {
        		type filter hook prerouting priority dstnat + 10; policy accept;
        		ct state != new accept
        		iif lo accept
        		iifname "skep-beef*" accept
        		fib daddr type != local accept
        		socket transparent 0 accept
        		socket wildcard { 0, 1 } accept
        		meta nfproto ipv6 tcp flags & (fin | syn | rst | ack) == syn tproxy ip6 to :4001 accept
        		meta nfproto ipv6 meta l4proto udp tproxy ip6 to :4002 accept
        	}
        }
        "#);
    }

    #[test]
    fn one_address_or_interface_is_led_by_itself() {
        let led = |address| {
            let rules = rules_for(address);
            let led: Vec<_> = rules
                .lines()
                .filter(|it| it.contains("tproxy"))
                .map(str::trim)
                .collect();
            led.join("\n")
        };
        insta::assert_snapshot!(led("0.0.0.0"), @"
        meta nfproto ipv4 tcp flags & (fin | syn | rst | ack) == syn tproxy ip to :4001 accept
        meta nfproto ipv4 meta l4proto udp tproxy ip to :4002 accept
        ");
        insta::assert_snapshot!(led("192.0.2.1"), @"
        ip daddr 192.0.2.1 tcp flags & (fin | syn | rst | ack) == syn tproxy ip to 192.0.2.1:4001 accept
        ip daddr 192.0.2.1 meta l4proto udp tproxy ip to 192.0.2.1:4002 accept
        ");
        insta::assert_snapshot!(led("2001:db8::1"), @"
        ip6 daddr 2001:db8::1 tcp flags & (fin | syn | rst | ack) == syn tproxy ip6 to [2001:db8::1]:4001 accept
        ip6 daddr 2001:db8::1 meta l4proto udp tproxy ip6 to [2001:db8::1]:4002 accept
        ");
        insta::assert_snapshot!(led("eth0"), @r#"
        iifname "eth0" meta nfproto ipv4 tcp flags & (fin | syn | rst | ack) == syn tproxy ip to :4001 accept
        iifname "eth0" meta nfproto ipv4 meta l4proto udp tproxy ip to :4002 accept
        "#);
    }
}
