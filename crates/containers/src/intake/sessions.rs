//! From single observations to events: those of one session are one event.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use skep_honeypots::{
    contract::Peer,
    record::{Recorder, Reporter},
};
use skep_model::Transport;
use skep_protocol::manifest::ContainerPort;
use tokio::time::Instant;

use super::observation::Observation;
use crate::{Wanted, subnet::Subnets};

/// The most sessions that are open at a time. The one that was silent for the longest ends for a new one.
const OPEN: usize = 1024;

/// The longest key of a session, in bytes.
const KEY: usize = 128;

/// The open sessions of one container.
pub(super) struct Sessions {
    reporter: Reporter,
    subnets: Subnets,
    ports: Vec<(ContainerPort, u16)>,
    /// How long one may be silent.
    silence: Duration,
    open: HashMap<String, (Recorder, Instant)>,
}

impl Sessions {
    pub(super) fn new(
        reporter: Reporter,
        subnets: Subnets,
        wanted: &Wanted,
        silence: Duration,
    ) -> Self {
        let outside = wanted.configuration.ports.iter().map(|port| port.number);
        Self {
            reporter,
            subnets,
            ports: wanted.manifest.ports.iter().copied().zip(outside).collect(),
            silence,
            open: HashMap::new(),
        }
    }

    /// Takes an observation.
    pub(super) async fn take(&mut self, observation: Observation) {
        let Observation {
            session,
            source,
            port,
            protocol,
            steps,
            end,
        } = observation;
        if session.len() > KEY {
            return;
        }
        if !self.open.contains_key(&session) {
            let Some(source) = source.filter(|source| !self.subnets.is_gateway(source.ip())) else {
                return;
            };
            self.make_room().await;
            let recorder = self.event(source, port, protocol.into()).await;
            self.open
                .insert(session.clone(), (recorder, Instant::now()));
        }
        if let Some((recorder, last)) = self.open.get_mut(&session) {
            *last = Instant::now();
            for kind in steps {
                recorder.record(kind).await;
            }
        }
        if let Some(reason) = end
            && let Some((recorder, _)) = self.open.remove(&session)
        {
            recorder.close(&reason).await;
        }
    }

    /// Opens an event by itself, or none if it was the sensor that came.
    pub(super) async fn single(
        &self,
        source: IpAddr,
        port: Option<u16>,
        transport: Transport,
    ) -> Option<Recorder> {
        if self.subnets.is_gateway(source) {
            return None;
        }
        Some(
            self.event(SocketAddr::new(source, 0), port, transport)
                .await,
        )
    }

    async fn event(&self, source: SocketAddr, port: Option<u16>, transport: Transport) -> Recorder {
        // Attackers know the published port.
        let published = match port {
            None => self.ports.first().map_or(0, |(_, outside)| *outside),
            Some(port) => self
                .ports
                .iter()
                .find(|(inside, _)| {
                    inside.number.get() == port && Transport::from(inside.protocol) == transport
                })
                .map_or(port, |(_, outside)| *outside),
        };
        let target = SocketAddr::new(self.subnets.container().into(), published);
        self.reporter.open(Peer { source, target }, transport).await
    }

    /// Ends those of which nothing more is heard.
    pub(super) async fn end_silent(&mut self) {
        let silence = self.silence;
        let silent: Vec<_> = self
            .open
            .extract_if(|_, (_, last)| last.elapsed() > silence)
            .collect();
        for (_, (recorder, _)) in silent {
            recorder.close("nothing more was heard of it").await;
        }
    }

    async fn make_room(&mut self) {
        self.end_silent().await;
        if self.open.len() >= OPEN
            && let Some(oldest) = self
                .open
                .iter()
                .min_by_key(|(_, (_, last))| *last)
                .map(|(key, _)| key.clone())
            && let Some((recorder, _)) = self.open.remove(&oldest)
        {
            recorder.close("too many sessions are open").await;
        }
    }

    /// Ends what is open: the container has ended.
    pub(super) async fn end(self) {
        for (recorder, _) in self.open.into_values() {
            recorder.close("the container ended").await;
        }
    }
}
