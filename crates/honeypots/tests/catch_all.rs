//! The catch-all honeypot: single touches and scans.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{collections::HashSet, time::Duration};

use common::{HERE, Pot, TCP, UDP, bytes};
use serde_json::json;
use skep_honeypots::{listen::Limits, record::Report};
use skep_model::{Classification, Digest, Direction, InteractionKind, Transport};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, UdpSocket},
    process::Command,
    time::timeout,
};

fn probed(steps: &[InteractionKind]) -> HashSet<(u16, Transport)> {
    let ports = steps.iter().filter_map(|kind| match kind {
        InteractionKind::Probe {
            port, transport, ..
        } => Some((*port, *transport)),
        _ => None,
    });
    ports.collect()
}

fn classification(steps: &[InteractionKind]) -> Classification {
    let mut digest = Digest::default();
    for kind in steps {
        digest.add(kind);
    }
    digest.classification()
}

#[tokio::test]
async fn a_connection_is_seen_at_once_and_its_payload_as_it_comes() {
    let mut pot = Pot::start("catch-all", json!({"window": 1, "idle": 1})).await;
    let mut stream = TcpStream::connect(pot.address()).await.unwrap();
    pot.opened().await;
    assert!(matches!(pot.step().await, InteractionKind::Probe { port, .. } if port == pot.port()));
    stream
        .write_all(b"GET / HTTP/1.0\r\n\r\n\x00\xff")
        .await
        .unwrap();
    let kind = InteractionKind::Data {
        direction: Direction::In,
        bytes: b"GET / HTTP/1.0\r\n\r\n\x00\xff".into(),
    };
    assert_eq!(pot.step().await, kind);
    stream.write_all(b"more").await.unwrap();
    drop(stream);
    let steps = pot.rest().await;
    assert_eq!(bytes(&steps, Direction::In), b"more");
    assert!(
        matches!(steps.last(), Some(InteractionKind::Close { reason, .. }) if reason == "quiet")
    );
}

#[tokio::test]
async fn many_ports_of_both_kinds_are_one_scan() {
    let ports = [TCP, TCP, TCP, UDP, UDP];
    let mut pot = Pot::start_on("catch-all", json!({"window": 1}), &ports, Limits::default())
        .await
        .unwrap();
    let bound = pot.running.ports();
    let socket = UdpSocket::bind((HERE, 0)).await.unwrap();
    for port in &bound {
        match port.transport {
            Transport::Udp => drop(socket.send_to(b"ping", (HERE, port.number)).await.unwrap()),
            _ => drop(TcpStream::connect((HERE, port.number)).await.unwrap()),
        }
    }
    // The same port once more is no further port of the scan.
    drop(TcpStream::connect((HERE, bound[0].number)).await.unwrap());
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(
        probed(&steps),
        bound
            .iter()
            .map(|port| (port.number, port.transport))
            .collect()
    );
    let probes = steps
        .iter()
        .filter(|kind| matches!(kind, InteractionKind::Probe { .. }))
        .count();
    assert_eq!(probes, ports.len());
    assert!(steps.iter().any(
        |kind| matches!(kind, InteractionKind::Probe { payload, .. } if payload.0 == b"ping")
    ));
    assert_eq!(classification(&steps), Classification::Scan);
}

#[tokio::test]
async fn nmap_over_ten_ports_is_one_scan() {
    let mut pot = Pot::start_on(
        "catch-all",
        json!({"window": 2}),
        &[TCP; 10],
        Limits::default(),
    )
    .await
    .unwrap();
    let bound = pot.running.ports();
    let list = bound
        .iter()
        .map(|port| port.number.to_string())
        .collect::<Vec<_>>()
        .join(",");
    let output = Command::new("nmap")
        .args(["-sT", "-Pn", "-n", "-p", &list, "127.0.0.1"])
        .output()
        .await
        .expect("nmap is installed");
    assert!(output.status.success());
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(
        probed(&steps),
        bound
            .iter()
            .map(|port| (port.number, Transport::Tcp))
            .collect()
    );
    assert_eq!(classification(&steps), Classification::Scan);
    let more = timeout(Duration::from_millis(200), pot.reports.recv()).await;
    assert!(more.is_err(), "one event and no other");
}

#[tokio::test]
async fn datagrams_of_one_source_are_bounded() {
    let limits = Limits {
        datagrams_per_source: 10,
        ..Limits::default()
    };
    let mut pot = Pot::start_on("catch-all", json!({"window": 1}), &[UDP], limits)
        .await
        .unwrap();
    let socket = UdpSocket::bind((HERE, 0)).await.unwrap();
    for _ in 0..50 {
        socket.send_to(b"flood", (HERE, pot.port())).await.unwrap();
    }
    let mut taken = 0;
    loop {
        match pot.report().await {
            Report::Step { .. } => taken += 1,
            Report::Close { .. } => break,
            Report::Open { .. } => {}
        }
    }
    assert!((10..=30).contains(&taken), "{taken}");
    assert!(pot.running.refused() >= 20);
}
