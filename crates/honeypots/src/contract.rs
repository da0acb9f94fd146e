//! What a honeypot is to the sensor: a description, settings, and a way to serve one connection or datagram.
//!
//! A honeypot never touches disk, spool or network beyond the [`Stream`] that it is handed, which ends by itself
//! when its bounds are reached. It never connects to anybody; where its protocol needs a second connection, it has
//! the source open one, to a port of [`Stream::passive`]. It records what happens through a [`Recorder`](crate::record::Recorder), which
//! keeps every bound of [`skep_model::limits`] by itself.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};
use skep_model::sensor::Port;

use crate::{record::Reporter, stream::Stream};

/// A kind of honeypot: what the console shows of it, and how to make one that runs.
pub trait Honeypot: Send + Sync {
    /// What it is.
    fn describe(&self) -> Description;

    /// Makes a service from settings, or says which setting is wrong. Opens nothing.
    ///
    /// `identity` is a seed of the sensor's own that never changes: host keys and host names are derived from
    /// it, so that they are stable on one sensor and differ between sensors.
    fn configure(
        &self,
        settings: &Map<String, Value>,
        identity: &[u8; 32],
    ) -> Result<Arc<dyn Service>, SettingsError>;
}

/// A configured honeypot. One that serves only TCP leaves [`Service::datagram`] as it is.
#[async_trait]
pub trait Service: Send + Sync {
    /// Serves one TCP connection until it ends. `reporter` knows source, port and service.
    async fn connection(&self, stream: Stream, peer: Peer, reporter: &Reporter);

    /// Takes one UDP datagram; an answer, if any, is returned. Must not wait for the source.
    async fn datagram(
        &self,
        _payload: &[u8],
        _peer: Peer,
        _reporter: &Reporter,
    ) -> Option<Vec<u8>> {
        None
    }

    /// Whether it also takes what comes to the ports that nothing on the machine has.
    fn other_ports(&self) -> OtherPorts {
        OtherPorts::Never
    }

    /// Runs beside the listeners, for as long as they do; returning early is fine.
    async fn background(&self) {}
}

/// Whether a service takes what comes to the ports that nothing on the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherPorts {
    /// It has its own ports only.
    Never,
    /// It does; without the right to lead them there, its own ports are enough.
    WherePossible,
    /// It does, and something is wrong with it where that cannot be.
    Required,
}

/// The two ends of a connection or datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The other side.
    pub source: SocketAddr,
    /// Our side.
    pub target: SocketAddr,
}

/// What the console shows of a honeypot.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// The service's name.
    pub name: &'static str,
    /// What it pretends to be, one sentence.
    pub description: &'static str,
    /// Its revision; rises when its behaviour changes.
    pub revision: u32,
    /// How far an attacker can go.
    pub level: Level,
    /// Where it listens when nothing else is said.
    pub ports: Vec<Port>,
    /// Its settings.
    pub settings: Vec<Setting>,
}

/// How far an attacker can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Not beyond the first words.
    Low,
    /// Into an imitation.
    Medium,
    /// Into the real thing.
    High,
}

/// One setting of a honeypot, enough to make a form field of it.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// The key.
    pub name: &'static str,
    /// What it does, one sentence.
    pub description: &'static str,
    /// What it may be.
    #[serde(flatten)]
    pub kind: SettingKind,
}

/// What a setting may be.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SettingKind {
    /// A line of text.
    Text {
        /// When nothing is said.
        default: &'static str,
        /// Characters at most.
        max: usize,
    },
    /// Lines of text.
    List {
        /// When nothing is said.
        default: &'static [&'static str],
        /// Lines at most.
        max: usize,
    },
    /// One of several words.
    Choice {
        /// When nothing is said.
        default: &'static str,
        /// All of them.
        options: &'static [&'static str],
    },
    /// A whole number.
    Number {
        /// When nothing is said.
        default: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
}

/// A setting that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting {name}: {problem}")]
pub struct SettingsError {
    /// Which.
    pub name: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}
