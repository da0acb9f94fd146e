//! A honeypot on a free port of this machine, and what it reports.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod ftp;
pub mod openssh;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::Stdio,
    time::Duration,
};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use skep_honeypots::{
    find,
    listen::{self, Limits, Missing, Running},
    record::{Clock, Report, Reporter},
};
use skep_model::{
    Bytes, Direction, InteractionKind, LoginMethod, Severity, Transport,
    ids::{EventId, InstanceId},
    listen::Listen,
    sensor::Port,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, ToSocketAddrs},
    process::Command,
    sync::mpsc,
    time::timeout,
};

pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const TCP: Port = Port {
    number: 0,
    transport: Transport::Tcp,
};
pub const UDP: Port = Port {
    number: 0,
    transport: Transport::Udp,
};

pub struct Pot {
    pub running: Running,
    pub reports: mpsc::Receiver<Report>,
}

impl Pot {
    pub async fn start(name: &str, settings: Value) -> Self {
        Self::start_on(name, settings, &[TCP], Limits::default())
            .await
            .unwrap()
    }

    pub async fn start_on(
        name: &str,
        settings: Value,
        ports: &[Port],
        limits: Limits,
    ) -> Result<Self, Missing> {
        Self::start_at(HERE, name, settings, ports, limits).await
    }

    pub async fn start_at(
        place: impl Into<Listen>,
        name: &str,
        settings: Value,
        ports: &[Port],
        limits: Limits,
    ) -> Result<Self, Missing> {
        let Value::Object(settings) = settings else {
            panic!("settings are an object")
        };
        let honeypot = find(name).unwrap();
        let service = honeypot.configure(&settings, &[5; 32]).unwrap();
        let (sender, reports) = mpsc::channel(10_000);
        let reporter = Reporter::new(
            name.parse().unwrap(),
            InstanceId::new(),
            1,
            Clock::default(),
            sender,
        );
        let running = listen::start(service, &place.into(), ports, limits, reporter).await?;
        Ok(Self { running, reports })
    }

    pub fn address(&self) -> SocketAddr {
        (HERE, self.port()).into()
    }

    pub fn port(&self) -> u16 {
        self.running.ports()[0].number
    }

    /// The next report; it must come soon.
    pub async fn report(&mut self) -> Report {
        timeout(Duration::from_secs(15), self.reports.recv())
            .await
            .expect("a report in time")
            .expect("a report")
    }

    /// The event that opens next.
    pub async fn opened(&mut self) -> EventId {
        match self.report().await {
            Report::Open { event, .. } => event,
            other => panic!("no opening: {other:?}"),
        }
    }

    /// The next step.
    pub async fn step(&mut self) -> InteractionKind {
        match self.report().await {
            Report::Step { interaction, .. } => interaction.kind,
            other => panic!("no step: {other:?}"),
        }
    }

    /// The next step that is no bytes over the wire and no attribute.
    pub async fn deed(&mut self) -> InteractionKind {
        loop {
            match self.step().await {
                InteractionKind::Data { .. } | InteractionKind::Attribute { .. } => {}
                kind => return kind,
            }
        }
    }

    /// All steps up to the event's end.
    pub async fn rest(&mut self) -> Vec<InteractionKind> {
        let mut steps = vec![];
        loop {
            match self.report().await {
                Report::Step { interaction, .. } => steps.push(interaction.kind),
                Report::Close { .. } => return steps,
                Report::Open { .. } => panic!("another event"),
            }
        }
    }
}

/// Runs a program; returns what it printed. Its exit status is for the caller to judge.
pub async fn run(program: &str, args: &[&str]) -> (bool, String) {
    let run = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(Duration::from_mins(1), run)
        .await
        .expect("the program ends in time")
        .unwrap_or_else(|error| {
            panic!("{program} cannot be run ({error}); scripts/setup.sh test installs it")
        });
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// A client that says and reads bytes.
pub struct Client {
    pub stream: TcpStream,
    seen: Vec<u8>,
}

impl Client {
    pub async fn connect(address: impl ToSocketAddrs) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self {
            stream,
            seen: vec![],
        }
    }

    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next line, without its end.
    pub async fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.seen.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.seen.drain(..at + 2).collect();
                return String::from_utf8_lossy(&line[..at]).into_owned();
            }
            let mut buffer = [0; 4096];
            let read = timeout(Duration::from_secs(10), self.stream.read(&mut buffer)).await;
            let length = read.expect("a line").unwrap();
            assert!(length > 0, "ended: {}", String::from_utf8_lossy(&self.seen));
            self.seen.extend_from_slice(&buffer[..length]);
        }
    }

    /// Says a command; the answer's last line.
    pub async fn ask(&mut self, line: impl AsRef<[u8]>) -> String {
        self.say([line.as_ref(), b"\r\n"].concat()).await;
        self.answer().await
    }

    /// The last line of an answer.
    pub async fn answer(&mut self) -> String {
        loop {
            let line = self.line().await;
            if matches!(line.as_bytes(), [b'0'..=b'9', _, _, b' ', ..]) {
                return line;
            }
        }
    }

    /// Everything up to the end.
    pub async fn rest(mut self) -> Vec<u8> {
        let read = timeout(
            Duration::from_secs(10),
            self.stream.read_to_end(&mut self.seen),
        )
        .await;
        let _ = read.expect("the connection ends");
        self.seen
    }
}

