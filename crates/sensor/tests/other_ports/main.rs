//! The program and the ports that nothing listens on: attackers come from a network namespace of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod network;
mod sensor;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the tests of the agent need more of it")]
mod support;

use std::{
    collections::BTreeSet,
    net::UdpSocket,
    time::{Duration, Instant},
};

use network::{
    ATTACKER, CONTAINER, MACHINE, Network, SECOND, answer, datagrams, greeting, is_refused, serve,
    serve_transparently, shell, tcp,
};
use nix::sys::signal::Signal;
use sensor::{
    LISTED, Sensor, called, catch_all, catch_all_with, caught, configure, instance, running, said,
};
use skep_containers::Owner;
use skep_model::{InteractionKind, Transport, limits, sensor::InstanceState};
use skep_protocol::part::Part;
use support::{Known, Server};

/// Runs a test on the machine.
fn on_the_machine(test: impl AsyncFnOnce(&Network) + Send) {
    let network = Network::new();
    network.machine.inside(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(test(&network));
    });
}

/// The ports of the sensor's own sockets for other ports.
fn led_to(server: &Server) -> Vec<u16> {
    let rules = shell(&format!("nft list table inet {}", table(server)));
    let to = rules.split("tproxy").skip(1);
    let ports: Vec<_> = to
        .filter_map(|to| to.split([':', ' ']).find_map(|word| word.parse().ok()))
        .collect();
    assert_eq!(ports.len(), 4, "{rules}");
    ports
}

/// The table of the sensor's rules.
fn table(server: &Server) -> String {
    Owner::new(server.known().sensor).table_of_other_ports()
}

#[test]
fn a_port_that_nothing_listens_on_is_caught_over_both_protocols() {
    on_the_machine(async |network| {
        let server = Server::start();
        configure(&server, 1, &[catch_all("0.0.0.0")]);
        let mut sensor = Sensor::start(&server);
        assert_eq!(running(&server, 1).await[0].reason, None);
        for (here, there) in MACHINE.into_iter().zip(ATTACKER) {
            // Low and high, listed and not.
            for port in [1, 7777, LISTED, 65535] {
                let words = format!("for {here}");
                network.attacker.inside(|| {
                    tcp(here, port, &words).unwrap();
                    datagrams(here, port).send(words.as_bytes()).unwrap();
                });
                for transport in [Transport::Tcp, Transport::Udp] {
                    let find = |known: &Known| said(known, port, transport, &words);
                    assert_eq!(server.wait(&words, find).await, there, "{transport} {port}");
                }
            }
        }
        assert!(shell("nft list tables").contains(&table(&server)));
        assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
        assert!(!shell("nft list tables").contains(&table(&server)));
        assert!(network.attacker.inside(|| is_refused(MACHINE[0], 7777)));
    });
}

#[test]
fn what_has_a_socket_or_is_led_elsewhere_is_left_alone() {
    on_the_machine(async |network| {
        let server = Server::start();
        let ftp = instance("ftp", "0.0.0.0", 21);
        configure(&server, 1, &[ftp, catch_all("0.0.0.0")]);
        // One socket for both protocols, as many programs have it.
        serve("::", 8001);
        let mut sensor = Sensor::start(&server);
        running(&server, 1).await;
        serve("::", 8002);
        serve_transparently("0.0.0.0", 8004);
        network.container.inside(|| serve("0.0.0.0", 80));
        shell(&format!(
            "nft 'table ip published {{ chain publish {{ type nat hook prerouting priority dstnat
             tcp dport 8003 dnat to {CONTAINER}:80; udp dport 8003 dnat to {CONTAINER}:80; }}; }}'"
        ));
        network.attacker.inside(|| {
            for here in MACHINE {
                for port in [8001, 8002] {
                    // From the same port again: the first connection of the two lingers with its service.
                    for _ in 0..2 {
                        assert_eq!(greeting(here, port, 5555), "real", "{here} {port}");
                    }
                    assert_eq!(answer(here, port).as_deref(), Ok("real"), "{here} {port}");
                }
            }
            for port in [8003, 8004] {
                assert_eq!(greeting(MACHINE[0], port, 0), "real", "{port}");
                assert_eq!(answer(MACHINE[0], port).as_deref(), Ok("real"), "{port}");
            }
            let url = format!("ftp://root:123456@{}/%2Fetc/", MACHINE[0]);
            let listing = shell(&format!("curl -sS {url}"));
            assert!(listing.contains(" passwd"), "{listing}");
        });
        // What comes from the machine itself.
        for here in MACHINE.into_iter().chain(["127.0.0.1", "::1"]) {
            assert!(is_refused(here, 7777), "{here}");
        }

        // The answer to a question of the machine's own, after nobody waits for it any more.
        let other = network
            .attacker
            .inside(|| UdpSocket::bind("0.0.0.0:53").unwrap());
        let asking = UdpSocket::bind("0.0.0.0:0").unwrap();
        asking.send_to(b"question", (ATTACKER[0], 53)).unwrap();
        drop(asking);
        let (_, asked) = other.recv_from(&mut [0; 100]).unwrap();
        other.send_to(b"answer", asked).unwrap();

        network
            .attacker
            .inside(|| tcp(MACHINE[0], 9999, "last").unwrap());
        let last = |known: &Known| said(known, 9999, Transport::Tcp, "last");
        server.wait("the last attack", last).await;
        assert_eq!(called(&server.known()), BTreeSet::from([9999]));
        assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
    });
}

