//! What happened within an event.

use schemars::JsonSchema;
use serde::Serialize;
use skep_model::{
    Direction, Interaction, InteractionKind, LoginMethod, Transport, console::Packet as PacketView,
};

use super::{Raw, Time};

/// One step of an encounter.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Step {
    /// When it happened, by the sensor's (corrected) clock.
    at: Time,
    /// What happened.
    #[serde(flatten)]
    what: What,
}

/// What happened.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum What {
    /// The connection came.
    Connect,
    /// The client said what it is.
    Banner {
        /// Its words.
        text: Raw,
    },
    /// A try to log in.
    Login {
        /// The user name.
        user: Raw,
        /// The password, the public key's fingerprint, or the answers given.
        secret: Raw,
        /// In which way.
        method: LoginMethod,
        /// Whether the honeypot let it in.
        accepted: bool,
    },
    /// A command line.
    Command {
        /// The line, without its end.
        line: Raw,
    },
    /// A request of a request-response protocol.
    Request {
        /// The method.
        method: Raw,
        /// The path, with the query.
        path: Raw,
        /// Names and values of the header fields, in the order received.
        headers: Vec<[Raw; 2]>,
        /// The body.
        body: Raw,
    },
    /// Bytes as they went over the wire.
    Data {
        /// Which way.
        direction: Direction,
        /// The bytes.
        bytes: Raw,
    },
    /// A file that was left here.
    File {
        /// The name it was given.
        name: Raw,
        /// Its length in bytes.
        size: u64,
        /// SHA-256 of its content, hexadecimal.
        sha256: String,
    },
    /// A knock at one port, part of a scan.
    Probe {
        /// The port.
        port: u16,
        /// The protocol.
        transport: Transport,
        /// TCP flags as in the header, where known.
        flags: Option<u8>,
        /// What came with it.
        payload: Raw,
    },
    /// A honeypot's own typed field.
    Attribute {
        /// The field's name: `url`, `terminal`, `client_version` …
        name: String,
        /// Its value.
        value: Raw,
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
        duration_ms: i64,
    },
}

/// A packet of an event.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Packet {
    /// When it came.
    at: Time,
    /// Its protocol.
    transport: Transport,
    /// Its target port.
    port: u16,
    /// TCP flags as in the header, where there are any.
    flags: Option<u8>,
    /// What it carried.
    payload: Raw,
}

impl From<&Interaction> for Step {
    fn from(step: &Interaction) -> Self {
        Self {
            at: step.at.into(),
            what: (&step.kind).into(),
        }
    }
}

impl From<&InteractionKind> for What {
    fn from(kind: &InteractionKind) -> Self {
        match kind {
            InteractionKind::Connect => Self::Connect,
            InteractionKind::Banner { text } => Self::Banner { text: text.into() },
            InteractionKind::Login {
                user,
                secret,
                method,
                accepted,
            } => Self::Login {
                user: user.into(),
                secret: secret.into(),
                method: *method,
                accepted: *accepted,
            },
            InteractionKind::Command { line, .. } => Self::Command { line: line.into() },
            InteractionKind::Request {
                method,
                path,
                headers,
                body,
            } => Self::Request {
                method: method.into(),
                path: path.into(),
                headers: headers
                    .iter()
                    .map(|(name, value)| [name.into(), value.into()])
                    .collect(),
                body: body.into(),
            },
            InteractionKind::Data { direction, bytes } => Self::Data {
                direction: *direction,
                bytes: bytes.into(),
            },
            InteractionKind::File { name, size, sha256 } => Self::File {
                name: name.into(),
                size: *size,
                sha256: sha256.clone(),
            },
            InteractionKind::Probe {
                port,
                transport,
                flags,
                payload,
                ..
            } => Self::Probe {
                port: *port,
                transport: *transport,
                flags: *flags,
                payload: payload.into(),
            },
            InteractionKind::Attribute { name, value } => Self::Attribute {
                name: name.clone(),
                value: value.into(),
            },
            InteractionKind::Note { text } => Self::Note { text: text.clone() },
            InteractionKind::Close { reason, duration } => Self::Close {
                reason: reason.clone(),
                duration_ms: *duration,
            },
        }
    }
}

impl From<&PacketView> for Packet {
    fn from(packet: &PacketView) -> Self {
        Self {
            at: packet.at.into(),
            transport: packet.transport,
            port: packet.port,
            flags: packet.flags,
            payload: (&packet.payload).into(),
        }
    }
}
