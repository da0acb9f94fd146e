//! What containers say, and how it becomes events.

mod cowrie;
mod honeysens;
mod json_lines;
mod lines;
mod sessions;
mod zmtp;

use std::net::{Ipv4Addr, SocketAddr};

use skep_honeypots::record::Reporter;
use skep_protocol::manifest::{Adapter, Events};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{Wanted, engine::Connection, spec::COLLECTOR, subnet::Subnets};

use sessions::Sessions;

/// Takes what one container says. Ends when it is dropped.
pub(crate) struct Intake {
    collector: Option<TcpListener>,
    tasks: JoinSet<()>,
}

impl Intake {
    /// Opens what has to be there before the container starts; or says why that cannot be.
    pub(crate) async fn open(wanted: &Wanted, subnets: &Subnets) -> Result<Self, String> {
        let collector = match &wanted.manifest.events {
            Events::HoneysensCollector => Some(listen(subnets.gateway()).await?),
            Events::JsonLines
            | Events::Log {
                path: None,
                adapter: Adapter::Cowrie,
            } => None,
            Events::Log { .. } => {
                return Err("this version of the sensor cannot read that log".to_owned());
            }
        };
        Ok(Self {
            collector,
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
        let sessions = Sessions::new(reporter, subnets, wanted);
        if let Some(listener) = self.collector.take() {
            self.tasks.spawn(honeysens::collect(listener, sessions));
            return;
        }
        let read = match &wanted.manifest.events {
            Events::Log { .. } => cowrie::read,
            _ => json_lines::read,
        };
        let since = if printed.adopted { now() } else { 0 };
        let printed = printed.engine.follow(printed.container, since);
        self.tasks.spawn(lines::follow(printed, read, sessions));
    }

    /// Waits until what a container that ended had printed is read.
    pub(crate) async fn drain(&mut self) {
        while self.tasks.join_next().await.is_some() {}
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
