//! The sensor against a server, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use skep_model::{
    Interaction, InteractionKind, Transport,
    ids::{EventId, InstanceId},
    sensor::{InstanceState, Port},
    service::Settings,
};
use skep_protocol::{
    message::{Configuration, InstanceConfiguration},
    part::Part,
    token::Trust,
};
use skep_sensor::{
    agent::{self, RunError},
    client::CallError,
    enrol::EnrolError,
    options::{EngineChoice, Run},
};
use support::{Act, Known, Server};
use tokio::{sync::oneshot, task::JoinHandle};

struct Sensor {
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), RunError>>,
}

impl Sensor {
    fn start(options: Run) -> Self {
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(agent::run(options, async {
            let _ = stopped.await;
        }));
        Self { stop, running }
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        self.running.await.unwrap().unwrap();
    }
}

fn options(server: &Server, data: &Path) -> Run {
    Run {
        server: Some(server.url.parse().unwrap()),
        token: Some(server.token.clone()),
        data: data.to_owned(),
        spool_size: 1,
        enrol_again: false,
        insecure_http: false,
        user: "root".to_owned(),
        engine: EngineChoice::None,
        interface: None,
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn instance(port: u16) -> InstanceConfiguration {
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

/// Starts a sensor that catches at a port.
async fn catching(server: &Server, data: &Path) -> (Sensor, u16) {
    let port = free_port();
    server.configure(Configuration {
        revision: 1,
        instances: vec![instance(port)],
    });
    let sensor = Sensor::start(options(server, data));
    server.wait("running", |known| running(known, 1)).await;
    (sensor, port)
}

fn running(known: &Known, revision: u64) -> Option<()> {
    let (active, status) = known.status.as_ref()?;
    let all = status
        .instances
        .iter()
        .all(|instance| instance.state == InstanceState::Running);
    (*active == Some(revision) && all).then_some(())
}

fn attack(port: u16, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    stream
}

/// The event in which the source said these words, if they have come.
fn event_with(known: &Known, words: &str) -> Option<EventId> {
    known.parts.iter().find_map(|(_, part)| match part {
        Part::Open {
            event,
            interactions,
            ..
        }
        | Part::Extend {
            event,
            interactions,
            ..
        } => interactions
            .iter()
            .any(|step| said(step, words))
            .then_some(*event),
        _ => None,
    })
}

fn said(step: &Interaction, words: &str) -> bool {
    matches!(&step.kind, InteractionKind::Probe { payload, .. } if payload.0 == words.as_bytes())
}

fn closed(known: &Known, event: EventId) -> bool {
    known
        .parts
        .iter()
        .any(|(_, part)| matches!(part, Part::Close { event: closed, .. } if *closed == event))
}

/// Places rise by one from the first on, whatever was sent how often.
fn assert_gapless(known: &Known) {
    let places: Vec<u64> = known.parts.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(places, (1..=places.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_is_on_the_server_while_it_goes_on() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (sensor, port) = catching(&server, data.path()).await;
    let began = Instant::now();
    let mut stream = attack(port, "hello");
    let event = server
        .wait("first words", |known| event_with(known, "hello"))
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    assert!(!closed(&server.known(), event));
    stream.write_all(b"again").unwrap();
    let same = server
        .wait("more words", |known| event_with(known, "again"))
        .await;
    assert_eq!(event, same);
    assert!(matches!(server.known().parts[0], (1, Part::Restart { .. })));
    assert_gapless(&server.known());
    sensor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_open_events_and_a_restart_goes_on() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (sensor, port) = catching(&server, data.path()).await;
    let _stream = attack(port, "hello");
    let event = server
        .wait("words", |known| event_with(known, "hello"))
        .await;
    sensor.stop().await;
    assert!(closed(&server.known(), event));
    // The token is used up; the identity is not.
    let sensor = Sensor::start(options(&server, data.path()));
    server
        .wait("a second start", |known| {
            let starts = known
                .parts
                .iter()
                .filter(|(_, part)| matches!(part, Part::Restart { .. }));
            (starts.count() == 2).then_some(())
        })
        .await;
    assert_gapless(&server.known());
    sensor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_gets_no_token() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let mut options = options(&server, data.path());
    let mut token = server.token.clone();
    token.trust = Trust::Authority([7; 32]);
    options.token = Some(token);
    let error = agent::run(options, std::future::pending())
        .await
        .unwrap_err();
    let untrusted = matches!(
        error,
        RunError::Enrol(EnrolError::Call {
            error: CallError::Untrusted(_)
        })
    );
    assert!(untrusted, "{error}");
    assert!(server.known().key.is_none());
    assert!(!data.path().join("identity.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_token_is_refused_with_advice() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let other = tempfile::tempdir().unwrap();
    let (sensor, _) = catching(&server, data.path()).await;
    let error = agent::run(options(&server, other.path()), std::future::pending())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("make a new one"), "{error}");
    let error = agent::run(options(&server, data.path()), std::future::pending())
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::Locked(_)), "{error}");
    sensor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_refusals_cost_nothing() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (sensor, port) = catching(&server, data.path()).await;
    for (round, acts) in [
        vec![Act::LoseAnswer],
        vec![Act::Busy],
        vec![Act::Fail, Act::LoseAnswer],
    ]
    .into_iter()
    .enumerate()
    {
        let acted = server.known().batches.len() + acts.len();
        server.known().acts.extend(acts);
        let words = format!("round {round}");
        let stream = attack(port, &words);
        server.wait(&words, |known| event_with(known, &words)).await;
        drop(stream);
        server
            .wait("the answer", |known| {
                let done = known.acts.is_empty() && known.batches.len() > acted;
                done.then_some(())
            })
            .await;
    }
    assert_gapless(&server.known());
    sensor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_catches_while_the_server_is_away_even_after_a_restart() {
    let (mut server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (sensor, port) = catching(&server, data.path()).await;
    server.go_away().await;
    drop(attack(port, "first"));
    // What a honeypot has not read yet when it is stopped, nobody has caught.
    tokio::time::sleep(Duration::from_millis(300)).await;
    sensor.stop().await;
    let sensor = Sensor::start(options(&server, data.path()));
    let stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(mut stream) => {
                stream.write_all(b"second").unwrap();
                break stream;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert!(event_with(&server.known(), "first").is_none());
    server.come_back().await;
    server
        .wait("first", |known| event_with(known, "first"))
        .await;
    server
        .wait("second", |known| event_with(known, "second"))
        .await;
    assert_gapless(&server.known());
    drop(stream);
    sensor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_put_right_by_the_server() {
    let ahead = Duration::from_hours(40 * 24);
    let (server, data) = (Server::start_ahead(ahead), tempfile::tempdir().unwrap());
    let (sensor, port) = catching(&server, data.path()).await;
    let _stream = attack(port, "hello");
    server
        .wait("words", |known| event_with(known, "hello"))
        .await;
    let offset = server.known().status.as_ref().unwrap().1.clock_offset;
    assert!(
        (offset - ahead.as_millis() as i64).abs() < 2_000,
        "{offset}"
    );
    let opened = server
        .known()
        .parts
        .iter()
        .find_map(|(_, part)| match part {
            Part::Open { at, .. } => Some(*at),
            _ => None,
        });
    let difference = opened.unwrap() - skep_model::Timestamp::now();
    assert!((difference - ahead.as_millis() as i64).abs() < 5_000);
    sensor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_the_server_will_not_have_does_not_block_the_rest() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    server.known().poison.insert(4);
    let (sensor, port) = catching(&server, data.path()).await;
    for round in 0..8 {
        drop(attack(port, &format!("round {round}")));
        // Apart, so that each is a part of its own.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server
        .wait("what comes after", |known| {
            (known.parts.last()?.0 >= 6).then_some(())
        })
        .await;
    let places: Vec<u64> = server.known().parts.iter().map(|(seq, _)| *seq).collect();
    assert!(!places.contains(&4) && places.contains(&3) && places.contains(&5));
    sensor.stop().await;
    let refused: Vec<_> = std::fs::read_dir(data.path().join("refused"))
        .unwrap()
        .collect();
    assert_eq!(refused.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_configuration_touches_only_what_is_different() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (sensor, port) = catching(&server, data.path()).await;
    let first = server
        .known()
        .configuration
        .clone()
        .unwrap()
        .instances
        .remove(0);
    let mut stream = attack(port, "before");
    let event = server
        .wait("words", |known| event_with(known, "before"))
        .await;

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let blocked = instance(taken.local_addr().unwrap().port());
    let partly = {
        let mut partly = instance(free_port());
        partly.ports.extend_from_slice(&blocked.ports);
        partly
    };
    let unknown = InstanceConfiguration {
        service: "gopher".parse().unwrap(),
        ..instance(free_port())
    };
    server.configure(Configuration {
        revision: 2,
        instances: vec![
            first.clone(),
            blocked.clone(),
            partly.clone(),
            unknown.clone(),
        ],
    });
    let instances = server
        .wait("revision 2", |known| {
            let (active, status) = known.status.as_ref()?;
            (*active == Some(2)).then(|| status.instances.clone())
        })
        .await;
    let state = |id| instances.iter().find(|instance| instance.id == id).unwrap();
    assert_eq!(state(first.id).state, InstanceState::Running);
    assert_eq!(state(blocked.id).state, InstanceState::Failed);
    assert_eq!(state(unknown.id).state, InstanceState::Failed);
    let name = format!("port {}/tcp is taken", blocked.ports[0].number);
    assert_eq!(state(partly.id).state, InstanceState::Running);
    assert_eq!(state(partly.id).reason.as_ref(), Some(&name));
    assert!(TcpStream::connect(("127.0.0.1", partly.ports[0].number)).is_ok());
    assert!(
        state(unknown.id)
            .reason
            .as_ref()
            .unwrap()
            .contains("gopher")
    );

    stream.write_all(b"after").unwrap();
    assert_eq!(
        server
            .wait("more", |known| event_with(known, "after"))
            .await,
        event
    );
    server.configure(Configuration {
        revision: 3,
        instances: vec![],
    });
    server.wait("revision 3", |known| running(known, 3)).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    server
        .wait("the end", |known| closed(known, event).then_some(()))
        .await;
    sensor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_sensor_keeps_catching() {
    let (server, data) = (Server::start(), tempfile::tempdir().unwrap());
    let (sensor, port) = catching(&server, data.path()).await;
    server.known().revoked = true;
    drop(attack(port, "hello"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(event_with(&server.known(), "hello").is_none());
    sensor.stop().await;
    server.known().revoked = false;
    let sensor = Sensor::start(options(&server, data.path()));
    server
        .wait("words", |known| event_with(known, "hello"))
        .await;
    sensor.stop().await;
}