#[test]
fn a_killed_sensor_leaves_a_machine_that_refuses_and_comes_back() {
    on_the_machine(async |network| {
        let server = Server::start();
        configure(&server, 1, &[catch_all("0.0.0.0")]);
        let mut sensor = Sensor::start(&server);
        running(&server, 1).await;
        network
            .attacker
            .inside(|| tcp(MACHINE[0], 7777, "before").unwrap());
        let find = |known: &Known| said(known, 7777, Transport::Tcp, "before");
        server.wait("the first attack", find).await;
        sensor.end(Signal::SIGKILL);
        // Whoever gets the sockets' ports now gets no visitors of other ports.
        for port in led_to(&server) {
            serve("::", port);
        }
        let began = Instant::now();
        for here in MACHINE {
            assert!(network.attacker.inside(|| is_refused(here, 7777)), "{here}");
        }
        assert!(began.elapsed() < Duration::from_secs(2), "it hangs");

        server.known().status = None;
        let mut sensor = sensor.again(&server);
        running(&server, 1).await;
        network.attacker.inside(|| {
            tcp(MACHINE[1], 7777, "after").unwrap();
            datagrams(MACHINE[0], 7777).send(b"after").unwrap();
        });
        for transport in [Transport::Tcp, Transport::Udp] {
            let find = |known: &Known| said(known, 7777, transport, "after");
            server.wait("the attacks after it", find).await;
        }
        assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
        assert!(!shell("nft list tables").contains(&table(&server)));
    });
}

#[test]
fn a_sensor_without_privileges_keeps_to_its_listed_ports() {
    on_the_machine(async |network| {
        let server = Server::start();
        configure(&server, 1, &[catch_all("0.0.0.0")]);
        let mut sensor = Sensor::unprivileged(&server);
        assert_eq!(running(&server, 1).await[0].reason, None);
        network.attacker.inside(|| {
            tcp(MACHINE[0], LISTED, "listed").unwrap();
            assert!(is_refused(MACHINE[0], 7777));
        });
        let listed = |known: &Known| said(known, LISTED, Transport::Tcp, "listed");
        server.wait("the listed port", listed).await;

        configure(&server, 2, &[catch_all_with("required")]);
        let reports = running(&server, 2).await;
        assert_eq!(reports[0].state, InstanceState::Failed);
        let reason = reports[0].reason.as_deref().unwrap();
        assert!(reason.contains("CAP_NET_ADMIN"), "{reason}");
        network
            .attacker
            .inside(|| tcp(MACHINE[0], LISTED, "listed still").unwrap());
        let listed = |known: &Known| said(known, LISTED, Transport::Tcp, "listed still");
        server.wait("the listed port once more", listed).await;

        configure(&server, 3, &[catch_all("0.0.0.0")]);
        assert_eq!(running(&server, 3).await[0].reason, None);
        assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
        let said = sensor
            .log()
            .matches("only what comes to listed ports")
            .count();
        assert_eq!(said, 1, "{}", sensor.log());
    });
}

#[test]
fn one_instance_has_them_on_its_own_address_and_the_next_waits() {
    on_the_machine(async |network| {
        let server = Server::start();
        let first = catch_all(MACHINE[0]);
        let mut second = catch_all("::");
        second.ports[0].number = 8081;
        configure(&server, 1, &[first.clone(), second.clone()]);
        let mut sensor = Sensor::start(&server);
        let reports = running(&server, 1).await;
        let reason = |id| {
            let of = reports.iter().find(|report| report.id == id);
            of.unwrap().reason.clone()
        };
        assert_eq!(reason(first.id), None);
        assert!(reason(second.id).unwrap().contains("another instance"));
        network.attacker.inside(|| {
            tcp(MACHINE[0], 7777, "first").unwrap();
            assert!(is_refused(SECOND, 7777));
            assert!(is_refused(MACHINE[1], 7777));
        });
        let find = |known: &Known| said(known, 7777, Transport::Tcp, "first");
        server.wait("the first", find).await;

        configure(&server, 2, &[second]);
        let complete = |known: &Known| {
            let (active, status) = known.status.as_ref()?;
            let whole = status.instances[0].reason.is_none();
            (*active == Some(2) && whole).then_some(())
        };
        server.wait("the second to have them", complete).await;
        network
            .attacker
            .inside(|| tcp(SECOND, 7777, "second").unwrap());
        let find = |known: &Known| said(known, 7777, Transport::Tcp, "second");
        server.wait("the second", find).await;

        configure(&server, 3, &[catch_all_with("never")]);
        assert_eq!(running(&server, 3).await[0].reason, None);
        assert!(network.attacker.inside(|| is_refused(SECOND, 7777)));
        assert!(!shell("nft list tables").contains(&table(&server)));
        assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
    });
}

