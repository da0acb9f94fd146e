//! Events from honeypots that are written for HoneySens: over ZeroMQ, one message for each event.

use std::{net::IpAddr, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use skep_model::{InteractionKind, Transport, raw};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Mutex, Semaphore},
    time::{sleep, timeout},
};

use super::{
    sessions::Sessions,
    zmtp::{self, Message},
};

/// The most connections of one container.
const CONNECTIONS: usize = 64;

/// How long a greeting may take.
const GREETING: Duration = Duration::from_secs(10);

/// What every message is answered: without an answer honeypots wait for ever.
const TAKEN: &[u8] = br#"{"status": "ok"}"#;

/// An event as HoneySens has it. Kinds are numbers; those that we do not know do no harm.
#[derive(Debug, Deserialize)]
struct Event {
    source: IpAddr,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    details: Vec<Detail>,
    #[serde(default)]
    packets: Vec<Packet>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(rename = "type", default)]
    kind: i64,
    // One honeypot misspells it.
    #[serde(alias = "data:")]
    data: String,
}

#[derive(Debug, Deserialize)]
struct Packet {
    #[serde(default)]
    protocol: i64,
    port: u16,
    #[serde(default)]
    payload: Option<String>,
    #[serde(default)]
    headers: Value,
}

impl Packet {
    fn transport(&self) -> Transport {
        Transport::from_number(self.protocol).unwrap_or(Transport::Other)
    }

    fn payload(&self) -> Vec<u8> {
        let payload = self.payload.as_deref().unwrap_or_default();
        STANDARD
            .decode(payload)
            .unwrap_or_else(|_| payload.as_bytes().to_vec())
    }

    fn flags(&self) -> Option<u8> {
        let flags = self
            .headers
            .as_array()?
            .iter()
            .find_map(|header| header.get("flags"))?;
        u8::try_from(flags.as_u64()?).ok()
    }
}

/// Takes what comes from one container, for as long as it is not dropped.
pub(super) async fn collect(listener: TcpListener, sessions: Sessions) {
    let sessions = Arc::new(Mutex::new(sessions));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let sessions = sessions.clone();
                connections.spawn(async move {
                    let _place = place;
                    if let Err(error) = serve(stream, &sessions).await {
                        tracing::debug!("a container's connection to its collector ended: {error}");
                    }
                });
            }
            // No more files can be opened, say.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, sessions: &Mutex<Sessions>) -> std::io::Result<()> {
    timeout(GREETING, zmtp::greet(&mut stream)).await??;
    loop {
        match zmtp::receive(&mut stream).await? {
            Message::Body(bytes) => match serde_json::from_slice(&bytes) {
                Ok(event) => report(event, &*sessions.lock().await).await,
                Err(error) => tracing::warn!(
                    "a container sent something that is no event, which is left out ({}): {}",
                    raw::visible(error.to_string().as_bytes()),
                    raw::visible(raw::cut(&bytes, 200))
                ),
            },
            Message::TooLong => tracing::warn!(
                "a container sent an event of more than {} bytes, which is left out",
                zmtp::MESSAGE
            ),
        }
        zmtp::reply(&mut stream, TAKEN).await?;
    }
}

async fn report(event: Event, sessions: &Sessions) {
    let first = event.packets.first();
    let transport = first.map_or(Transport::Tcp, Packet::transport);
    let port = first.map(|packet| packet.port);
    let Some(mut recorder) = sessions.single(event.source, port, transport).await else {
        return;
    };
    let attribute = |name: &str, value: String| InteractionKind::Attribute {
        name: name.to_owned(),
        value: value.into(),
    };
    if !event.summary.is_empty() {
        recorder.record(attribute("summary", event.summary)).await;
    }
    for detail in event.details {
        let name = if detail.kind == 1 {
            "interaction"
        } else {
            "detail"
        };
        recorder.record(attribute(name, detail.data)).await;
    }
    let mut seen = std::collections::HashSet::new();
    for packet in event.packets {
        let kind = InteractionKind::Probe {
            port: packet.port,
            transport: packet.transport(),
            flags: packet.flags(),
            payload: packet.payload().into(),
            repeated: !seen.insert((packet.port, packet.transport())),
        };
        recorder.record(kind).await;
    }
    recorder.close("the honeypot reported it").await;
}
