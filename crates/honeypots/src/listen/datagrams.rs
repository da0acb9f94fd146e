//! Takes datagrams, so many of one source and so many in all.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    time::{Instant, sleep},
};

use super::{Instance, Limits, places::network, transparent};
use crate::contract::Peer;

/// Where datagrams come from.
pub(super) enum Datagrams {
    /// A socket on the port that was called.
    OfOnePort(UdpSocket, SocketAddr),
    /// A socket to which datagrams for any port are led. It never answers: that would come from another port.
    OfAnyPort(UdpSocket),
}

impl Datagrams {
    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
        match self {
            Self::OfOnePort(socket, target) => {
                let (length, source) = socket.recv_from(buffer).await?;
                let target = *target;
                Ok((length, Peer { source, target }))
            }
            Self::OfAnyPort(socket) => transparent::receive(socket, buffer).await,
        }
    }

    async fn answer(&self, answer: &[u8], peer: Peer) {
        if let Self::OfOnePort(socket, _) = self {
            let _ = socket.send_to(answer, peer.source).await;
        }
    }
}

impl Instance {
    /// Takes datagrams; never returns.
    pub(super) async fn receive(self: Arc<Self>, datagrams: Datagrams) {
        let mut buffer = vec![0; 65_536];
        let mut second = Second::new(self.limits);
        loop {
            let (length, peer) = match datagrams.receive(&mut buffer).await {
                Ok(received) => received,
                Err(error) => {
                    tracing::debug!(%error, "cannot receive a datagram");
                    sleep(Duration::from_millis(10)).await;
                    continue;
                }
            };
            if !second.allows(peer.source.ip()) {
                self.refuse();
                continue;
            }
            let payload = &buffer[..length];
            if let Some(answer) = self.service.datagram(payload, peer, &self.reporter).await {
                datagrams.answer(&answer, peer).await;
            }
        }
    }
}

/// Counts the datagrams of the running second. It holds no more sources than datagrams are allowed.
struct Second {
    limits: Limits,
    began: Instant,
    all: u32,
    sources: HashMap<IpAddr, u32>,
}

impl Second {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            began: Instant::now(),
            all: 0,
            sources: HashMap::new(),
        }
    }

    fn allows(&mut self, source: IpAddr) -> bool {
        if self.began.elapsed() >= Duration::from_secs(1) {
            *self = Self::new(self.limits);
        }
        if self.all >= self.limits.datagrams {
            return false;
        }
        let count = self.sources.entry(network(source)).or_default();
        if *count >= self.limits.datagrams_per_source {
            return false;
        }
        *count += 1;
        self.all += 1;
        true
    }
}
