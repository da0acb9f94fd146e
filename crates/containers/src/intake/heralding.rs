//! Heralding's log of sessions, `log_session.json`: a line for each session, written when it is over.
//!
//! As `heralding/reporting/file_logger.py` writes it and `README.rst` shows it, from April 2019 on (Heralding 1.0).

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use serde_json::{Map, Value};
use skep_model::InteractionKind;
use skep_protocol::manifest::Protocol;

use super::observation::{Observation, attribute, login, words};

/// The most of what a protocol has to say beside the log-ins.
const DETAILS: usize = 16;

#[derive(Deserialize)]
struct Line {
    session_id: String,
    source_ip: IpAddr,
    #[serde(default)]
    source_port: u16,
    destination_port: Option<u16>,
    #[serde(default)]
    protocol: Value,
    /// In seconds.
    #[serde(default)]
    duration: Value,
    #[serde(default)]
    auth_attempts: Vec<Attempt>,
    #[serde(default)]
    auxiliary_data: Map<String, Value>,
}

/// A field that the protocol does not have is null.
#[derive(Deserialize)]
struct Attempt {
    #[serde(default)]
    username: Value,
    #[serde(default)]
    password: Value,
}

pub(super) fn read(line: &[u8]) -> Option<Observation> {
    let mut line: Line = serde_json::from_slice(line).ok()?;
    let mut steps = vec![InteractionKind::Connect];
    let version = line.auxiliary_data.remove("client_version");
    steps.extend(
        version
            .as_ref()
            .and_then(words)
            .map(|version| InteractionKind::Banner {
                text: version.into(),
            }),
    );
    let known = [("protocol", &line.protocol), ("duration", &line.duration)];
    let details = line.auxiliary_data.iter().take(DETAILS);
    let details = details.map(|(name, value)| (name.as_str(), value));
    steps.extend(
        known
            .into_iter()
            .chain(details)
            .filter_map(|(name, value)| attribute(name, words(value)?.into())),
    );
    // It lets nobody in.
    steps.extend(line.auth_attempts.iter().map(|attempt| {
        let [user, secret] = [&attempt.username, &attempt.password]
            .map(|value| words(value).unwrap_or_default().into());
        login(user, secret, false)
    }));
    Some(Observation {
        session: line.session_id,
        source: Some(SocketAddr::new(line.source_ip, line.source_port)),
        port: line.destination_port,
        protocol: Protocol::Tcp,
        steps,
        end: Some("the session ended".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From its `README.rst`, in one line.
    const SSH: &str = r#"{"timestamp":"2019-04-13 08:29:09.019394","duration":9,"session_id":"4ba1fc0a-872c-46bb-a2f8-80c38453c74f","source_ip":"127.0.0.1","source_port":52192,"destination_ip":"127.0.0.1","destination_port":2222,"protocol":"ssh","num_auth_attempts":2,"auth_attempts":[{"timestamp":"2019-04-13 08:29:12.732530","username":"rewt","password":"PASSWORD"},{"timestamp":"2019-04-13 08:29:15.686619","username":"rewt","password":"P@ssw0rd12345"}],"session_ended":true,"auxiliary_data":{"client_version":"SSH-2.0-OpenSSH_7.7p1 Ubuntu-4ubuntu0.3","recv_cipher":"aes128-ctr","recv_mac":"umac-64-etm@openssh.com","recv_compression":"none"}}"#;

    #[test]
    fn a_line_is_a_whole_session() {
        let read = read(SSH.as_bytes()).unwrap();
        assert_eq!(read.session, "4ba1fc0a-872c-46bb-a2f8-80c38453c74f");
        assert_eq!(read.source, Some("127.0.0.1:52192".parse().unwrap()));
        assert_eq!(read.port, Some(2222));
        assert_eq!(read.end.as_deref(), Some("the session ended"));
        let named = |name: &str, value: &str| attribute(name, value.into()).unwrap();
        assert_eq!(
            read.steps,
            [
                InteractionKind::Connect,
                InteractionKind::Banner {
                    text: "SSH-2.0-OpenSSH_7.7p1 Ubuntu-4ubuntu0.3".into()
                },
                named("protocol", "ssh"),
                named("duration", "9"),
                named("recv_cipher", "aes128-ctr"),
                named("recv_compression", "none"),
                named("recv_mac", "umac-64-etm@openssh.com"),
                login("rewt".into(), "PASSWORD".into(), false),
                login("rewt".into(), "P@ssw0rd12345".into(), false),
            ]
        );
    }

    #[test]
    fn what_a_protocol_does_not_have_is_empty() {
        let vnc = r#"{"session_id":"1","source_ip":"::1","protocol":"vnc","auth_attempts":[{"username":null,"password":"x"}],"auxiliary_data":{"A b":1}}"#;
        let read = read(vnc.as_bytes()).unwrap();
        assert_eq!((read.source.unwrap().port(), read.port), (0, None));
        assert_eq!(
            read.steps.last(),
            Some(&login("".into(), "x".into(), false))
        );
        assert_eq!(read.steps.len(), 3);
    }
}
