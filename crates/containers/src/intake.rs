//! What containers say, and how it becomes events.

mod conpot;
mod cowrie;
mod dionaea;
mod heralding;
mod honeysens;
mod json_lines;
mod lines;
mod log_file;
mod observation;
mod opencanary;
mod sessions;
mod zmtp;

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures::channel::mpsc;
use skep_honeypots::record::Reporter;
use skep_protocol::manifest::{Adapter, Events};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

use crate::{Wanted, engine::Connection, spec::COLLECTOR, subnet::Subnets};

use lines::Reader;
use log_file::LogFile;
use sessions::Sessions;

/// How long a session may be silent if its log says when one has ended.
const SILENCE: Duration = Duration::from_mins(15);

/// And if it does not.
const SHORT_SILENCE: Duration = Duration::from_mins(1);

/// Takes what one container says. Ends when it is dropped.
pub(crate) struct Intake {
    collector: Option<TcpListener>,
    /// Dropped when the container has ended.
    running: Option<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
}

impl Intake {
    /// Opens what has to be there before the container starts; or says why that cannot be.
    pub(crate) async fn open(wanted: &Wanted, subnets: &Subnets) -> Result<Self, String> {
        let collector = match &wanted.manifest.events {
            Events::HoneysensCollector => Some(listen(subnets.gateway()).await?),
            Events::JsonLines | Events::Log { .. } => None,
        };
        Ok(Self {
            collector,
            running: None,
            tasks: JoinSet::new(),
        })
    }

    /// Begins to read from the container, which has just been started.
    pub(crate) fn begin(
        &mut self,
        wanted: &Wanted,
        subnets: Subnets,
        reporter: Reporter,
        printed: &Printed<'_>,
    ) {
        let (read, silence) = format(&wanted.manifest.events);
        let sessions = Sessions::new(reporter, subnets, wanted, silence);
        if let Some(listener) = self.collector.take() {
            self.tasks.spawn(honeysens::collect(listener, sessions));
            return;
        }
        if let Events::Log {
            path: Some(path), ..
        } = &wanted.manifest.events
        {
            let file = LogFile {
                engine: printed.engine.clone(),
                container: printed.container.to_owned(),
                path: path.clone(),
            };
            let (running, ended) = oneshot::channel();
            let (pieces, written) = mpsc::channel(0);
            self.running = Some(running);
            self.tasks
                .spawn(file.follow(printed.adopted, ended, pieces));
            self.tasks.spawn(lines::follow(written, read, sessions));
            return;
        }
        let since = if printed.adopted { now() } else { 0 };
        let printed = printed.engine.follow(printed.container, since);
        self.tasks.spawn(lines::follow(printed, read, sessions));
    }

    /// Waits until what a container that ended had to say is read.
    pub(crate) async fn drain(&mut self) {
        self.running = None;
        while self.tasks.join_next().await.is_some() {}
    }
}

/// How to read what a container prints or writes, and how long a session of it may be silent.
fn format(events: &Events) -> (Reader, Duration) {
    match events {
        Events::HoneysensCollector | Events::JsonLines => (json_lines::read, SILENCE),
        Events::Log { adapter, .. } => match adapter {
            Adapter::Cowrie => (cowrie::read, SILENCE),
            Adapter::Heralding => (heralding::read, SILENCE),
            Adapter::Dionaea => (dionaea::read, SILENCE),
            Adapter::OpenCanary => (opencanary::read, SHORT_SILENCE),
            // What comes over UDP has no end there.
            Adapter::Conpot => (conpot::read, SHORT_SILENCE),
        },
    }
}

/// Where a container prints.
pub(crate) struct Printed<'a> {
    pub engine: &'a Connection,
    pub container: &'a str,
    /// Whether it ran already, and what it printed was read by an earlier life of this program.
    pub adopted: bool,
}

async fn listen(gateway: Ipv4Addr) -> Result<TcpListener, String> {
    TcpListener::bind(SocketAddr::from((gateway, COLLECTOR)))
        .await
        .map_err(|error| format!("the collector cannot listen on {gateway}:{COLLECTOR}: {error}"))
}

fn now() -> i32 {
    i32::try_from(skep_model::Timestamp::now().0 / 1000).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use skep_model::InteractionKind;

    use super::*;

    const ADAPTERS: [Adapter; 5] = [
        Adapter::Cowrie,
        Adapter::Dionaea,
        Adapter::Heralding,
        Adapter::OpenCanary,
        Adapter::Conpot,
    ];

    /// Lines as honeypots write them.
    const LINES: [&[u8]; 6] = [
        include_bytes!("../fuzz/corpus/log/cowrie"),
        include_bytes!("../fuzz/corpus/log/dionaea"),
        include_bytes!("../fuzz/corpus/log/heralding"),
        include_bytes!("../fuzz/corpus/log/opencanary"),
        include_bytes!("../fuzz/corpus/log/conpot"),
        include_bytes!("../fuzz/corpus/log/json_lines"),
    ];

    fn readers() -> impl Iterator<Item = Reader> {
        let logs = ADAPTERS.map(|adapter| Events::Log {
            adapter,
            path: None,
        });
        logs.into_iter()
            .chain([Events::JsonLines])
            .map(|events| format(&events).0)
    }

    #[test]
    fn every_honeypot_has_its_own_reader() {
        for (at, log) in LINES.iter().enumerate() {
            let lines: Vec<_> = log.split_inclusive(|byte| *byte == b'\n').collect();
            for (place, read) in readers().enumerate() {
                let read = lines.iter().any(|line| read(line).is_some());
                assert_eq!(read, place == at, "{at} by {place}");
            }
        }
    }

    #[test]
    fn deep_and_wide_lines_end() {
        let deep = "[".repeat(200_000);
        let wide = format!("[{}1]", "1,".repeat(100_000));
        for nested in [deep, wide] {
            for field in [
                "request",
                "credentials",
                "logdata",
                "auth_attempts",
                "input",
            ] {
                let line = format!(
                    r#"{{"id":"1","session":"1","session_id":"1","eventid":"cowrie.command.input","src_ip":"192.0.2.1","source_ip":"192.0.2.1","logtype":1,"connection":{{"type":"accept"}},"{field}":{nested}}}"#
                );
                for read in readers() {
                    read(line.as_bytes());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_a_line_says_its_steps_are_bounded_by_it(
            which in 0usize..6,
            changes in proptest::collection::vec((0usize..4000, any::<u8>()), 0..20),
        ) {
            let mut log = LINES[which].to_vec();
            for (at, byte) in changes {
                if let Some(place) = log.get_mut(at) {
                    *place = byte;
                }
            }
            for line in log.split_inclusive(|byte| *byte == b'\n') {
                for read in readers() {
                    let steps = read(line).map(|read| read.steps).unwrap_or_default();
                    let size: usize = steps.iter().map(InteractionKind::size).sum();
                    prop_assert!(size <= 20 * line.len());
                }
            }
        }
    }
}
