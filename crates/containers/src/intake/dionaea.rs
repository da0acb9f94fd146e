//! Dionaea's `log_json`: a line for each connection, written when it is over.
//!
//! As `modules/python/dionaea/log_json.py` of Dionaea 0.11 writes it, with and without its setting `flat_data`. What was
//! downloaded is not in this log.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use serde_json::Value;
use skep_model::InteractionKind;
use skep_protocol::manifest::Protocol;

use super::observation::{Observation, attribute, login, protocol_command, words};

#[derive(Deserialize)]
struct Line {
    connection: Connection,
    src_ip: IpAddr,
    #[serde(default)]
    src_port: u16,
    dst_port: Option<u16>,
    #[serde(default)]
    credentials: Records,
    #[serde(default)]
    ftp: Ftp,
}

#[derive(Deserialize)]
struct Connection {
    #[serde(default)]
    protocol: Value,
    #[serde(default)]
    transport: String,
    #[serde(rename = "type")]
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Accept,
    /// Nobody listens on that port.
    Reject,
    /// Over UDP, somebody who sent something; otherwise the honeypot itself, which tries to fetch something.
    Connect,
    #[serde(other)]
    Other,
}

#[derive(Default, Deserialize)]
struct Ftp {
    #[serde(default)]
    commands: Records,
}

/// A list of records or, flattened, a record of lists.
#[derive(Deserialize)]
#[serde(untagged)]
enum Records {
    List(Vec<serde_json::Map<String, Value>>),
    Flat(serde_json::Map<String, Value>),
}

impl Default for Records {
    fn default() -> Self {
        Self::List(vec![])
    }
}

impl Records {
    /// Two fields of each record.
    fn pairs(&self, first: &str, second: &str) -> Vec<(String, String)> {
        let said = |value: Option<&Value>| value.map(joined).unwrap_or_default();
        match self {
            Self::List(records) => records
                .iter()
                .map(|record| (said(record.get(first)), said(record.get(second))))
                .collect(),
            Self::Flat(lists) => {
                let list = |name| lists.get(name).and_then(Value::as_array);
                let seconds = list(second);
                list(first)
                    .into_iter()
                    .flatten()
                    .enumerate()
                    .map(|(at, value)| (joined(value), said(seconds.and_then(|it| it.get(at)))))
                    .collect()
            }
        }
    }
}

/// What a field says; a list, with spaces in between.
fn joined(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let all: Vec<_> = values.iter().filter_map(words).collect();
            all.join(" ")
        }
        value => words(value).unwrap_or_default(),
    }
}

pub(super) fn read(line: &[u8]) -> Option<Observation> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let kind = line.connection.kind;
    let protocol = match line.connection.transport.as_str() {
        "udp" => Protocol::Udp,
        _ => Protocol::Tcp,
    };
    if kind == Kind::Other || (kind == Kind::Connect && protocol == Protocol::Tcp) {
        return None;
    }
    let mut steps = vec![InteractionKind::Connect];
    let spoken = words(&line.connection.protocol);
    steps.extend(spoken.and_then(|spoken| attribute("protocol", spoken.into())));
    let commands = line.ftp.commands.pairs("command", "arguments");
    steps.extend(commands.into_iter().map(|(command, arguments)| {
        let line = format!("{command} {arguments}");
        protocol_command(line.trim_end().to_owned())
    }));
    let credentials = line.credentials.pairs("username", "password");
    // FTP, MS SQL and MySQL let everybody in.
    steps.extend(
        credentials
            .into_iter()
            .map(|(user, secret)| login(user.into(), secret.into(), true)),
    );
    let source = SocketAddr::new(line.src_ip, line.src_port);
    Some(Observation {
        session: source.to_string(),
        source: Some(source),
        port: line.dst_port,
        protocol,
        steps,
        end: Some(if kind == Kind::Reject {
            "the honeypot refused the connection".to_owned()
        } else {
            "the connection ended".to_owned()
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ftp(credentials: &str, commands: &str) -> String {
        format!(
            r#"{{"connection": {{"protocol": "ftpd", "transport": "tcp", "type": "accept"}}, "dst_ip": "172.19.0.4", "dst_port": 21, "src_hostname": "", "src_ip": "172.19.0.1", "src_port": 53854, "timestamp": "2026-04-24T17:40:28.182213", "ftp": {{"commands": {commands}}}, "credentials": {credentials}}}"#
        )
    }

    #[test]
    fn both_forms_say_the_same() {
        let lists = ftp(
            r#"[{"password": "toor", "username": "root"}]"#,
            r#"[{"command": "USER", "arguments": ["root"]}, {"command": "SITE", "arguments": ["CHMOD", "777"]}, {"command": "QUIT", "arguments": []}]"#,
        );
        let flat = ftp(
            r#"{"password": ["toor"], "username": ["root"]}"#,
            r#"{"command": ["USER", "SITE", "QUIT"], "arguments": ["root", "CHMOD 777", ""]}"#,
        );
        let read = [lists, flat].map(|line| read(line.as_bytes()).unwrap());
        assert_eq!(read[0], read[1]);
        assert_eq!(read[0].source, Some("172.19.0.1:53854".parse().unwrap()));
        assert_eq!(read[0].port, Some(21));
        assert_eq!(read[0].end.as_deref(), Some("the connection ended"));
        assert_eq!(
            read[0].steps,
            [
                InteractionKind::Connect,
                attribute("protocol", "ftpd".into()).unwrap(),
                protocol_command("USER root".to_owned()),
                protocol_command("SITE CHMOD 777".to_owned()),
                protocol_command("QUIT".to_owned()),
                login("root".into(), "toor".into(), true),
            ]
        );
    }

    #[test]
    fn only_what_comes_from_outside_is_an_attack() {
        let line = |kind: &str, transport: &str| {
            let line = format!(
                r#"{{"connection": {{"protocol": "x", "transport": "{transport}", "type": "{kind}"}}, "dst_port": 445, "src_ip": "::ffff:203.0.113.9", "src_port": 1}}"#
            );
            read(line.as_bytes())
        };
        assert_eq!(line("listen", "tcp"), None);
        assert_eq!(line("connect", "tcp"), None);
        assert_eq!(line("connect", "udp").unwrap().protocol, Protocol::Udp);
        assert_eq!(line("accept", "tls").unwrap().protocol, Protocol::Tcp);
        let rejected = line("reject", "tcp").unwrap();
        assert_eq!(
            rejected.end.as_deref(),
            Some("the honeypot refused the connection")
        );
    }
}
