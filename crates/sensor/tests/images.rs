//! The program and a real engine, from the server's configuration to the attack that is reported. Run it by
//! `scripts/engine.sh`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "../../containers/tests/support/mod.rs"]
mod containers;
#[allow(dead_code, reason = "the tests of the agent need more of it")]
mod support;

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use containers::{Outside, Store, ask_engine, engine_host, program, serving, shell, wanted};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use skep_containers::Owner;
use skep_model::{
    InteractionKind, Transport,
    ids::InstanceId,
    sensor::{InstanceState, Port},
    service::Settings,
};
use skep_protocol::{
    message::{
        Configuration, ImageConfiguration, InstanceConfiguration, InstanceReport, LogReport,
    },
    part::Part,
};
use support::{Known, Server};

const PROGRAM: &str = env!("CARGO_BIN_EXE_skep-sensor");

/// The program, which gives up root as it does anywhere.
struct Sensor(Child);

impl Sensor {
    fn start(server: &Server, data: &Path, engine: &str) -> Self {
        Self::start_by(Command::new(PROGRAM), server, data, engine)
    }

    fn with_engine(server: &Server, data: &Path) -> Self {
        Self::start(server, data, &engine_host())
    }

    fn start_by(mut command: Command, server: &Server, data: &Path, engine: &str) -> Self {
        command
            .args(["run", "--server", &server.url, "--engine", engine])
            .args(["--token", &server.token.to_string(), "--data"])
            .arg(data);
        Self(command.spawn().unwrap())
    }

    fn end(mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(self.0.id() as i32), signal).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An instance of an image that prints lines of JSON. The server hands out the image.
fn image(server: &Server, port: u16) -> InstanceConfiguration {
    let profile = json!({ "kind": "hardened", "capabilities": ["NET_BIND_SERVICE"] });
    image_with(server, port, 22, &profile)
}

fn image_with(server: &Server, port: u16, inside: u16, profile: &Value) -> InstanceConfiguration {
    program();
    let store = Store::default();
    let mut manifest = serving(&store, inside);
    manifest["image"] = store.image(&["serve", &inside.to_string(), "json"], false);
    manifest["profile"] = profile.clone();
    let wanted = wanted(manifest, "0.0.0.0", port);
    server.known().blobs = store.blobs.into_inner().unwrap();
    InstanceConfiguration {
        image: Some(Box::new(ImageConfiguration {
            manifest: wanted.manifest,
            capabilities: wanted.allowed.capabilities,
            raw_network: profile["raw_network"] == true,
        })),
        ..wanted.configuration
    }
}

fn built_in(port: u16) -> InstanceConfiguration {
    InstanceConfiguration {
        id: InstanceId::new(),
        service: "catch-all".parse().unwrap(),
        revision: 1,
        address: "127.0.0.1".parse().unwrap(),
        ports: vec![Port {
            number: port,
            transport: Transport::Tcp,
        }],
        settings: Settings::new(),
        image: None,
    }
}

fn report(known: &Known, id: InstanceId) -> Option<InstanceReport> {
    let (_, status) = known.status.as_ref()?;
    status
        .instances
        .iter()
        .find(|report| report.id == id)
        .cloned()
}

async fn until_running(server: &Server, id: InstanceId) {
    let running = |known: &Known| {
        let report = report(known, id)?;
        (report.state == InstanceState::Running).then_some(())
    };
    server.wait("running", running).await;
}

async fn until_failed(server: &Server, id: InstanceId) -> String {
    let failed = |known: &Known| {
        let report = report(known, id)?;
        (report.state == InstanceState::Failed).then_some(report.reason)?
    };
    server.wait("failed", failed).await
}

/// The running container of an instance.
fn container(id: InstanceId) -> Option<Value> {
    let containers = ask_engine("/containers/json");
    let name = json!([format!("/skep-{id}")]);
    let mut containers = containers.as_array().unwrap().iter();
    let found = containers.find(|container| container["Names"] == name)?;
    Some(found["Id"].clone())
}

/// Whether the engine has an image of the owner's.
fn has_image(owner: Owner) -> bool {
    let images = ask_engine("/images/json").to_string();
    images.contains(&owner.repository())
}

/// The event in which the line was typed: who came, and whether it is over.
fn command(known: &Known, typed: &str) -> Option<(String, u16)> {
    let event = known.parts.iter().find_map(|(_, part)| {
        let (Part::Open { event, interactions, .. } | Part::Extend { event, interactions, .. }) = part else {
            return None;
        };
        let has = |kind: &InteractionKind| matches!(kind, InteractionKind::Command { line, .. } if line.0 == typed.as_bytes());
        interactions.iter().any(|step| has(&step.kind)).then_some(*event)
    })?;
    let closed =
        |part: &Part| matches!(part, Part::Close { event: closed, .. } if *closed == event);
    known.parts.iter().find(|(_, part)| closed(part))?;
    known.parts.iter().find_map(|(_, part)| match part {
        Part::Open {
            event: opened,
            encounter,
            ..
        } if *opened == event => Some((encounter.source.to_string(), encounter.target_port)),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_fetched_attacked_and_gone_when_it_is_unassigned() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let owner = Owner::new(server.known().sensor);
    let outside = Outside::new(50);
    let honeypot = image(&server, 2050);
    let beside = built_in(2150);
    server.known().pause = Duration::from_millis(100);
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone(), beside.clone()],
    });
    let sensor = Sensor::with_engine(&server, data.path());
    let progress = |known: &Known| {
        let report = report(known, honeypot.id)?;
        let loading = report.progress.is_some_and(|progress| progress <= 100);
        (loading && report.state == InstanceState::Scheduled).then_some(())
    };
    server.wait("progress of loading", progress).await;
    until_running(&server, beside.id).await;
    until_running(&server, honeypot.id).await;
    assert!(TcpStream::connect("127.0.0.1:2150").is_ok());
    outside
        .connect(&outside.here()[0], 2050, &["uname -a"])
        .unwrap();
    let caught = server
        .wait("the attack", |known| command(known, "uname -a"))
        .await;
    assert_eq!(caught, ("203.0.50.99".to_owned(), 2050));

