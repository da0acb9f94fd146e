//! Takes whatever comes to ports that nothing else listens on, and never answers.
//!
//! What one source does within a short time is one event: a single connection, or a scan with all its ports.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Map, Value};
use skep_model::{Bytes, InteractionKind, Transport, limits, sensor::Port};
use tokio::{
    io::AsyncReadExt,
    sync::{Mutex, Notify},
    time::{Instant, sleep, timeout},
};

use crate::{
    contract::{
        Description, Honeypot, Level, OtherPorts, Peer, Service, Setting, SettingKind,
        SettingsError,
    },
    record::{Recorder, Reporter},
    settings::Settings,
    stream::Stream,
};

/// The most sources whose events are open at a time.
const SOURCES: usize = 10_000;

/// How long one event may go on: a source that never rests is a new event every hour.
const AGE: Duration = Duration::from_hours(1);

const WHERE_POSSIBLE: &str = "where possible";
const REQUIRED: &str = "required";
const NEVER: &str = "never";

/// The most ports that are remembered, of all sources together: enough for a hundred whole scans at a time.
const PORTS: usize = 1_000_000;

/// The catch-all honeypot.
#[derive(Clone, Copy, Debug)]
pub struct CatchAll;

impl Honeypot for CatchAll {
    fn describe(&self) -> Description {
        let tcp = [
            80, 110, 143, 443, 445, 1433, 3306, 3389, 5432, 5900, 6379, 8080, 9200,
        ];
        let udp = [53, 123, 161, 1900, 5060];
        let port = |transport| move |number| Port { number, transport };
        Description {
            name: "catch-all",
            description: "Takes whatever comes to its ports and, where it can, to all others that nothing on the \
                          machine has, and never answers.",
            revision: 2,
            level: Level::Low,
            ports: tcp
                .map(port(Transport::Tcp))
                .into_iter()
                .chain(udp.map(port(Transport::Udp)))
                .collect(),
            settings: vec![
                Setting {
                    name: "other_ports",
                    description: "Whether it has all ports that nothing else on the machine listens on. The sensor needs \
                                  nftables and the right to administer the network; where it is required, the lack of \
                                  them is a problem.",
                    kind: SettingKind::Choice {
                        default: WHERE_POSSIBLE,
                        options: &[WHERE_POSSIBLE, REQUIRED, NEVER],
                    },
                },
                Setting {
                    name: "window",
                    description: "Seconds of quiet after which what a source does is a new event.",
                    kind: SettingKind::Number {
                        default: 5,
                        min: 1,
                        max: 3600,
                    },
                },
                Setting {
                    name: "first",
                    description: "Seconds to wait for the first byte of a connection.",
                    kind: SettingKind::Number {
                        default: 10,
                        min: 1,
                        max: 120,
                    },
                },
                Setting {
                    name: "idle",
                    description: "Seconds to wait for more bytes.",
                    kind: SettingKind::Number {
                        default: 2,
                        min: 1,
                        max: 120,
                    },
                },
            ],
        }
    }

    fn configure(
        &self,
        settings: &Map<String, Value>,
        _identity: &[u8; 32],
    ) -> Result<Arc<dyn Service>, SettingsError> {
        let settings = Settings::read(&self.describe(), settings)?;
        let seconds = |name| Duration::from_secs(settings.number(name));
        Ok(Arc::new(Trap {
            other_ports: match settings.choice("other_ports") {
                NEVER => OtherPorts::Never,
                REQUIRED => OtherPorts::Required,
                _ => OtherPorts::WherePossible,
            },
            window: seconds("window"),
            first: seconds("first"),
            idle: seconds("idle"),
            sources: Mutex::default(),
            wake: Notify::new(),
        }))
    }
}

struct Trap {
    other_ports: OtherPorts,
    window: Duration,
    first: Duration,
    idle: Duration,
    sources: Mutex<HashMap<IpAddr, Source>>,
    /// Tells the sweeper that there is something to sweep.
    wake: Notify,
}

/// A source that was here a moment ago, with its open event.
struct Source {
    recorder: Recorder,
    ports: HashSet<Port>,
    /// Connections that are still open.
    open: usize,
    opened: Instant,
    last: Instant,
}

