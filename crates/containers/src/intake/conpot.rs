//! Conpot's log in JSON, `conpot.json`: a line for each step.
//!
//! As `conpot/core/loggers/json_log.py` and `conpot/core/attack_session.py` of Conpot 0.6 write it. A session is all that
//! one source says over one protocol, also after it has ended and begun anew.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use serde_json::Value;
use skep_model::{InteractionKind, interaction::Direction};
use skep_protocol::manifest::Protocol;

use super::observation::{Observation, attribute, data, words};

/// Those that are spoken over UDP.
const DATAGRAMS: &[&str] = &["bacnet", "ipmi", "snmp", "tftp"];

/// Those whose requests are bytes, in hexadecimal digits.
const BINARY: &[&str] = &["modbus", "IEC104", "kamstrup_protocol", "s7comm", "enip"];

#[derive(Deserialize)]
struct Line {
    id: String,
    src_ip: IpAddr,
    #[serde(default)]
    src_port: u16,
    dst_port: Option<u16>,
    #[serde(default)]
    data_type: String,
    event_type: Option<String>,
    #[serde(default)]
    request: Value,
    #[serde(default)]
    response: Value,
}

impl Line {
    fn bytes(&self, value: &Value) -> Option<Vec<u8>> {
        let words = words(value).filter(|words| !words.is_empty())?;
        let binary = BINARY.contains(&self.data_type.as_str());
        let bytes = binary.then(|| digits(&words)).flatten();
        Some(bytes.unwrap_or_else(|| words.into_bytes()))
    }

    fn end(&self) -> Option<&'static str> {
        match self.event_type.as_deref()? {
            "CONNECTION_LOST" => Some("the connection ended"),
            "CONNECTION_QUIT" => Some("the client quit"),
            "CONNECTION_TERMINATED" => Some("the honeypot ended the connection"),
            "CONNECTION_TIMEOUT" => Some("the connection timed out"),
            "CONNECTION_FAILED" => Some("the connection failed"),
            _ => None,
        }
    }
}

/// The bytes that hexadecimal digits stand for, if it is nothing else.
fn digits(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .map(|digit| digit.to_digit(16))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs
        .remainder()
        .is_empty()
        .then(|| pairs.map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

pub(super) fn read(line: &[u8]) -> Option<Observation> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let end = line.end();
    let mut steps = Vec::new();
    if line.event_type.as_deref() == Some("NEW_CONNECTION") {
        steps.push(InteractionKind::Connect);
        steps.extend(attribute("protocol", line.data_type.as_str().into()));
    }
    let said = [
        (Direction::In, &line.request),
        (Direction::Out, &line.response),
    ];
    steps.extend(
        said.into_iter()
            .filter_map(|(direction, value)| Some(data(direction, line.bytes(value)?))),
    );
    if steps.is_empty() && end.is_none() {
        return None;
    }
    Some(Observation {
        // A connection that was lost before it said anything is none.
        source: (!steps.is_empty()).then(|| SocketAddr::new(line.src_ip, line.src_port)),
        port: line.dst_port,
        protocol: if DATAGRAMS.contains(&line.data_type.as_str()) {
            Protocol::Udp
        } else {
            Protocol::Tcp
        },
        session: line.id,
        steps,
        end: end.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(data_type: &str, event_type: &str, request: &str, response: &str) -> String {
        format!(
            r#"{{"timestamp": "2026-07-31T19:25:47.201000", "sensorid": "default", "id": "c0a1e5b2-7e0f-4f52-9a53-50b6f4a4a1c1", "src_ip": "192.0.2.44", "src_port": 54011, "dst_ip": "10.8.0.2", "dst_port": 5020, "public_ip": null, "data_type": "{data_type}", "request": {request}, "response": {response}, "event_type": {event_type}}}"#
        )
    }

    #[test]
    fn a_session_of_modbus_is_read() {
        let lines = [
            line("modbus", "\"NEW_CONNECTION\"", "null", "null"),
            line("modbus", "null", "\"000000000005012b0e0100\"", "null"),
            line("modbus", "\"CONNECTION_LOST\"", "null", "null"),
        ];
        let read = lines.map(|line| read(line.as_bytes()).unwrap());
        assert!(read.iter().all(|it| it.session == read[0].session));
        assert_eq!(read[0].source, Some("192.0.2.44:54011".parse().unwrap()));
        assert_eq!(
            read[0].steps,
            [
                InteractionKind::Connect,
                attribute("protocol", "modbus".into()).unwrap()
            ]
        );
        let request = [0, 0, 0, 0, 0, 5, 1, 0x2b, 0x0e, 1, 0];
        assert_eq!(read[1].steps, [data(Direction::In, request)]);
        assert_eq!(read[2].steps, []);
        assert_eq!(read[2].source, None);
        assert_eq!(read[2].end.as_deref(), Some("the connection ended"));
    }

    #[test]
    fn texts_stay_as_they_are() {
        let request = r#""('/index.html', [('Host', '192.0.2.1')], None)""#;
        let http = read(line("http", "null", request, "\"200\"").as_bytes()).unwrap();
        assert_eq!(
            http.steps,
            [
                data(
                    Direction::In,
                    "('/index.html', [('Host', '192.0.2.1')], None)"
                ),
                data(Direction::Out, "200"),
            ]
        );
        let meter = line("kamstrup_management_protocol", "null", "\"FEED\"", "\"\"");
        assert_eq!(
            read(meter.as_bytes()).unwrap().steps,
            [data(Direction::In, "FEED")]
        );
        let snmp = line("snmp", "null", "{\"oid\": 1}", "null");
        let snmp = read(snmp.as_bytes()).unwrap();
        assert_eq!(snmp.protocol, Protocol::Udp);
        assert_eq!(snmp.steps, [data(Direction::In, "{\"oid\":1}")]);
        assert_eq!(
            read(line("modbus", "null", "null", "null").as_bytes()),
            None
        );
    }

    #[test]
    fn only_whole_pairs_of_digits_are_bytes() {
        assert_eq!(digits("00fF"), Some(vec![0, 255]));
        for text in ["0", "0g", "ä0", "+1"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }
}