#[test]
fn an_interface_is_watched_whatever_addresses_it_gets_and_whenever_it_comes() {
    on_the_machine(async |network| {
        let server = Server::start();
        configure(&server, 1, &[catch_all("outside")]);
        let mut sensor = Sensor::start(&server);
        assert_eq!(running(&server, 1).await[0].reason, None);
        for (here, there) in MACHINE.into_iter().zip(ATTACKER) {
            for port in [7777, LISTED] {
                let words = format!("{port} of {here}");
                network.attacker.inside(|| tcp(here, port, &words).unwrap());
                let find = |known: &Known| said(known, port, Transport::Tcp, &words);
                assert_eq!(server.wait(&words, find).await, there);
            }
        }
        // Nor are the ports that they are led to.
        for port in led_to(&server).into_iter().chain([7777, LISTED]) {
            let refused = || is_refused("198.51.100.1", port);
            assert!(
                network.container.inside(refused),
                "{port} by another interface"
            );
        }

        shell("ip addr add 192.0.2.3/24 dev outside");
        network.attacker.inside(|| {
            tcp("192.0.2.3", LISTED, "a new address").unwrap();
            datagrams("192.0.2.3", 7777).send(b"a new address").unwrap();
        });
        for (port, transport) in [(LISTED, Transport::Tcp), (7777, Transport::Udp)] {
            let find = |known: &Known| said(known, port, transport, "a new address");
            server.wait("what came to a new address", find).await;
        }

        network.unplug();
        let failed = |known: &Known| {
            let (_, status) = known.status.as_ref()?;
            status.instances[0].reason.clone()
        };
        let reason = server.wait("it to fail", failed).await;
        assert!(reason.contains("no such interface"), "{reason}");
        network.plug_in();
        let runs = |known: &Known| {
            let (_, status) = known.status.as_ref()?;
            (status.instances[0].state == InstanceState::Running).then_some(())
        };
        server.wait("it to run", runs).await;
        network.attacker.inside(|| {
            tcp(MACHINE[0], LISTED, "plugged in").unwrap();
            datagrams(MACHINE[1], 7777).send(b"plugged in").unwrap();
        });
        for (port, transport) in [(LISTED, Transport::Tcp), (7777, Transport::Udp)] {
            let find = |known: &Known| said(known, port, transport, "plugged in");
            server.wait("what came after it", find).await;
        }
        assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
    });
}

#[test]
fn a_scan_of_all_ports_is_one_event_within_bounds() {
    on_the_machine(async |network| {
        let server = Server::start();
        let catch_all = instance("catch-all", "0.0.0.0", LISTED);
        configure(&server, 1, &[catch_all]);
        let mut sensor = Sensor::start(&server);
        running(&server, 1).await;
        let scan = format!("nmap -sT -Pn -n -T5 -p- {}", MACHINE[0]);
        let report = network.attacker.inside(|| shell(&scan));
        let open = report
            .lines()
            .filter(|line| line.contains("/tcp") && line.contains("open"));
        assert_eq!(open.count(), 65_535);
        let closed = |known: &Known| {
            let close = |(_, part): &(u64, Part)| matches!(part, Part::Close { .. });
            known.parts.iter().any(close).then_some(())
        };
        server.wait("the end of the event", closed).await;
        let known = server.known();
        let open = |(_, part): &&(u64, Part)| matches!(part, Part::Open { .. });
        assert_eq!(known.parts.iter().filter(open).count(), 1);
        let (steps, ports) = (caught(&known), called(&known));
        assert!(steps.len() <= limits::INTERACTIONS as usize);
        assert!(ports.len() > 9_900, "{}", ports.len());
        let Some((_, InteractionKind::Close { reason, .. })) = steps.last() else {
            panic!("{:?}", steps.last());
        };
        assert_eq!(reason, "quiet");
        drop(known);
        let most = sensor.peak_memory();
        assert!(most < 64 * 1024, "{most} kB");
        assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
    });
}
