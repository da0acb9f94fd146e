//! SMTP: a Postfix that takes mail and never sends any.
//!
//! A message is recorded as its bytes ([`InteractionKind::Data`], without the dots that the protocol doubles)
//! between its attributes: `mail_from` and one `rcpt_to` for each recipient before, `subject` after it. It is no
//! [`InteractionKind::File`]: it has no name, and what is asked of a mail is who sent what to whom.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Map, Value};
use skep_model::{InteractionKind, Transport, sensor::Port};

use crate::{
    contract::{Description, Honeypot, Level, Peer, Service, Setting, SettingKind, SettingsError},
    credentials::{self, Credentials},
    line::Lines,
    record::Reporter,
    settings::Settings,
    shell::{Machine, Personality},
    stream::{Stream, reason},
};

mod address;
mod auth;
mod message;
mod session;
use session::Session;

/// The SMTP honeypot.
#[derive(Clone, Copy, Debug)]
pub struct Smtp;

impl Honeypot for Smtp {
    fn describe(&self) -> Description {
        Description {
            name: "smtp",
            description: "A Postfix mail server that takes mail and never sends any.",
            revision: 1,
            level: Level::Medium,
            ports: vec![Port {
                number: 25,
                transport: Transport::Tcp,
            }],
            settings: vec![
                Setting {
                    name: "banner",
                    description: "What follows the machine's name in the greeting.",
                    kind: SettingKind::Text {
                        default: "ESMTP Postfix (Ubuntu)",
                        max: 200,
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
                credentials::SETTING,
                Setting {
                    name: "relay",
                    description: "Who may send to other domains: nobody (who has not logged in) or everybody.",
                    kind: SettingKind::Choice {
                        default: "nobody",
                        options: &["nobody", "everybody"],
                    },
                },
                Setting {
                    name: "delay",
                    description: "Milliseconds until a wrong password is refused.",
                    kind: SettingKind::Number {
                        default: 1000,
                        min: 0,
                        max: 10_000,
                    },
                },
            ],
        }
    }

    fn configure(
        &self,
        settings: &Map<String, Value>,
        identity: &[u8; 32],
    ) -> Result<Arc<dyn Service>, SettingsError> {
        let settings = Settings::read(&self.describe(), settings)?;
        Ok(Arc::new(Server {
            banner: settings.text("banner").to_owned(),
            hostname: Machine::new(
                identity,
                settings.text("hostname"),
                Personality::find("ubuntu"),
            )
            .hostname,
            accept: Credentials::read(settings.list("accept"))?,
            open: settings.choice("relay") == "everybody",
            delay: Duration::from_millis(settings.number("delay")),
        }))
    }
}

/// A configured server.
struct Server {
    banner: String,
    hostname: String,
    accept: Credentials,
    /// Whether it seems to be an open relay.
    open: bool,
    delay: Duration,
}

#[async_trait]
impl Service for Server {
    async fn connection(&self, stream: Stream, peer: Peer, reporter: &Reporter) {
        let mut recorder = reporter.open(peer, Transport::Tcp).await;
        recorder.record(InteractionKind::Connect).await;
        let mut session = Session::new(self, Lines::new(stream), recorder);
        let end = session.run().await;
        session.lines.leave(&mut session.recorder).await;
        let reason = match end {
            Ok(reason) => reason.to_owned(),
            Err(error) => reason(Some(&error)),
        };
        session.recorder.close(&reason).await;
    }
}
