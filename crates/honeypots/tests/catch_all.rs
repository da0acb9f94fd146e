//! The catch-all honeypot: single touches and scans.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{collections::HashSet, time::Duration};

use common::{HERE, Pot, TCP, UDP};
use serde_json::json;
use skep_honeypots::{listen::Limits, record::Report};
use skep_model::{Classification, Digest, InteractionKind, Transport};
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

fn digest(steps: &[InteractionKind]) -> Digest {
    let mut digest = Digest::default();
    for kind in steps {
        digest.add(kind);
    }
    digest
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
    let payload = |bytes: &[u8]| InteractionKind::Probe {
        port: pot.port(),
        transport: Transport::Tcp,
        flags: None,
        payload: bytes.into(),
        repeated: true,
    };
    let (first, more) = (payload(b"GET / HTTP/1.0\r\n\r\n\x00\xff"), payload(b"more"));
    assert_eq!(pot.step().await, first);
    stream.write_all(b"more").await.unwrap();
    drop(stream);
    let steps = pot.rest().await;
    assert_eq!(steps.first(), Some(&more));
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
        .filter(|kind| {
            matches!(
                kind,
                InteractionKind::Probe {
                    repeated: false,
                    ..
                }
            )
        })
        .count();
    assert_eq!(probes, ports.len());
    assert!(steps.iter().any(
        |kind| matches!(kind, InteractionKind::Probe { payload, .. } if payload.0 == b"ping")
    ));
    let digest = digest(&steps);
    assert_eq!(digest.classification(), Classification::Scan);
    assert!(digest.summary().starts_with("5 ports scanned: "));
    for port in &bound {
        let number = port.number.to_string();
        assert!(digest.summary().contains(&number), "{}", digest.summary());
    }
}

#[tokio::test]
async fn a_payload_in_a_scan_says_which_port_it_came_to() {
    let mut pot = Pot::start_on(
        "catch-all",
        json!({"window": 1, "idle": 1}),
        &[TCP, TCP, UDP],
        Limits::default(),
    )
    .await
    .unwrap();
    let bound = pot.running.ports();
    for port in &bound[..2] {
        let mut stream = TcpStream::connect((HERE, port.number)).await.unwrap();
        let payload = format!("to {}", port.number);
        stream.write_all(payload.as_bytes()).await.unwrap();
    }
    let socket = UdpSocket::bind((HERE, 0)).await.unwrap();
    for _ in 0..2 {
        let payload = format!("to {}", bound[2].number);
        let to = (HERE, bound[2].number);
        socket.send_to(payload.as_bytes(), to).await.unwrap();
    }
    pot.opened().await;
    let payloads: Vec<_> = pot
        .rest()
        .await
        .into_iter()
        .filter_map(|kind| match kind {
            InteractionKind::Probe { port, payload, .. } if !payload.0.is_empty() => {
                Some((format!("to {port}").into_bytes(), payload.0))
            }
            _ => None,
        })
        .collect();
    assert_eq!(payloads.len(), 4);
    for (expected, payload) in payloads {
        assert_eq!(payload, expected);
    }
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
    assert_eq!(digest(&steps).classification(), Classification::Scan);
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