impl Trap {
    /// Takes note of a touch.
    async fn touch(&self, peer: Peer, transport: Transport, payload: &[u8], reporter: &Reporter) {
        let mut sources = self.sources.lock().await;
        let address = peer.source.ip().to_canonical();
        if !sources.contains_key(&address) {
            if sources.len() >= SOURCES {
                close_oldest(&mut sources).await;
            }
            let recorder = reporter.open(peer, transport).await;
            sources.insert(
                address,
                Source {
                    recorder,
                    ports: HashSet::new(),
                    open: 0,
                    opened: Instant::now(),
                    last: Instant::now(),
                },
            );
            self.wake.notify_one();
        }
        let Some(source) = sources.get_mut(&address) else {
            return;
        };
        source.last = Instant::now();
        source.open += usize::from(transport == Transport::Tcp);
        let port = Port {
            number: peer.target.port(),
            transport,
        };
        if source.recorder.is_full() {
            // What comes now is counted, and nobody asks any more whether it is new.
            source.ports = HashSet::new();
        }
        let kind = InteractionKind::Probe {
            port: port.number,
            transport,
            flags: None,
            payload: payload.into(),
            repeated: !source.ports.insert(port),
        };
        source.recorder.record(kind).await;
    }

    /// Takes note of bytes that came over a connection.
    async fn receive(&self, peer: Peer, bytes: Vec<u8>) {
        let mut sources = self.sources.lock().await;
        if let Some(source) = sources.get_mut(&peer.source.ip().to_canonical()) {
            source.last = Instant::now();
            source
                .recorder
                .record(InteractionKind::Probe {
                    port: peer.target.port(),
                    transport: Transport::Tcp,
                    flags: None,
                    payload: Bytes(bytes),
                    repeated: true,
                })
                .await;
        }
    }

    /// Takes note of the end of a connection.
    async fn leave(&self, peer: Peer) {
        let mut sources = self.sources.lock().await;
        if let Some(source) = sources.get_mut(&peer.source.ip().to_canonical()) {
            source.open = source.open.saturating_sub(1);
            source.last = Instant::now();
        }
    }

    /// Reads what comes first: the first bytes are recorded as soon as they are there, the rest together.
    async fn listen(&self, stream: &mut Stream, peer: Peer) {
        let mut buffer = vec![0; 16 * 1024];
        let Some(length) = read(stream, &mut buffer, self.first).await else {
            return;
        };
        self.receive(peer, buffer[..length].to_vec()).await;
        let room = limits::VALUE - length;
        let mut more = vec![];
        while more.len() < room {
            let Some(length) = read(stream, &mut buffer, self.idle).await else {
                break;
            };
            more.extend_from_slice(&buffer[..length.min(room - more.len())]);
        }
        if !more.is_empty() {
            self.receive(peer, more).await;
        }
    }
}

/// Reads once; `None` when nothing more comes in time.
async fn read(stream: &mut Stream, buffer: &mut [u8], wait: Duration) -> Option<usize> {
    match timeout(wait, stream.read(buffer)).await {
        Ok(Ok(length)) if length > 0 => Some(length),
        _ => None,
    }
}

/// Makes room by closing the tenth of the sources that was quiet for longest.
async fn close_oldest(sources: &mut HashMap<IpAddr, Source>) {
    let mut oldest: Vec<_> = sources
        .iter()
        .map(|(address, source)| (source.last, *address))
        .collect();
    oldest.sort_unstable();
    for (_, address) in oldest.into_iter().take(SOURCES / 10) {
        if let Some(source) = sources.remove(&address) {
            source.recorder.close("too many sources at a time").await;
        }
    }
}

#[async_trait]
impl Service for Trap {
    async fn connection(&self, mut stream: Stream, peer: Peer, reporter: &Reporter) {
        self.touch(peer, Transport::Tcp, b"", reporter).await;
        self.listen(&mut stream, peer).await;
        self.leave(peer).await;
    }

    async fn datagram(&self, payload: &[u8], peer: Peer, reporter: &Reporter) -> Option<Vec<u8>> {
        self.touch(peer, Transport::Udp, payload, reporter).await;
        None
    }

    fn other_ports(&self) -> OtherPorts {
        self.other_ports
    }

    /// Closes the events of sources that have been quiet, and of more when they have touched too many ports.
    async fn background(&self) {
        loop {
            sleep(self.window.min(Duration::from_millis(500))).await;
            let mut sources = self.sources.lock().await;
            let end = |source: &Source| match source {
                source if source.opened.elapsed() >= AGE => Some("open for an hour"),
                source if source.open == 0 && source.last.elapsed() >= self.window => Some("quiet"),
                _ => None,
            };
            let ends: Vec<_> = sources
                .iter()
                .filter_map(|(address, source)| Some((*address, end(source)?)))
                .collect();
            for (address, reason) in ends {
                if let Some(source) = sources.remove(&address) {
                    source.recorder.close(reason).await;
                }
            }
            if sources.values().map(|it| it.ports.len()).sum::<usize>() > PORTS {
                close_oldest(&mut sources).await;
            }
            let empty = sources.is_empty();
            drop(sources);
            if empty {
                self.wake.notified().await;
            }
        }
    }
}
