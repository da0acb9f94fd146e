//! The log of `OpenCanary`: a line for each step, with a number that says what it was.
//!
//! As `opencanary/logger.py` and `opencanary/modules/` write it in version 0.9. It has no sessions: what one port of a
//! source says to one port is taken for one, and so are all ports that a source has scanned. No line says that one has
//! ended.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use serde_json::{Map, Value};
use skep_model::{InteractionKind, Transport, interaction::Direction};
use skep_protocol::manifest::Protocol;

use super::observation::{Observation, attribute, data, login, port, protocol_command, words};

/// The most of what a line has to say beside what there is a name for.
const DETAILS: usize = 16;

#[derive(Deserialize)]
struct Line {
    logtype: u32,
    #[serde(default)]
    src_host: String,
    // Of a scan, ports are texts.
    #[serde(default)]
    src_port: Value,
    #[serde(default)]
    dst_port: Value,
    #[serde(default)]
    logdata: Map<String, Value>,
}

impl Line {
    fn take(&mut self, field: &str) -> Option<String> {
        words(&self.logdata.remove(field)?)
    }

    /// The flags of a scan's packets, if it is one.
    fn scan(&self) -> Option<u8> {
        const FIN: u8 = 1;
        const SYN: u8 = 2;
        const PSH: u8 = 8;
        const URG: u8 = 32;
        match self.logtype {
            5001 => Some(SYN),
            5002 => Some(URG | PSH | SYN | FIN),
            5003 => Some(0),
            5004 => Some(URG | PSH | FIN),
            5005 => Some(FIN),
            _ => None,
        }
    }

    fn protocol(&self) -> Protocol {
        let spoken = self.logdata.get("PROTO").and_then(Value::as_str);
        match (self.logtype, spoken) {
            // TFTP, NTP, SNMP, SIP and LLMNR.
            (10_001 | 11_001 | 13_001 | 15_001 | 19_001, _) | (_, Some("UDP")) => Protocol::Udp,
            _ => Protocol::Tcp,
        }
    }

    fn steps(&mut self) -> Vec<InteractionKind> {
        let mut steps = Vec::new();
        match self.logtype {
            2001 | 4000 | 6002 | 9003 | 18_001 | 18_002 => steps.push(InteractionKind::Connect),
            4001 => {
                let version = self.take("REMOTEVERSION");
                steps.extend(version.map(|version| InteractionKind::Banner {
                    text: version.into(),
                }));
            }
            3000..4000 => steps.push(self.request()),
            17_001 => {
                let command = [self.take("CMD"), self.take("ARGS")];
                let command: Vec<_> = command.into_iter().flatten().collect();
                steps.push(protocol_command(command.join(" ").trim_end().to_owned()));
            }
            18_003..=18_005 => {
                steps.extend(self.take("DATA").map(|said| data(Direction::In, said)));
            }
            _ => {}
        }
        let (user, secret) = (self.take("USERNAME"), self.take("PASSWORD"));
        if user.is_some() || secret.is_some() {
            let [user, secret] = [user, secret].map(|it| it.unwrap_or_default().into());
            // It lets nobody in.
            steps.push(login(user, secret, false));
        }
        let rest = self.logdata.iter().take(DETAILS);
        steps.extend(rest.filter_map(|(name, value)| {
            let name = name.to_ascii_lowercase().replace(' ', "_");
            attribute(&name, words(value).filter(|it| !it.is_empty())?.into())
        }));
        steps
    }

    fn request(&mut self) -> InteractionKind {
        let method = match self.logtype {
            3001 => Some("POST".to_owned()),
            _ => self.take("REQUEST_TYPE"),
        };
        let headers = [("Host", "HOSTNAME"), ("User-Agent", "USERAGENT")];
        InteractionKind::Request {
            method: method.unwrap_or_else(|| "GET".to_owned()).into(),
            path: self.take("PATH").unwrap_or_default().into(),
            headers: headers
                .into_iter()
                .filter_map(|(name, field)| Some((name.into(), self.take(field)?.into())))
                .collect(),
            body: "".into(),
        }
    }
}

