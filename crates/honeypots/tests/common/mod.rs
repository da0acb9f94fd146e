//! A honeypot on a free port of this machine, and what it reports.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod openssh;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde_json::{Map, Value};
use skep_honeypots::{
    find,
    listen::{self, Limits, ListenError, Running},
    record::{Clock, Report, Reporter},
};
use skep_model::{
    Bytes, Direction, InteractionKind, LoginMethod, Transport,
    ids::{EventId, InstanceId},
    sensor::Port,
};
use tokio::{sync::mpsc, time::timeout};

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
    ) -> Result<Self, ListenError> {
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
        let running = listen::start(service, HERE, ports, limits, reporter).await?;
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

pub fn login(user: &str, secret: &str, method: LoginMethod, accepted: bool) -> InteractionKind {
    InteractionKind::Login {
        user: user.into(),
        secret: secret.into(),
        method,
        accepted,
    }
}

pub fn command(line: impl Into<Vec<u8>>) -> InteractionKind {
    InteractionKind::Command {
        line: Bytes(line.into()),
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
        InteractionKind::Command { line } => Some(line.0.clone()),
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
