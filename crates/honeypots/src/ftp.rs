//! FTP: a vsftpd with a small server's files behind it. What is uploaded can be listed and fetched again by the
//! session that did it, and by nobody else.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

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

mod account;
mod commands;
mod listing;
mod session;
mod transfer;
use session::Session;

/// The FTP honeypot.
#[derive(Clone, Copy, Debug)]
pub struct Ftp;

impl Honeypot for Ftp {
    fn describe(&self) -> Description {
        Description {
            name: "ftp",
            description: "A vsftpd with a small server's files, to which files can be uploaded.",
            revision: 1,
            level: Level::Medium,
            ports: vec![Port {
                number: 21,
                transport: Transport::Tcp,
            }],
            settings: vec![
                Setting {
                    name: "banner",
                    description: "The greeting.",
                    kind: SettingKind::Text {
                        default: "(vsFTPd 3.0.5)",
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
                    name: "anonymous",
                    description: "Whether anonymous and ftp are let in with any password.",
                    kind: SettingKind::Choice {
                        default: "yes",
                        options: &["yes", "no"],
                    },
                },
                Setting {
                    name: "passive_ports",
                    description: "Ports for data connections, as 40000-40100; any free port when empty.",
                    kind: SettingKind::Text {
                        default: "",
                        max: 11,
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
            machine: Arc::new(Machine::new(
                identity,
                settings.text("hostname"),
                Personality::find("ubuntu"),
            )),
            accept: Credentials::read(settings.list("accept"))?,
            anonymous: settings.choice("anonymous") == "yes",
            ports: match settings.text("passive_ports") {
                "" => None,
                range => Some(ports(range).ok_or_else(|| {
                    wrong(
                        "passive_ports",
                        "must be two ports from 1 to 65535, the lower one first, as 40000-40100",
                    )
                })?),
            },
            delay: Duration::from_millis(settings.number("delay")),
        }))
    }
}

fn wrong(name: &str, problem: &str) -> SettingsError {
    SettingsError {
        name: name.to_owned(),
        problem: problem.to_owned(),
    }
}

/// Reads `min-max`.
fn ports(range: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (0 < first && first <= last).then_some(first..=last)
}

/// A configured server.
struct Server {
    banner: String,
    machine: Arc<Machine>,
    accept: Credentials,
    anonymous: bool,
    ports: Option<RangeInclusive<u16>>,
    delay: Duration,
}

#[async_trait]
impl Service for Server {
    async fn connection(&self, stream: Stream, peer: Peer, reporter: &Reporter) {
        let mut recorder = reporter.open(peer, Transport::Tcp).await;
        recorder.record(InteractionKind::Connect).await;
        let mut session = Session {
            server: self,
            peer,
            lines: Lines::new(stream),
            recorder,
        };
        let end = session.run().await;
        session.lines.leave(&mut session.recorder).await;
        let reason = match end {
            Ok(reason) => reason.to_owned(),
            Err(error) => reason(Some(&error)),
        };
        session.recorder.close(&reason).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn settings_that_do_not_fit_are_named() {
        for (given, name) in [
            (json!({"anonymous": "maybe"}), "anonymous"),
            (json!({"passive_ports": "40000"}), "passive_ports"),
            (json!({"passive_ports": "40100-40000"}), "passive_ports"),
            (json!({"passive_ports": "0-9"}), "passive_ports"),
            (json!({"passive_ports": "1-65536"}), "passive_ports"),
        ] {
            let error = Ftp.configure(given.as_object().unwrap(), &[0; 32]).err();
            assert_eq!(error.unwrap().name, name, "{given}");
        }
        assert_eq!(ports("40000-40100"), Some(40000..=40100));
    }
}
