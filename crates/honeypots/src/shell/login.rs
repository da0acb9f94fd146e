//! What every honeypot with the imitated shell behind a login has in common: most of its settings.

use std::{sync::Arc, time::Duration};

use super::{Machine, Personality, personality};
use crate::{
    contract::{Setting, SettingKind, SettingsError},
    credentials::{self, Credentials},
    settings::Settings,
};

/// The settings beside the honeypot's own.
pub(crate) fn settings() -> [Setting; 4] {
    [
        personality::SETTING,
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
            name: "delay",
            description: "Milliseconds until a wrong password is refused.",
            kind: SettingKind::Number {
                default: 300,
                min: 0,
                max: 10_000,
            },
        },
    ]
}

/// A banner; empty means the personality's own.
pub(crate) const fn banner(description: &'static str) -> Setting {
    Setting {
        name: "banner",
        description,
        kind: SettingKind::Text {
            default: "",
            max: 200,
        },
    }
}

/// A login as the settings have it.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) personality: &'static Personality,
    pub(crate) machine: Arc<Machine>,
    pub(crate) accept: Arc<Credentials>,
    /// How long it takes to refuse somebody.
    pub(crate) delay: Duration,
}

impl Login {
    pub(crate) fn read(settings: &Settings, identity: &[u8; 32]) -> Result<Self, SettingsError> {
        let personality = Personality::find(settings.choice(personality::NAME));
        let hostname = settings.text("hostname");
        Ok(Self {
            personality,
            machine: Arc::new(Machine::new(identity, hostname, personality)),
            accept: Arc::new(Credentials::read(settings.list("accept"))?),
            delay: Duration::from_millis(settings.number("delay")),
        })
    }
}
