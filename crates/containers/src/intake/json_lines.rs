//! Lines of JSON on standard output: the way for honeypots that are written for this.
//!
//! Each line is one step of one session:
//!
//! ```json
//! {"session": "17", "source": "192.0.2.7", "source_port": 40123, "port": 22, "kind": "connect"}
//! {"session": "17", "kind": "login", "user": "root", "secret": {"base64": "/w=="}, "accepted": false}
//! {"session": "17", "kind": "close", "reason": "the client hung up"}
//! ```
//!
//! The first line of a session says who came; `port` is the container's, and `protocol` is `tcp` if it is not `udp`.
//! Kinds are those of the model, and a value is a text, or an object with `base64` where it is none.

use std::net::{IpAddr, SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use skep_model::{
    Bytes, InteractionKind,
    interaction::{Direction, LoginMethod},
    raw,
};
use skep_protocol::manifest::Protocol;

use super::observation::{Observation, attribute, file};

/// The longest reason for an end, in bytes.
const REASON: usize = 200;

#[derive(Deserialize)]
struct Line {
    session: String,
    source: Option<IpAddr>,
    #[serde(default)]
    source_port: u16,
    port: Option<u16>,
    #[serde(default)]
    protocol: Protocol,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    Connect,
    Banner {
        text: Value,
    },
    Login {
        user: Value,
        secret: Value,
        #[serde(default)]
        method: Option<LoginMethod>,
        accepted: bool,
    },
    Command {
        line: Value,
        #[serde(default)]
        protocol_command: bool,
    },
    Request {
        method: Value,
        path: Value,
        #[serde(default)]
        headers: Vec<(Value, Value)>,
        #[serde(default)]
        body: Value,
    },
    Data {
        direction: Direction,
        bytes: Value,
    },
    File {
        name: Value,
        size: u64,
        sha256: String,
    },
    Attribute {
        name: String,
        value: Value,
    },
    Close {
        #[serde(default)]
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Binary { base64: String },
}

impl Default for Value {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl From<&Value> for Bytes {
    fn from(value: &Value) -> Self {
        match value {
            Value::Text(text) => text.as_bytes().into(),
            // What is no base64 is kept as it came: better that than nothing.
            Value::Binary { base64 } => STANDARD
                .decode(base64)
                .unwrap_or_else(|_| base64.as_bytes().to_vec())
                .into(),
        }
    }
}

pub(super) fn read(line: &[u8]) -> Option<Observation> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let step = match line.kind {
        Kind::Close { .. } => None,
        Kind::Connect => Some(InteractionKind::Connect),
        Kind::Banner { ref text } => Some(InteractionKind::Banner { text: text.into() }),
        Kind::Login {
            ref user,
            ref secret,
            method,
            accepted,
        } => Some(InteractionKind::Login {
            user: user.into(),
            secret: secret.into(),
            method: method.unwrap_or(LoginMethod::Password),
            accepted,
        }),
        Kind::Command {
            ref line,
            protocol_command,
        } => Some(InteractionKind::Command {
            line: line.into(),
            protocol: protocol_command,
        }),
        Kind::Request {
            ref method,
            ref path,
            ref headers,
            ref body,
        } => Some(InteractionKind::Request {
            method: method.into(),
            path: path.into(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            body: body.into(),
        }),
        Kind::Data {
            direction,
            ref bytes,
        } => Some(InteractionKind::Data {
            direction,
            bytes: bytes.into(),
        }),
        Kind::File {
            ref name,
            size,
            ref sha256,
        } => Some(file(name.into(), size, sha256)?),
        Kind::Attribute {
            ref name,
            ref value,
        } => Some(attribute(name, value.into())?),
    };
    let end = match line.kind {
        Kind::Close { reason } => Some(raw::visible(raw::cut(reason.as_bytes(), REASON))),
        _ => None,
    };
    Some(Observation {
        session: line.session,
        source: line
            .source
            .map(|source| SocketAddr::new(source, line.source_port)),
        port: line.port,
        protocol: line.protocol,
        steps: step.into_iter().collect(),
        end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_as_it_is_documented() {
        let first = read(br#"{"session": "17", "source": "192.0.2.7", "source_port": 40123, "port": 22, "kind": "connect"}"#);
        let first = first.unwrap();
        assert_eq!(first.source, Some("192.0.2.7:40123".parse().unwrap()));
        assert_eq!((first.port, first.protocol), (Some(22), Protocol::Tcp));
        assert_eq!(first.steps, [InteractionKind::Connect]);
        let second = read(br#"{"session": "17", "kind": "login", "user": "root", "secret": {"base64": "/w=="}, "accepted": false}"#);
        let login = InteractionKind::Login {
            user: "root".into(),
            secret: vec![0xff].into(),
            method: LoginMethod::Password,
            accepted: false,
        };
        assert_eq!(second.unwrap().steps, [login]);
        let last = read(br#"{"session": "17", "kind": "close", "reason": "the client hung up"}"#);
        assert_eq!(last.unwrap().end.as_deref(), Some("the client hung up"));
    }

    #[test]
    fn other_lines_say_nothing() {
        for line in [
            &b"starting\n"[..],
            b"{}",
            b"{\"session\": 1, \"kind\": \"connect\"}",
            b"{\"session\": \"1\", \"kind\": \"note\", \"text\": \"x\"}",
            b"{\"session\": \"1\", \"kind\": \"file\", \"name\": \"a\", \"size\": 1, \"sha256\": \"../x\"}",
            b"{\"session\": \"1\", \"kind\": \"attribute\", \"name\": \"A B\", \"value\": \"\"}",
            b"\xff\xfe",
        ] {
            assert_eq!(read(line), None, "{line:?}");
        }
    }
}
