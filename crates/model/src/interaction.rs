//! What happened between a source and a honeypot, step by step.

use serde::{Deserialize, Serialize};

use crate::{
    Address, Bytes, Timestamp, Transport,
    event::{ServiceName, words},
    ids::InstanceId,
};

/// One step of an encounter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    /// When it happened, by the sensor's (corrected) clock.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: InteractionKind,
}

/// The kinds of steps. Every [`Bytes`] is at most [`crate::limits::VALUE`] long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InteractionKind {
    /// The connection came.
    Connect,
    /// The client said what it is.
    Banner {
        /// Its words.
        text: Bytes,
    },
    /// A try to log in.
    Login {
        /// The user name.
        user: Bytes,
        /// The password, the public key's fingerprint, or the answers given.
        secret: Bytes,
        /// In which way.
        method: LoginMethod,
        /// Whether the honeypot let it in.
        accepted: bool,
    },
    /// A command line.
    Command {
        /// The line, without its end.
        line: Bytes,
        /// Whether it is one of the protocol's own, as in FTP and SMTP, and not a shell's.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        protocol: bool,
    },
    /// A request of a request-response protocol.
    Request {
        /// The method.
        method: Bytes,
        /// The path, with the query.
        path: Bytes,
        /// The header fields in the order received.
        headers: Vec<(Bytes, Bytes)>,
        /// The body.
        body: Bytes,
    },
    /// Bytes as they went over the wire.
    Data {
        /// Which way.
        direction: Direction,
        /// The bytes.
        bytes: Bytes,
    },
    /// A file that was left here.
    File {
        /// The name it was given.
        name: Bytes,
        /// Its length in bytes.
        size: u64,
        /// SHA-256 of its content, hexadecimal.
        sha256: String,
    },
    /// A knock at one port, part of a scan, or what came to that port later.
    Probe {
        /// The port.
        port: u16,
        /// The protocol.
        transport: Transport,
        /// TCP flags as in the header, where known.
        flags: Option<u8>,
        /// What came with it.
        payload: Bytes,
        /// Whether the event has an earlier probe of this port.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        repeated: bool,
    },
    /// A honeypot's own typed field.
    Attribute {
        /// The field's name: `url`, `terminal`, `client_version` …
        name: String,
        /// Its value.
        value: Bytes,
    },
    /// Something the sensor has to say about the event.
    Note {
        /// The words.
        text: String,
    },
    /// The connection ended.
    Close {
        /// Why.
        reason: String,
        /// How long it had lasted, in milliseconds.
        duration: i64,
    },
}

impl InteractionKind {
    /// The kind's word, as in JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Banner { .. } => "banner",
            Self::Login { .. } => "login",
            Self::Command { .. } => "command",
            Self::Request { .. } => "request",
            Self::Data { .. } => "data",
            Self::File { .. } => "file",
            Self::Probe { .. } => "probe",
            Self::Attribute { .. } => "attribute",
            Self::Note { .. } => "note",
            Self::Close { .. } => "close",
        }
    }

    /// The attribute under which a honeypot notes an address that it was told to fetch, and never does.
    pub const URL: &'static str = "url";
    /// The attribute under which a honeypot notes the size of a terminal, `80x24`.
    pub const TERMINAL: &'static str = "terminal";

    /// The attribute under which a honeypot notes the subject of a mail that was left here.
    pub const SUBJECT: &'static str = "subject";

    /// Every value in it that came from outside, and may be searched for.
    #[must_use]
    pub fn values(&self) -> Vec<&Bytes> {
        match self {
            Self::Connect
            | Self::Note { .. }
            | Self::Close { .. }
            | Self::Data {
                direction: Direction::Out,
                ..
            } => vec![],
            Self::Banner { text } => vec![text],
            Self::Login { user, secret, .. } => vec![user, secret],
            Self::Command { line, .. } => vec![line],
            Self::Request {
                method,
                path,
                headers,
                body,
            } => [method, path]
                .into_iter()
                .chain(headers.iter().flat_map(|(name, value)| [name, value]))
                .chain([body])
                .collect(),
            Self::Data { bytes, .. } => vec![bytes],
            Self::File { name, .. } => vec![name],
            Self::Probe { payload, .. } => vec![payload],
            Self::Attribute { value, .. } => vec![value],
        }
    }

    /// The bytes it keeps of what an attacker sent or was sent.
    #[must_use]
    pub fn size(&self) -> usize {
        let out = if let Self::Data {
            direction: Direction::Out,
            bytes,
        } = self
        {
            bytes.0.len()
        } else {
            0
        };
        out + self
            .values()
            .iter()
            .map(|value| value.0.len())
            .sum::<usize>()
    }
}

words! {
    /// Which way bytes went.
    Direction {
        /// From the source to the honeypot.
        In = 0 "in",
        /// From the honeypot to the source.
        Out = 1 "out",
    }
}

words! {
    /// How a log-in was tried.
    LoginMethod {
        /// A password.
        Password = 0 "password",
        /// A public key.
        Key = 1 "key",
        /// Answers to questions, SSH's keyboard-interactive.
        Interactive = 2 "interactive",
    }
}

/// Who met which service where: what is known of an event when it opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encounter {
    /// The service.
    pub service: ServiceName,
    /// The service's assignment to the sensor.
    pub instance: InstanceId,
    /// The service's revision.
    pub revision: u32,
    /// Who came.
    pub source: Address,
    /// From which port.
    pub source_port: u16,
    /// To which port; of a scan, the first.
    pub target_port: u16,
    /// Over what.
    pub transport: Transport,
}
