//! Runs one configured honeypot on its ports.

use std::{
    fmt,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use skep_model::{listen::Listen, sensor::Port};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    contract::{OtherPorts, Peer, Service},
    record::Reporter,
    stream::Stream,
};

mod datagrams;
mod places;
mod socket;
pub mod transparent;

use datagrams::Datagrams;
pub use places::Place;
use places::Places;
use socket::Interface;
pub use socket::{Socket, no_interface};
use transparent::Transparent;

/// How much one instance takes from its visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections of one source (of IPv6, one /64 network).
    pub per_source: usize,
    /// Open connections in all.
    pub connections: usize,
    /// Bytes received over one connection.
    pub bytes: u64,
    /// How long a source may say nothing.
    pub idle: Duration,
    /// How long a connection may last.
    pub session: Duration,
    /// Datagrams of one source in one second.
    pub datagrams_per_source: u32,
    /// Datagrams in one second.
    pub datagrams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_source: 20,
            connections: 1000,
            bytes: 16 * 1024 * 1024,
            idle: Duration::from_mins(2),
            session: Duration::from_hours(1),
            datagrams_per_source: 50,
            datagrams: 2000,
        }
    }
}

/// Why a port is not open.
#[derive(Debug, thiserror::Error)]
#[error("port {}/{} {}", .port.number, .port.transport, describe(.error))]
pub struct ListenError {
    /// The port.
    pub port: Port,
    /// What the system said.
    #[source]
    pub error: io::Error,
}

/// The ports that could not be opened, and why.
#[derive(Debug, Default, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
pub struct Missing(Vec<ListenError>);

fn describe(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => "is taken".to_owned(),
        ErrorKind::PermissionDenied => {
            "needs a privilege that this process does not have".to_owned()
        }
        ErrorKind::AddrNotAvailable => {
            "cannot be opened: the address is not one of this machine".to_owned()
        }
        _ if no_interface(error) => {
            "cannot be opened: this machine has no such interface".to_owned()
        }
        _ => format!("cannot be opened: {error}"),
    }
}

/// An instance that runs. It stops, and its open events end, when this is dropped.
pub struct Running {
    instance: Arc<Instance>,
    place: Listen,
    /// The interface that it listens at, if it is one.
    interface: Option<Interface>,
    ports: Vec<Port>,
    missing: Missing,
    tasks: JoinSet<()>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({:?} of {})", self.ports, self.place)
    }
}

impl Running {
    /// The open ports, with the numbers that the system chose where 0 was asked for.
    #[must_use]
    pub fn ports(&self) -> Vec<Port> {
        self.ports.clone()
    }

    /// The ports that are not open, if any.
    #[must_use]
    pub fn missing(&self) -> Option<&Missing> {
        (!self.missing.0.is_empty()).then_some(&self.missing)
    }

    /// Whether nothing comes any more because the interface went, or another one has its name by now: then it has to be
    /// started anew.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        match &self.place {
            Listen::Address(_) => false,
            Listen::Interface(name) => self.interface != Interface::named(name),
        }
    }

    /// Tries to open the ports that are not open.
    pub async fn open_missing(&mut self) {
        let missing = std::mem::take(&mut self.missing.0);
        for ListenError { port, .. } in missing {
            self.open(port).await;
        }
    }

    async fn open(&mut self, port: Port) {
        let bound = async {
            let socket = Socket::bind(&self.place, port).await?;
            let local = socket.address()?;
            Ok((socket, local))
        };
        let (socket, local) = match bound.await {
            Ok(bound) => bound,
            Err(error) => return self.missing.0.push(ListenError { port, error }),
        };
        self.ports.push(Port {
            number: local.port(),
            transport: port.transport,
        });
        let instance = Arc::clone(&self.instance);
        match socket {
            Socket::Tcp(listener) => self.tasks.spawn(instance.accept(listener, local)),
            Socket::Udp(socket) => {
                let datagrams = Datagrams::OfOnePort(socket, local);
                self.tasks.spawn(instance.receive(datagrams))
            }
        };
    }

    /// Whether the service also takes what comes to the ports that nothing on the machine has.
    #[must_use]
    pub fn other_ports(&self) -> OtherPorts {
        self.instance.service.other_ports()
    }

    /// Serves what is led to these sockets as well, within the same limits.
    pub fn serve(&mut self, sockets: Transparent) {
        let Transparent {
            listeners,
            receivers,
        } = sockets;
        for (listener, local) in listeners {
            let instance = Arc::clone(&self.instance);
            self.tasks.spawn(instance.accept(listener, local));
        }
        for (receiver, _) in receivers {
            let instance = Arc::clone(&self.instance);
            let datagrams = Datagrams::OfAnyPort(receiver);
            self.tasks.spawn(instance.receive(datagrams));
        }
    }

    /// How many connections and datagrams were turned away because a limit was reached.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.instance.refused.load(Ordering::Relaxed)
    }

    /// Stops listening and ends all sessions; returns when that is done.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Opens the ports and serves them in the background. Those that cannot be opened are [`Running::missing`]; it is an