/// What a client that sends these pieces one after the other leaves behind, but for how long it took.
pub fn steps_of(name: &str, settings: &Value, pieces: &[&[u8]]) -> Vec<InteractionKind> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut pot = Pot::start(name, settings.clone()).await;
        let (mut read, mut write) = TcpStream::connect(pot.address())
            .await
            .unwrap()
            .into_split();
        let drain = tokio::spawn(async move {
            let mut rest = vec![];
            let _ = read.read_to_end(&mut rest).await;
        });
        for piece in pieces {
            // The honeypot may have had enough before the client has said it all.
            let _ = write.write_all(piece).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let _ = write.shutdown().await;
        pot.opened().await;
        let mut steps = pot.rest().await;
        drain.await.unwrap();
        if let Some(InteractionKind::Close { duration, .. }) = steps.last_mut() {
            *duration = 0;
        }
        steps
    })
}

pub fn login(user: &str, secret: &str, method: LoginMethod, accepted: bool) -> InteractionKind {
    InteractionKind::Login {
        user: user.into(),
        secret: secret.into(),
        method,
        accepted,
    }
}

/// The step that records an upload.
pub fn file(name: &str, content: &[u8]) -> InteractionKind {
    InteractionKind::File {
        name: name.into(),
        size: content.len() as u64,
        sha256: format!("{:x}", Sha256::digest(content)),
    }
}

/// Why an event ended.
pub fn closed(steps: &[InteractionKind]) -> &str {
    match steps.last() {
        Some(InteractionKind::Close { reason, .. }) => reason,
        other => panic!("no close: {other:?}"),
    }
}

pub fn command(line: impl Into<Vec<u8>>) -> InteractionKind {
    InteractionKind::Command {
        line: Bytes(line.into()),
        protocol: false,
    }
}

/// A command of a protocol.
pub fn verb(line: impl Into<Vec<u8>>) -> InteractionKind {
    InteractionKind::Command {
        line: Bytes(line.into()),
        protocol: true,
    }
}

/// All bytes of one direction among the steps.
pub fn bytes(steps: &[InteractionKind], wanted: Direction) -> Vec<u8> {
    let pieces = steps.iter().filter_map(|kind| match kind {
        InteractionKind::Data { direction, bytes } if *direction == wanted => Some(bytes.0.clone()),
        _ => None,
    });
    pieces.collect::<Vec<_>>().concat()
}

pub fn commands(steps: &[InteractionKind]) -> Vec<Vec<u8>> {
    let lines = steps.iter().filter_map(|kind| match kind {
        InteractionKind::Command { line, .. } => Some(line.0.clone()),
        _ => None,
    });
    lines.collect()
}

pub fn attributes(steps: &[InteractionKind], wanted: &str) -> Vec<Vec<u8>> {
    let values = steps.iter().filter_map(|kind| match kind {
        InteractionKind::Attribute { name, value } if name == wanted => Some(value.0.clone()),
        _ => None,
    });
    values.collect()
}

/// Name, size and hash of all files that were left.
pub fn files(steps: &[InteractionKind]) -> Vec<(Vec<u8>, u64, String)> {
    let files = steps.iter().filter_map(|kind| match kind {
        InteractionKind::File { name, size, sha256 } => {
            Some((name.0.clone(), *size, sha256.clone()))
        }
        _ => None,
    });
    files.collect()
}

pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

pub fn none() -> Value {
    Value::Object(Map::new())
}

/// How much it matters what these steps did.
pub fn severity(steps: &[InteractionKind]) -> Severity {
    let mut digest = skep_model::Digest::default();
    for kind in steps {
        digest.add(kind);
    }
    digest.severity()
}