pub(super) fn read(line: &[u8]) -> Option<Observation> {
    let mut line: Line = serde_json::from_slice(line).ok()?;
    // Without a source the honeypot speaks of itself.
    let source: IpAddr = line.src_host.parse().ok()?;
    let source = SocketAddr::new(source, port(&line.src_port).unwrap_or(0));
    let target = port(&line.dst_port)?;
    let protocol = line.protocol();
    let (session, steps) = match line.scan() {
        Some(flags) => (
            format!("scan of {}", source.ip()),
            vec![InteractionKind::Probe {
                port: target,
                transport: protocol.into(),
                flags: (Transport::from(protocol) == Transport::Tcp).then_some(flags),
                payload: "".into(),
                repeated: false,
            }],
        ),
        None => (format!("{source} at {target}"), line.steps()),
    };
    Some(Observation {
        session,
        source: Some(source),
        port: Some(target),
        protocol,
        steps,
        end: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(logtype: u32, port: u16, logdata: &str) -> Observation {
        let line = format!(
            r#"{{"dst_host": "10.0.2.15", "dst_port": {port}, "local_time": "2025-04-09 08:23:14.061297", "local_time_adjusted": "2025-04-09 10:23:14.061329", "logdata": {logdata}, "logtype": {logtype}, "node_id": "opencanary-1", "src_host": "10.0.2.15", "src_port": 58572, "utc_time": "2025-04-09 08:23:14.061325"}}"#
        );
        read(line.as_bytes()).unwrap()
    }

    fn named(name: &str, value: &str) -> InteractionKind {
        attribute(name, value.into()).unwrap()
    }

    #[test]
    fn lines_of_one_connection_are_one_session() {
        let first = line(2001, 21, "{}");
        let second = line(
            2000,
            21,
            r#"{"PASSWORD": "IEUser@", "USERNAME": "anonymous"}"#,
        );
        assert_eq!(first.session, second.session);
        assert_eq!(first.source, Some("10.0.2.15:58572".parse().unwrap()));
        assert_eq!(first.port, Some(21));
        assert_eq!(first.steps, [InteractionKind::Connect]);
        assert_eq!(
            second.steps,
            [login("anonymous".into(), "IEUser@".into(), false)]
        );
        let ssh = line(
            4002,
            22,
            r#"{"LOCALVERSION": "SSH-2.0-OpenSSH_5.1p1 Debian-5", "PASSWORD": null, "REMOTEVERSION": "SSH-2.0-paramiko_3.4", "USERNAME": "root"}"#,
        );
        assert_ne!(ssh.session, first.session);
        assert_eq!(
            ssh.steps,
            [
                login("root".into(), "".into(), false),
                named("localversion", "SSH-2.0-OpenSSH_5.1p1 Debian-5"),
                named("remoteversion", "SSH-2.0-paramiko_3.4"),
            ]
        );
    }

    #[test]
    fn requests_and_commands_are_read() {
        let http = line(
            3001,
            80,
            r#"{"HOSTNAME": "localhost", "PASSWORD": "test_pass", "PATH": "/index.html", "SKIN": "nasLogin", "USERAGENT": "python-requests/2.31.0", "USERNAME": "test_user"}"#,
        );
        assert_eq!(
            http.steps,
            [
                InteractionKind::Request {
                    method: "POST".into(),
                    path: "/index.html".into(),
                    headers: vec![
                        ("Host".into(), "localhost".into()),
                        ("User-Agent".into(), "python-requests/2.31.0".into()),
                    ],
                    body: "".into(),
                },
                login("test_user".into(), "test_pass".into(), false),
                named("skin", "nasLogin"),
            ]
        );
        let redis = line(17_001, 6379, r#"{"ARGS": "hunter2", "CMD": "AUTH"}"#);
        assert_eq!(redis.steps, [protocol_command("AUTH hunter2".to_owned())]);
        let banner = r#"{"BANNER_ID": "1", "DATA": "hello", "FUNCTION": "DATA_RECEIVED"}"#;
        assert_eq!(
            line(18_005, 8001, banner).steps[0],
            data(Direction::In, "hello")
        );
        let snmp = line(
            13_001,
            161,
            r#"{"COMMUNITY_STRING": "public", "REQUESTS": ["1.3.6"]}"#,
        );
        assert_eq!(snmp.protocol, Protocol::Udp);
        assert_eq!(
            snmp.steps,
            [
                named("community_string", "public"),
                named("requests", "[\"1.3.6\"]")
            ]
        );
    }

    #[test]
    fn a_scan_is_one_session() {
        let probe = |port: &str| {
            let line = format!(
                r#"{{"dst_host": "10.0.0.1", "dst_port": "{port}", "logdata": {{"PROTO": "TCP", "SYN": ""}}, "logtype": 5001, "src_host": "203.0.113.7", "src_port": "4{port}"}}"#
            );
            read(line.as_bytes()).unwrap()
        };
        let (first, second) = (probe("22"), probe("443"));
        assert_eq!(first.session, second.session);
        assert_eq!(
            second.steps,
            [InteractionKind::Probe {
                port: 443,
                transport: Transport::Tcp,
                flags: Some(2),
                payload: "".into(),
                repeated: false,
            }]
        );
    }

    #[test]
    fn what_it_says_of_itself_is_left_out() {
        let line = r#"{"dst_host": "", "dst_port": -1, "local_time": "2025-04-09 08:06:59.264839", "logdata": {"msg": {"logdata": "Canary running!!!"}}, "logtype": 1001, "node_id": "opencanary-1", "src_host": "", "src_port": -1, "utc_time": "2025-04-09 08:06:59.264847"}"#;
        assert_eq!(read(line.as_bytes()), None);
    }
}