/// error only if there are no others.
pub async fn start(
    service: Arc<dyn Service>,
    place: &Listen,
    ports: &[Port],
    limits: Limits,
    reporter: Reporter,
) -> Result<Running, Missing> {
    let instance = Arc::new(Instance {
        service,
        limits,
        reporter,
        places: Places::new(limits),
        refused: AtomicU64::new(0),
    });
    let mut running = Running {
        instance: Arc::clone(&instance),
        place: place.clone(),
        interface: match place {
            Listen::Address(_) => None,
            Listen::Interface(name) => Interface::named(name),
        },
        ports: Vec::with_capacity(ports.len()),
        missing: Missing::default(),
        tasks: JoinSet::new(),
    };
    for &port in ports {
        running.open(port).await;
    }
    if running.ports.is_empty() && !ports.is_empty() {
        return Err(running.missing);
    }
    running
        .tasks
        .spawn(async move { instance.service.background().await });
    Ok(running)
}

/// A connection over a wire in memory, which has all bounds of one that was accepted.
#[cfg(feature = "fuzzing")]
#[must_use]
pub fn in_memory(wire: tokio::io::DuplexStream, peer: Peer, limits: Limits) -> Option<Stream> {
    let place = Places::new(limits).take(peer.source.ip())?;
    let deadline = tokio::time::Instant::now() + limits.session;
    Some(Stream::over(wire, peer, limits, place, deadline))
}

struct Instance {
    service: Arc<dyn Service>,
    limits: Limits,
    reporter: Reporter,
    places: Places,
    refused: AtomicU64,
}

impl Instance {
    /// Accepts connections, each served by a task of its own that ends with this one.
    async fn accept(self: Arc<Self>, listener: TcpListener, local: SocketAddr) {
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((tcp, source)) => match self.places.take(source.ip()) {
                        Some(place) => {
                            // The address that was called, which a listener on all addresses does not know.
                            let target = tcp.local_addr().unwrap_or(local);
                            let peer = Peer { source, target };
                            let stream = Stream::new(tcp, peer, self.limits, place);
                            sessions.spawn(Arc::clone(&self).serve(stream, peer));
                        }
                        None => self.refuse(),
                    },
                    Err(error) => {
                        // Out of file handles, most likely: connections that end will free some.
                        tracing::warn!(port = local.port(), %error, "cannot accept a connection");
                        sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(ended) = sessions.join_next() => {
                    if let Err(error) = ended && error.is_panic() {
                        tracing::error!(port = local.port(), "a session panicked; the listener goes on");
                    }
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: Stream, peer: Peer) {
        // The stream ends by itself at `session`; this is for a service that waits for something else.
        let most = self.limits.session + Duration::from_secs(30);
        let _ = timeout(most, self.service.connection(stream, peer, &self.reporter)).await;
    }

    fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