    server.configure(Configuration {
        revision: 2,
        instances: vec![beside.clone()],
    });
    server
        .wait("the container and its image to be gone", |_| {
            (container(honeypot.id).is_none() && !has_image(owner)).then_some(())
        })
        .await;
    until_running(&server, beside.id).await;
    assert_eq!(report(&server.known(), honeypot.id), None);
    assert_eq!(outside.connect(&outside.here()[0], 2050, &[]), None);
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_by_sigkill_is_taken_up_and_a_stop_leaves_only_the_image() {
    let (mut server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let owner = Owner::new(server.known().sensor);
    let outside = Outside::new(51);
    let here = &outside.here()[0];
    let honeypot = image(&server, 2051);
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone()],
    });
    let sensor = Sensor::with_engine(&server, data.path());
    until_running(&server, honeypot.id).await;
    let before = container(honeypot.id);
    let fetched = server.known().fetched;
    assert_eq!(sensor.end(Signal::SIGKILL), None);
    assert_eq!(container(honeypot.id), before);

    server.known().status = None;
    let sensor = Sensor::with_engine(&server, data.path());
    until_running(&server, honeypot.id).await;
    assert_eq!(container(honeypot.id), before);
    outside.connect(here, 2051, &["again"]).unwrap();
    let caught = server
        .wait("the attack", |known| command(known, "again"))
        .await;
    assert_eq!(caught, ("203.0.51.99".to_owned(), 2051));

    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
    assert_eq!(container(honeypot.id), None);
    assert_eq!(outside.connect(here, 2051, &[]), None);
    assert!(!shell("nft list tables").contains(&owner.table()));
    assert!(has_image(owner));

    // With what it has, it needs no server.
    server.go_away().await;
    let sensor = Sensor::with_engine(&server, data.path());
    let end = Instant::now() + Duration::from_secs(30);
    while container(honeypot.id).is_none() {
        assert!(Instant::now() < end, "no container");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    outside.greeting(here, 2051);
    outside.connect(here, 2051, &["alone"]).unwrap();
    server.come_back().await;
    server
        .wait("the attack", |known| command(known, "alone"))
        .await;
    assert_eq!(server.known().fetched, fetched);
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_life_has_left_is_removed_although_nothing_is_wanted() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let owner = Owner::new(server.known().sensor);
    let honeypot = image(&server, 2056);
    let beside = built_in(2156);
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone()],
    });
    let sensor = Sensor::with_engine(&server, data.path());
    until_running(&server, honeypot.id).await;
    assert_eq!(sensor.end(Signal::SIGKILL), None);

    // It hears that nothing of it is wanted any longer, but cannot reach the engine.
    server.configure(Configuration {
        revision: 2,
        instances: vec![beside.clone()],
    });
    let sensor = Sensor::start(&server, data.path(), "none");
    until_running(&server, beside.id).await;
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
    assert!(container(honeypot.id).is_some());

    let sensor = Sensor::with_engine(&server, data.path());
    server
        .wait("the container and its image to be gone", |_| {
            (container(honeypot.id).is_none() && !has_image(owner)).then_some(())
        })
        .await;
    assert!(!shell("nft list tables").contains(&owner.table()));
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_handed_out_is_tried_again() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let honeypot = image(&server, 2052);
    let blobs = std::mem::take(&mut server.known().blobs);
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone()],
    });
    let sensor = Sensor::with_engine(&server, data.path());
    let reason = until_failed(&server, honeypot.id).await;
    let config = &honeypot.image.as_ref().unwrap().manifest.image.config;
    let expected = format!(
        "the server does not hand out {} to this sensor",
        config.digest
    );
    assert!(reason.contains(&expected), "{reason}");
    server.known().blobs = blobs;
    until_running(&server, honeypot.id).await;
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_an_image_fails_with_advice() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (honeypot, beside) = (image(&server, 2053), built_in(2153));
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone(), beside.clone()],
    });
    let sensor = Sensor::start(&server, data.path(), "none");
    let reason = until_failed(&server, honeypot.id).await;
    assert!(
        reason.contains("install Docker") && reason.contains("--engine"),
        "{reason}"
    );
    until_running(&server, beside.id).await;
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));

    // An engine that is not there yet.
    server.known().status = None;
    let sensor = Sensor::start(&server, data.path(), "/nowhere/docker.sock");
    let reason = until_failed(&server, honeypot.id).await;
    assert!(
        reason.contains("does not answer") && reason.contains("/nowhere/docker.sock"),
        "{reason}"
    );
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_needs_the_sockets_group_and_the_right_to_administer_the_network() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (socket, id) = (engine_host().replacen("unix://", "", 1), 65534);
    let group = fs::metadata(socket).unwrap().gid();
    chown(data.path(), Some(id), Some(id)).unwrap();
    let honeypot = image(&server, 2054);
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone()],
    });
    let start = |group: &str, capabilities: &str| {
        let mut setpriv = Command::new("setpriv");
        setpriv
            .args([&format!("--reuid={id}"), &format!("--regid={id}"), group])
            .args(["inh-caps", "ambient-caps"].map(|set| format!("--{set}=-all{capabilities}")))
            .arg(PROGRAM);
        server.known().status = None;
        Sensor::start_by(setpriv, &server, data.path(), &engine_host())
    };
    let sensor = start("--clear-groups", ",+net_admin");
    let reason = until_failed(&server, honeypot.id).await;
    assert!(reason.contains("group of the engine's socket"), "{reason}");
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));

    let group = format!("--groups={group}");
    let sensor = start(&group, "");
    let reason = until_failed(&server, honeypot.id).await;
    assert!(reason.contains("CAP_NET_ADMIN"), "{reason}");
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));

    let sensor = start(&group, ",+net_admin");
    until_running(&server, honeypot.id).await;
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_works_on_an_interface_needs_its_name() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let profile = json!({ "kind": "honeysens", "raw_network": true });
    let honeypot = image_with(&server, 2055, 2055, &profile);
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone()],
    });
    let sensor = Sensor::with_engine(&server, data.path());
    let reason = until_failed(&server, honeypot.id).await;
    assert!(reason.contains("--interface"), "{reason}");
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));

    server.known().status = None;
    let mut command = Command::new(PROGRAM);
    command.env("SKEP_SENSOR_INTERFACE", "lo");
    let sensor = Sensor::start_by(command, &server, data.path(), &engine_host());
    until_running(&server, honeypot.id).await;
    let made = ask_engine(&format!("/containers/skep-{}/json", honeypot.id));
    assert_eq!(made["HostConfig"]["NetworkMode"], "host");
    assert!(
        made["Config"]["Env"].to_string().contains("INTERFACE=lo"),
        "{made}"
    );
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}

