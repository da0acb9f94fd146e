//! From what a container says to what the sensor delivers, with a real engine and the real ZeroMQ.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{process::Command, sync::Arc, time::Duration};

use serde_json::json;
use skep_honeypots::record::Report;
use skep_model::{InteractionKind, Transport, ids::SensorId};
use support::{Outside, Sensor, Store, ask_engine, program, serving, wanted};
use tokio::{sync::mpsc, time::timeout};

async fn next(reported: &mut mpsc::Receiver<Report>) -> Report {
    timeout(Duration::from_secs(10), reported.recv())
        .await
        .expect("nothing was reported")
        .unwrap()
}

async fn event(
    reported: &mut mpsc::Receiver<Report>,
) -> (skep_model::Encounter, Vec<InteractionKind>) {
    let Report::Open { encounter, .. } = next(reported).await else {
        panic!("no event opened");
    };
    let mut steps = Vec::new();
    loop {
        match next(reported).await {
            Report::Step { interaction, .. } => steps.push(interaction.kind),
            Report::Close { .. } => return (encounter, steps),
            Report::Open { .. } => panic!("another event opened"),
        }
    }
}

fn attribute(name: &str, value: &str) -> InteractionKind {
    InteractionKind::Attribute {
        name: name.to_owned(),
        value: value.into(),
    }
}

/// Sends messages from libzmq's REQ socket, one after the other, and demands the answer that honeypots wait for.
const CLIENT: &str = r#"
import sys, zmq
socket = zmq.Context().socket(zmq.REQ)
socket.setsockopt(zmq.RCVTIMEO, 5000)
socket.setsockopt(zmq.LINGER, 0)
socket.connect(sys.argv[1])
for message in [b"no json", b"\xff\x00", b"[]", b"x" * (5 * 1024 * 1024)] + [m.encode() for m in sys.argv[2:]]:
    socket.send(message)
    answer = socket.recv()
    assert answer == b'{"status": "ok"}', answer
"#;

