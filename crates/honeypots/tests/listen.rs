//! Ports and limits, whatever the honeypot.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{net::Ipv6Addr, time::Duration};

use common::{HERE, Pot, TCP, UDP, none};
use serde_json::json;
use skep_honeypots::{listen::Limits, record::Report};
use skep_model::{InteractionKind, Transport, listen::Listen, sensor::Port};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    time::timeout,
};

async fn ends(stream: &mut TcpStream) {
    let mut rest = vec![];
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    let _ = read.expect("the connection ends");
}

#[tokio::test]
async fn a_taken_port_is_named_and_keeps_no_other_closed() {
    let taken = TcpListener::bind((HERE, 0)).await.unwrap();
    let free = TcpListener::bind((HERE, 0)).await.unwrap();
    let of = |listener: &TcpListener| Port {
        number: listener.local_addr().unwrap().port(),
        transport: Transport::Tcp,
    };
    let ports = [of(&free), of(&taken)];
    drop(free);
    let mut honeypot = Pot::start_on("telnet", none(), &ports, Limits::default())
        .await
        .unwrap();
    assert_eq!(honeypot.running.ports(), ports[..1]);
    assert_eq!(
        honeypot.running.missing().unwrap().to_string(),
        format!("port {}/tcp is taken", ports[1].number)
    );
    drop(TcpStream::connect((HERE, ports[0].number)).await.unwrap());
    honeypot.opened().await;
    honeypot.rest().await;

    drop(taken);
    honeypot.running.open_missing().await;
    assert!(honeypot.running.missing().is_none());
    drop(TcpStream::connect((HERE, ports[1].number)).await.unwrap());
    honeypot.opened().await;

    let datagrams = UdpSocket::bind((HERE, 0)).await.unwrap();
    let port = Port {
        number: datagrams.local_addr().unwrap().port(),
        transport: Transport::Udp,
    };
    let error = Pot::start_on("catch-all", none(), &[port], Limits::default())
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        format!("port {}/udp is taken", port.number)
    );
}

#[tokio::test]
async fn a_source_has_so_many_connections_and_no_more() {
    let limits = Limits {
        per_source: 2,
        ..Limits::default()
    };
    let mut pot = Pot::start_on("telnet", none(), &[TCP], limits)
        .await
        .unwrap();
    let mut held = vec![];
    for _ in 0..2 {
        held.push(TcpStream::connect(pot.address()).await.unwrap());
        pot.opened().await;
        assert_eq!(pot.step().await, InteractionKind::Connect);
    }
    ends(&mut TcpStream::connect(pot.address()).await.unwrap()).await;
    assert_eq!(pot.running.refused(), 1);
    held.pop();
    let steps = pot.rest().await;
    assert!(matches!(steps.last(), Some(InteractionKind::Close { .. })));
    held.push(TcpStream::connect(pot.address()).await.unwrap());
    pot.opened().await;
}

#[tokio::test]
async fn silence_and_bytes_are_bounded() {
    let idle = Limits {
        idle: Duration::from_millis(200),
        ..Limits::default()
    };
    for (name, limits, talks, why) in [
        ("telnet", idle, false, "silent for 0 s"),
        ("ssh", idle, false, "silent for 0 s"),
        ("http", idle, false, "silent for 0 s"),
        ("ftp", idle, false, "silent for 0 s"),
        ("https", idle, false, "silent for 0 s"),
        ("smtp", idle, false, "silent for 0 s"),
        (
            "ftp",
            Limits {
                bytes: 10_000,
                ..Limits::default()
            },
            true,
            "more than 10000 bytes received",
        ),
        (
            "smtp",
            Limits {
                bytes: 10_000,
                ..Limits::default()
            },
            true,
            "more than 10000 bytes received",
        ),
        (
            "telnet",
            Limits {
                session: Duration::from_millis(200),
                ..Limits::default()
            },
            false,
            "open for 0 s",
        ),
        (
            "telnet",
            Limits {
                bytes: 10_000,
                ..Limits::default()
            },
            true,
            "more than 10000 bytes received",
        ),
    ] {
        let mut pot = Pot::start_on(name, none(), &[TCP], limits).await.unwrap();
        let mut stream = TcpStream::connect(pot.address()).await.unwrap();
        if talks {
            let _ = stream.write_all(&b"a".repeat(20_000)).await;
        }
        pot.opened().await;
        let steps = pot.rest().await;
        let Some(InteractionKind::Close { reason, .. }) = steps.last() else {
            panic!("no close")
        };
        assert_eq!(reason, why, "{name}");
        ends(&mut stream).await;
    }
}

#[tokio::test]
async fn stopping_ends_connections_and_their_events() {
    for name in ["telnet", "ssh", "http", "https", "ftp", "smtp", "catch-all"] {
        let mut pot = Pot::start(name, none()).await;
        let mut stream = TcpStream::connect(pot.address()).await.unwrap();
        stream.write_all(b"SSH-2.0-x\r\n").await.unwrap();
        let event = pot.opened().await;
        let address = pot.address();
        let Pot {
            running,
            mut reports,
        } = pot;
        running.stop().await;
        ends(&mut stream).await;
        let mut last = None;
        while let Some(report) = timeout(Duration::from_secs(10), reports.recv())
            .await
            .unwrap()
        {
            last = Some(report);
        }
        assert!(
            matches!(last, Some(Report::Close { event: closed, .. }) if closed == event),
            "{name}"
        );
        assert!(TcpStream::connect(address).await.is_err());
    }
}

#[tokio::test]
async fn an_interface_is_listened_at_with_all_its_addresses() {
    let at = |name: &str| name.parse::<Listen>().unwrap();
    let soon = json!({ "window": 1, "idle": 1 });
    let mut pot = Pot::start_at(at("lo"), "catch-all", soon, &[TCP, UDP], Limits::default())
        .await
        .unwrap();
    assert!(!pot.running.is_cut_off());
    let ports = pot.running.ports();
    for here in [HERE, Ipv6Addr::LOCALHOST.into()] {
        drop(TcpStream::connect((here, ports[0].number)).await.unwrap());
        let socket = UdpSocket::bind((here, 0)).await.unwrap();
        let to = (here, ports[1].number);
        socket.send_to(b"hello", to).await.unwrap();
        let Report::Open { encounter, .. } = pot.report().await else {
            panic!("no opening")
        };
        assert_eq!(encounter.source, here.into());
        let probed = |step: InteractionKind| match step {
            InteractionKind::Probe { transport, .. } => Some(transport),
            _ => None,
        };
        let transports: Vec<_> = pot.rest().await.into_iter().filter_map(probed).collect();
        for transport in [Transport::Tcp, Transport::Udp] {
            assert!(transports.contains(&transport), "{here} {transport}");
        }
    }
    let error = Pot::start_at(at("no-such-0"), "telnet", none(), &[TCP], Limits::default());
    assert_eq!(
        error.await.err().unwrap().to_string(),
        "port 0/tcp cannot be opened: this machine has no such interface"
    );
}
