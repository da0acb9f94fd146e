//! HTTP and HTTPS: a web server with the face of a chosen product, and a log-in that leads nowhere.
//!
//! Every request is recorded as [`InteractionKind::Request`], its bytes as they came. What this kind cannot say
//! follows it: a version that is not HTTP/1.1 as the attribute `version`; a head that is not written in the ordinary
//! way, and the chunks of a body, as the bytes themselves. What is no request at all is recorded as bytes.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use serde_json::{Map, Value};
use skep_model::{Direction, InteractionKind, Transport, sensor::Port};
use tokio::time::timeout;

use crate::{
    contract::{Description, Honeypot, Level, Peer, Service, Setting, SettingKind, SettingsError},
    credentials::{self, Credentials},
    record::Reporter,
    settings::Settings,
    shell::machine::derive,
    stream::{Stream, reason},
};

mod answer;
mod certificate;
mod face;
mod logins;
mod pages;
mod request;
mod session;
mod tls;
mod visits;
mod wire;

use answer::Delivery;
use face::{Asked, Face, Place};
use request::Version;
use session::Session;
use tls::{Handshake, Heard, Tls};
use visits::{Visitor, Visits};
use wire::Wire;

/// How long a request in the clear may take on a port for TLS.
const CLEAR: Duration = Duration::from_secs(2);

/// The HTTP honeypot.
#[derive(Clone, Copy, Debug)]
pub struct Http;

/// The HTTPS honeypot.
#[derive(Clone, Copy, Debug)]
pub struct Https;

impl Honeypot for Http {
    fn describe(&self) -> Description {
        Description {
            name: "http",
            description: "A web server with the face of a chosen product, and a log-in that leads nowhere.",
            revision: 1,
            level: Level::Medium,
            ports: vec![Port {
                number: 80,
                transport: Transport::Tcp,
            }],
            settings: settings(),
        }
    }

    fn configure(
        &self,
        settings: &Map<String, Value>,
        identity: &[u8; 32],
    ) -> Result<Arc<dyn Service>, SettingsError> {
        let settings = Settings::read(&self.describe(), settings)?;
        Ok(Arc::new(Site::new(&settings, identity)?))
    }
}

impl Honeypot for Https {
    fn describe(&self) -> Description {
        Description {
            name: "https",
            description: "The same web server over TLS, with a certificate of its own.",
            ports: vec![Port {
                number: 443,
                transport: Transport::Tcp,
            }],
            ..Http.describe()
        }
    }

    fn configure(
        &self,
        settings: &Map<String, Value>,
        identity: &[u8; 32],
    ) -> Result<Arc<dyn Service>, SettingsError> {
        let settings = Settings::read(&self.describe(), settings)?;
        let mut site = Site::new(&settings, identity)?;
        let name = site.face.certificate_name(&site.place);
        let tls = Tls::new(identity, &name, site.place.installed);
        site.tls = Some(tls.map_err(|error| SettingsError {
            name: "hostname".to_owned(),
            problem: format!("gives no certificate: {error}"),
        })?);
        Ok(Arc::new(site))
    }
}

fn settings() -> Vec<Setting> {
    vec![
        Setting {
            name: "face",
            description: "The product that it passes for.",
            kind: SettingKind::Choice {
                default: face::NAMES[0],
                options: &face::NAMES,
            },
        },
        Setting {
            name: "hostname",
            description: "The machine's name; derived from the sensor's identity when empty.",
            kind: SettingKind::Text {
                default: "",
                max: 63,
            },
        },
        Setting {
            name: "title",
            description: "The title of the log-in page; the product's own when empty.",
            kind: SettingKind::Text {
                default: "",
                max: 100,
            },
        },
        credentials::SETTING,
        Setting {
            name: "linger",
            description: "Seconds in which a visitor's next connection, known by its cookie, belongs to the same event.",
            kind: SettingKind::Number {
                default: 60,
                min: 1,
                max: 3600,
            },
        },
    ]
}

/// A configured web server.
struct Site {
    face: &'static dyn Face,
    place: Place,
    accept: Credentials,
    visits: Visits,
    tls: Option<Tls>,
}

