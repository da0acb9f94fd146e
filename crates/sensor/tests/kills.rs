//! The program, killed at the places where it could lose or double something.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "the tests of the agent need more of it")]
mod support;

use std::{
    io::Write,
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use skep_model::{Transport, ids::InstanceId, sensor::Port, service::Settings};
use skep_protocol::message::{Configuration, InstanceConfiguration};
use support::Server;

fn start(server: &Server, data: &Path, kill: Option<(&str, u32)>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep-sensor"));
    command
        .args([
            "run",
            "--user",
            "root",
            "--spool-size",
            "1",
            "--server",
            &server.url,
        ])
        .args(["--token", &server.token.to_string(), "--data"])
        .arg(data)
        .stderr(Stdio::null());
    if let Some((place, visit)) = kill {
        command
            .env("SKEP_KILL_AT", place)
            .env("SKEP_KILL_AFTER", visit.to_string());
    }
    command.spawn().unwrap()
}

/// One touch with words of its own; whether it was taken.
fn touch(port: u16, words: &str) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .and_then(|mut stream| {
            stream.write_all(words.as_bytes())?;
            // Time to be read before the connection ends.
            thread::sleep(Duration::from_millis(5));
            Ok(())
        })
        .is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_in_the_spool_arrives_once() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    server.configure(Configuration {
        revision: 1,
        instances: vec![InstanceConfiguration {
            id: InstanceId::new(),
            service: "catch-all".parse().unwrap(),
            revision: 1,
            address: IpAddr::from(Ipv4Addr::LOCALHOST).into(),
            ports: vec![Port {
                number: port,
                transport: Transport::Tcp,
            }],
            settings: Settings::new(),
            image: None,
        }],
    });
    for round in 1..=3 {
        for place in ["after-receive", "after-fsync", "after-send"] {
            let mut sensor = start(&server, data.path(), Some((place, round * 3)));
            while sensor.try_wait().unwrap().is_none() {
                touch(port, place);
            }
        }
    }
    let mut sensor = start(&server, data.path(), None);
    while !touch(port, "the last") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server
        .wait("the last words", |known| {
            let last = format!("{:?}", known.parts.last()?);
            (known.status.as_ref()?.1.dropped == 0 && last.contains("Close")).then_some(())
        })
        .await;
    sensor.kill().unwrap();
    sensor.wait().unwrap();
    let known = server.known();
    let starts = known
        .parts
        .iter()
        .filter(|(_, part)| format!("{part:?}").starts_with("Restart"));
    assert!(starts.count() >= 9);
    // One epoch, each place once, none missing: what was sent twice was the same.
    assert!(
        known
            .parts
            .iter()
            .map(|(seq, _)| *seq)
            .eq(1..=known.parts.len() as u64)
    );
}