#[tokio::test(flavor = "multi_thread")]
async fn honeypots_for_honeysens_report_over_zeromq() {
    program();
    let store = Arc::new(Store::default());
    let mut sensor = Sensor::start(SensorId::new(), &store);
    let mut manifest = serving(&store, 22);
    manifest["profile"] = json!({ "kind": "honeysens" });
    manifest["events"] = json!({ "kind": "honeysens_collector" });
    let honeypot = wanted(manifest, "0.0.0.0", 2040);
    sensor.wanted.send_replace(vec![honeypot.clone()]);
    sensor.until_running(&honeypot).await;
    let network = ask_engine(&format!("/networks/skep-{}", honeypot.configuration.id));
    let gateway = network["IPAM"]["Config"][0]["Gateway"]
        .as_str()
        .unwrap()
        .to_owned();
    let probe = json!({ "timestamp": 1, "service": 1, "source": gateway, "summary": "SSH", "details": [], "packets": [] });
    let scan = json!({
        "timestamp": 1_700_000_000, "service": 0, "source": "203.0.113.5", "summary": "Scan", "details": [],
        "packets": [
            { "timestamp": 1_700_000_000, "protocol": 1, "port": 23, "payload": null, "headers": [{ "flags": 2 }] },
            { "timestamp": 1_700_000_001, "protocol": 2, "port": 53, "payload": "AAE=", "headers": [] },
            { "timestamp": 1_700_000_001, "protocol": 1, "port": 23, "payload": null, "headers": [{ "flags": 24 }] },
        ],
    });
    let session = json!({
        "timestamp": 1_700_000_000, "service": 1, "source": "2001:db8::5", "summary": "SSH",
        "details": [
            { "timestamp": null, "type": 0, "data": "Connection from 2001:db8::5" },
            { "timestamp": 1_700_000_000, "type": 1, "data:": "Command: uname -a" },
        ],
        "packets": [],
    });
    let output = Command::new("/usr/bin/python3")
        .args(["-c", CLIENT, &format!("tcp://{gateway}:5556")])
        .args([probe, scan, session].map(|event| event.to_string()))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let (encounter, steps) = event(&mut sensor.reported).await;
    assert_eq!(encounter.source.to_string(), "203.0.113.5");
    assert_eq!(
        (encounter.target_port, encounter.transport),
        (23, Transport::Tcp)
    );
    assert_eq!(encounter.instance, honeypot.configuration.id);
    let probe = |port, transport, flags, payload: &[u8], repeated| InteractionKind::Probe {
        port,
        transport,
        flags,
        payload: payload.into(),
        repeated,
    };
    assert_eq!(
        steps[..4],
        [
            attribute("summary", "Scan"),
            probe(23, Transport::Tcp, Some(2), b"", false),
            probe(53, Transport::Udp, None, &[0, 1], false),
            probe(23, Transport::Tcp, Some(24), b"", true),
        ]
    );
    let (encounter, steps) = event(&mut sensor.reported).await;
    assert_eq!(encounter.source.to_string(), "2001:db8::5");
    assert_eq!(encounter.target_port, 2040);
    assert_eq!(
        steps[..3],
        [
            attribute("summary", "SSH"),
            attribute("detail", "Connection from 2001:db8::5"),
            attribute("interaction", "Command: uname -a"),
        ]
    );
    assert!(sensor.reported.try_recv().is_err());
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_json_become_events_and_probes_do_not() {
    program();
    let store = Arc::new(Store::default());
    let mut sensor = Sensor::start(SensorId::new(), &store);
    let outside = Outside::new(41);
    let mut manifest = serving(&store, 22);
    manifest["image"] = store.image(&["serve", "22", "json"], false);
    let honeypot = wanted(manifest, "0.0.0.0", 2041);
    sensor.wanted.send_replace(vec![honeypot.clone()]);
    sensor.until_running(&honeypot).await;
    outside
        .connect(&outside.here()[0], 2041, &["whoami"])
        .unwrap();
    let (encounter, steps) = event(&mut sensor.reported).await;
    assert_eq!(encounter.source.to_string(), "203.0.41.99");
    assert_eq!(
        encounter.target_port, 2041,
        "the port that the attacker saw"
    );
    assert_eq!(
        steps[..2],
        [
            InteractionKind::Connect,
            InteractionKind::Command {
                line: "whoami".into(),
                protocol: false
            },
        ]
    );
    assert!(matches!(&steps[2], InteractionKind::Close { reason, .. } if reason == "hung up"));
    assert!(
        sensor.reported.try_recv().is_err(),
        "the sensor's own probes are no events"
    );
    sensor.end().await;
}

fn typed(line: &str) -> InteractionKind {
    InteractionKind::Command {
        line: line.into(),
        protocol: false,
    }
}

/// A service that writes Cowrie's log to a file.
fn cowrie(store: &Store, port: u16) -> skep_containers::Wanted {
    let path = "/var/log/cowrie/cowrie.json";
    let mut manifest = serving(store, 22);
    manifest["image"] = store.image(&["serve", "22", "cowrie", path], false);
    manifest["profile"] = json!({ "kind": "compatible" });
    manifest["events"] = json!({ "kind": "log", "adapter": "cowrie", "path": path });
    wanted(manifest, "0.0.0.0", port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_a_file_is_followed_when_it_is_renamed_and_to_its_end() {
    program();
    let store = Arc::new(Store::default());
    let mut sensor = Sensor::start(SensorId::new(), &store);
    let outside = Outside::new(42);
    let here = &outside.here()[0];
    let honeypot = cowrie(&store, 2042);
    sensor.wanted.send_replace(vec![honeypot.clone()]);
    sensor.until_running(&honeypot).await;
    outside.connect(here, 2042, &["whoami"]).unwrap();
    let (encounter, steps) = event(&mut sensor.reported).await;
    assert_eq!(encounter.source.to_string(), "203.0.42.99");
    assert_eq!(encounter.target_port, 2042);
    assert_eq!(steps[..2], [InteractionKind::Connect, typed("whoami")]);
    assert!(
        matches!(&steps[2], InteractionKind::Close { reason, .. } if reason == "the session ended")
    );

    // The same session before and after, and lines that nobody can have seen under the old name.
    let lines = ["one", "rotate", "two", "three"];
    outside.connect(here, 2042, &lines).unwrap();
    let (_, steps) = event(&mut sensor.reported).await;
    assert_eq!(
        steps[1..5],
        lines.map(typed),
        "all of it, once, and in order"
    );

    // A link is none of its files, wherever it leads.
    outside.connect(here, 2042, &["hide", "shown"]).unwrap();
    let (_, steps) = event(&mut sensor.reported).await;
    assert_eq!(steps[1..3], [typed("hide"), typed("shown")]);

    outside
        .connect(here, 2042, &["last words", "leave"])
        .unwrap();
    let (_, steps) = event(&mut sensor.reported).await;
    assert_eq!(steps[1..3], [typed("last words"), typed("leave")]);
    assert!(
        matches!(&steps[3], InteractionKind::Close { reason, .. } if reason == "the container ended")
    );
    assert!(
        sensor.reported.try_recv().is_err(),
        "the sensor's own probes are no events"
    );
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_has_read_of_a_file_is_not_read_again() {
    program();
    let store = Arc::new(Store::default());
    let sensor = Sensor::start(SensorId::new(), &store);
    let outside = Outside::new(43);
    let here = &outside.here()[0];
    let honeypot = cowrie(&store, 2043);
    sensor.wanted.send_replace(vec![honeypot.clone()]);
    sensor.until_running(&honeypot).await;
    let mut sensor = sensor;
    outside.connect(here, 2043, &["before"]).unwrap();
    event(&mut sensor.reported).await;

    // As if it had been killed: nothing is stopped.
    let id = sensor.id;
    sensor.running.abort();
    drop(sensor);
    let mut next = Sensor::start_with(id, &store, vec![honeypot.clone()]);
    next.until_running(&honeypot).await;
    // It has to look once at what is there.
    tokio::time::sleep(Duration::from_secs(3)).await;
    outside.connect(here, 2043, &["after"]).unwrap();
    let (_, steps) = event(&mut next.reported).await;
    assert_eq!(steps[1], typed("after"));
    next.end().await;
}
