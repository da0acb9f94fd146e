//! What honeypots see, in the model's words.

use std::net::SocketAddr;

use serde_json::Value;
use skep_model::{
    Bytes, InteractionKind,
    interaction::{Direction, LoginMethod},
};
use skep_protocol::manifest::Protocol;

/// Something that a honeypot saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observation {
    /// What joins observations: all of one key are one event.
    pub session: String,
    /// Who came, where that is said. Only an observation that says so opens an event.
    pub source: Option<SocketAddr>,
    /// The container's port.
    pub port: Option<u16>,
    /// Over what.
    pub protocol: Protocol,
    /// What happened, in this order.
    pub steps: Vec<InteractionKind>,
    /// Why the session is over, if it is.
    pub end: Option<String>,
}

/// A file, if its checksum is one.
pub(super) fn file(name: Bytes, size: u64, sha256: &str) -> Option<InteractionKind> {
    let fits = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| InteractionKind::File {
        name,
        size,
        sha256: sha256.to_ascii_lowercase(),
    })
}

/// An attribute, if its name is a word.
pub(super) fn attribute(name: &str, value: Bytes) -> Option<InteractionKind> {
    let fits = (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    fits.then(|| InteractionKind::Attribute {
        name: name.to_owned(),
        value,
    })
}

/// A try to log in with a password.
pub(super) fn login(user: Bytes, secret: Bytes, accepted: bool) -> InteractionKind {
    InteractionKind::Login {
        user,
        secret,
        method: LoginMethod::Password,
        accepted,
    }
}

/// A command of the protocol's own.
pub(super) fn protocol_command(line: String) -> InteractionKind {
    InteractionKind::Command {
        line: line.into(),
        protocol: true,
    }
}

/// Bytes as they went over the wire.
pub(super) fn data(direction: Direction, bytes: impl Into<Bytes>) -> InteractionKind {
    InteractionKind::Data {
        direction,
        bytes: bytes.into(),
    }
}

/// What a field says, whatever its type: a text as it is, nothing for null, and anything else as JSON.
pub(super) fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A port, as a number or as a text.
pub(super) fn port(value: &Value) -> Option<u16> {
    words(value)?.parse().ok()
}