impl Site {
    fn new(settings: &Settings, identity: &[u8; 32]) -> Result<Self, SettingsError> {
        let face = face::find(settings.choice("face"));
        let hostname = match settings.text("hostname") {
            "" => face.hostname(identity),
            name if is_hostname(name) => name.to_owned(),
            _ => {
                return Err(SettingsError {
                    name: "hostname".to_owned(),
                    problem: "may have only letters, digits, dots and hyphens".to_owned(),
                });
            }
        };
        Ok(Self {
            face,
            place: Place {
                hostname,
                title: settings.text("title").to_owned(),
                installed: installed(identity),
            },
            accept: Credentials::read(settings.list("accept"))?,
            visits: Visits::new(Duration::from_secs(settings.number("linger"))),
            tls: None,
        })
    }

    /// How the last answer of a connection is sent.
    fn last_delivery(&self) -> Delivery<'_> {
        Delivery {
            place: &self.place,
            version: Version::One(1),
            head_only: false,
            close: true,
            asked: false,
            left: 0,
        }
    }

    /// Serves a connection with TLS; returns why it ended.
    async fn serve_tls<'a>(
        &'a self,
        tls: &Tls,
        stream: Stream,
        visitor: &mut Visitor<'a>,
        port: u16,
    ) -> String {
        let mut stream = Heard::new(stream);
        match visitor.wait(stream.first()).await {
            Ok(None) => return reason(None),
            Err(error) => return reason(Some(&error)),
            // A handshake of TLS, or one of SSL 2.
            Ok(Some(0x16 | 0x80..)) => {}
            Ok(Some(_)) => return self.serve_clear(stream, visitor, port).await,
        }
        let mut noted = vec![];
        let handshake = visitor.wait(tls.accept(stream, &mut noted)).await;
        for kind in noted {
            visitor.record(kind).await;
        }
        match handshake {
            Handshake::Done(stream) => self.serve(*stream, visitor, port).await,
            Handshake::Failed(stream, error) => {
                if let Some(stream) = stream {
                    let (heard, length) = visitor.wait(stream.finish()).await;
                    visitor.record_part(data(heard), length).await;
                }
                match error.kind() {
                    std::io::ErrorKind::InvalidData => format!("no TLS handshake: {error}"),
                    _ => reason(Some(&error)),
                }
            }
        }
    }

    /// Answers a client that does not speak TLS where it is expected.
    async fn serve_clear(
        &self,
        stream: Heard<Stream>,
        visitor: &mut Visitor<'_>,
        port: u16,
    ) -> String {
        let mut wire = Wire::new(stream);
        let found = timeout(CLEAR, wire.head()).await;
        let heard = match found {
            Ok(Ok(Some(Ok(head)))) => head.raw,
            _ => wire.unused(),
        };
        visitor.record(data(heard)).await;
        let asked = Asked {
            host: self.place.hostname.clone(),
            port,
        };
        if let Some(answer) = self.face.plain(&asked) {
            let _ = wire
                .write(&answer.bytes(self.face, &self.last_delivery()))
                .await;
        }
        let (rest, length) = wire.finish().await;
        if length > 0 {
            visitor.record_part(data(rest), length).await;
        }
        "no TLS handshake".to_owned()
    }

    /// Serves a connection; returns why it ended.
    async fn serve<'a, S>(&'a self, stream: S, visitor: &mut Visitor<'a>, port: u16) -> String
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let mut session = Session {
            site: self,
            visitor,
            wire: Wire::new(stream),
            port,
        };
        session.run().await
    }
}

fn data(bytes: Vec<u8>) -> InteractionKind {
    InteractionKind::Data {
        direction: Direction::In,
        bytes: bytes.into(),
    }
}

fn is_hostname(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
}

/// When the server was installed: some time between summer 2022 and spring 2024.
fn installed(identity: &[u8; 32]) -> SystemTime {
    let [a, b, c, d, ..] = derive(identity, "web installed");
    let after = u64::from(u32::from_le_bytes([a, b, c, d])) % (600 * 86_400);
    UNIX_EPOCH + Duration::from_secs(1_654_041_600 + after)
}

#[async_trait]
impl Service for Site {
    async fn connection(&self, stream: Stream, peer: Peer, reporter: &Reporter) {
        let mut visitor = Visitor::arrive(&self.visits, peer, reporter).await;
        let port = peer.target.port();
        let reason = match &self.tls {
            Some(tls) => self.serve_tls(tls, stream, &mut visitor, port).await,
            None => self.serve(stream, &mut visitor, port).await,
        };
        visitor.leave(&reason).await;
    }

    /// Closes the events of visitors who do not come back.
    async fn background(&self) {
        self.visits.sweep().await;
    }
}