/// Asks for the log of an instance, and waits for the answer.
async fn log(server: &Server, instance: InstanceId) -> LogReport {
    server.known().asked.push(instance);
    // Lets go of the poll that is held.
    let same = server.known().configuration.clone().unwrap();
    server.configure(same);
    server
        .wait("the log", |known| known.logs.first().cloned())
        .await;
    server.known().logs.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_gets_the_last_lines_that_it_asks_for() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let outside = Outside::new(58);
    let honeypot = image(&server, 2058);
    let beside = built_in(2158);
    server.configure(Configuration {
        revision: 1,
        instances: vec![honeypot.clone(), beside.clone()],
    });
    let sensor = Sensor::with_engine(&server, data.path());
    until_running(&server, honeypot.id).await;
    until_running(&server, beside.id).await;
    outside
        .connect(&outside.here()[0], 2058, &["\u{1b}[31mred", "id"])
        .unwrap();
    server
        .wait("the attack", |known| command(known, "id"))
        .await;
    let asked = Instant::now();
    let said = log(&server, honeypot.id).await;
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!((said.instance, &said.problem), (honeypot.id, &None));
    let typed = |line: &skep_model::Bytes| line.0.ends_with(b"\x1b[31mred\"}");
    assert!(said.lines.iter().any(typed), "{said:?}");

    let said = log(&server, beside.id).await;
    assert_eq!(
        said.problem.as_deref(),
        Some("the service is part of it, and runs in no container")
    );
    let said = log(&server, InstanceId::new()).await;
    assert_eq!(
        said.problem.as_deref(),
        Some("it does not run that any longer")
    );
    assert_eq!(sensor.end(Signal::SIGTERM), Some(0));
}
