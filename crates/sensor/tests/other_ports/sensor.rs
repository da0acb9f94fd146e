//! The program on that machine, what it is to run, and what it caught.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use skep_model::{
    Interaction, InteractionKind, Transport,
    ids::{EventId, InstanceId},
    sensor::Port,
};
use skep_protocol::{
    message::{Configuration, InstanceConfiguration, InstanceReport},
    part::Part,
};
use tempfile::TempDir;

use crate::support::{Known, Server};

const PROGRAM: &str = env!("CARGO_BIN_EXE_skep-sensor");
/// The one port that is listed.
pub const LISTED: u16 = 8080;
/// A user who may nothing.
const SOMEBODY: u32 = 65534;

/// The program; what it logs is in a file.
pub struct Sensor {
    child: Child,
    data: TempDir,
}

impl Sensor {
    pub fn start(server: &Server) -> Self {
        Self::with(Command::new(PROGRAM), server, tempfile::tempdir().unwrap())
    }

    /// Without any privileges.
    pub fn unprivileged(server: &Server) -> Self {
        let data = tempfile::tempdir().unwrap();
        chown(data.path(), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        let mut setpriv = Command::new("setpriv");
        setpriv
            .args([
                format!("--reuid={SOMEBODY}"),
                format!("--regid={SOMEBODY}"),
                "--clear-groups".to_owned(),
            ])
            .arg(PROGRAM);
        Self::with(setpriv, server, data)
    }

    fn with(mut command: Command, server: &Server, data: TempDir) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(log_beside(data.path()))
            .unwrap();
        let child = command
            .args(["run", "--server", &server.url])
            .args(["--token", &server.token.to_string(), "--data"])
            .arg(data.path())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, data }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(log_beside(self.data.path())).unwrap()
    }

    /// Starts it anew with the same data.
    pub fn again(mut self, server: &Server) -> Self {
        let data = std::mem::replace(&mut self.data, tempfile::tempdir().unwrap());
        Self::with(Command::new(PROGRAM), server, data)
    }

    /// The most memory that it has had, in kB.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.unwrap().trim_end_matches("kB").trim().parse().unwrap()
    }

    pub fn end(&mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(log_beside(self.data.path()));
    }
}

fn log_beside(data: &Path) -> PathBuf {
    data.with_extension("log")
}

pub fn instance(service: &str, address: &str, port: u16) -> InstanceConfiguration {
    InstanceConfiguration {
        id: InstanceId::new(),
        service: service.parse().unwrap(),
        revision: 1,
        address: address.parse().unwrap(),
        ports: vec![Port {
            number: port,
            transport: Transport::Tcp,
        }],
        settings: serde_json::from_value(json!({})).unwrap(),
        image: None,
    }
}

/// An instance of catch-all whose events end soon.
pub fn catch_all(address: &str) -> InstanceConfiguration {
    InstanceConfiguration {
        settings: serde_json::from_value(json!({ "window": 2 })).unwrap(),
        ..instance("catch-all", address, LISTED)
    }
}

/// One that has the other ports like this.
pub fn catch_all_with(other_ports: &str) -> InstanceConfiguration {
    InstanceConfiguration {
        settings: serde_json::from_value(json!({ "other_ports": other_ports })).unwrap(),
        ..instance("catch-all", "0.0.0.0", LISTED)
    }
}

pub fn configure(server: &Server, revision: u64, instances: &[InstanceConfiguration]) {
    server.configure(Configuration {
        revision,
        instances: instances.to_vec(),
    });
}

/// Waits until the configuration runs; returns how the instances are.
pub async fn running(server: &Server, revision: u64) -> Vec<InstanceReport> {
    let runs = |known: &Known| {
        let (active, status) = known.status.as_ref()?;
        (*active == Some(revision)).then(|| status.instances.clone())
    };
    server.wait("the configuration", runs).await
}

/// All that was caught: by whom, and what.
pub fn caught(known: &Known) -> Vec<(String, InteractionKind)> {
    let mut sources = HashMap::<EventId, String>::new();
    let mut steps = vec![];
    let mut add = |source: &str, interactions: &[Interaction]| {
        steps.extend(
            interactions
                .iter()
                .map(|it| (source.to_owned(), it.kind.clone())),
        );
    };
    for (_, part) in &known.parts {
        match part {
            Part::Open {
                event,
                encounter,
                interactions,
                ..
            } => {
                let source = encounter.source.to_string();
                add(&source, interactions);
                sources.insert(*event, source);
            }
            Part::Extend {
                event,
                interactions,
                ..
            } => add(&sources[event], interactions),
            Part::Close { .. } | Part::Restart { .. } => {}
        }
    }
    steps
}

/// Who said it to the port, if anybody.
pub fn said(known: &Known, port: u16, transport: Transport, words: &str) -> Option<String> {
    caught(known)
        .into_iter()
        .find_map(|(source, kind)| match kind {
            InteractionKind::Probe {
                port: to,
                transport: by,
                payload,
                ..
            } => {
                let fits = to == port && by == transport && payload.0 == words.as_bytes();
                fits.then_some(source)
            }
            _ => None,
        })
}

/// The ports that catch-all was called at.
pub fn called(known: &Known) -> BTreeSet<u16> {
    let steps = caught(known);
    let ports = steps.iter().filter_map(|(_, kind)| match kind {
        InteractionKind::Probe { port, .. } => Some(*port),
        _ => None,
    });
    ports.collect()
}
