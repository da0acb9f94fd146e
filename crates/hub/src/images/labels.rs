//! What an image says of its honeypot in labels: `LABEL skep.…` where it is made.

use std::{collections::BTreeMap, fmt::Display, num::NonZero, str::FromStr};

use skep_model::{Bytes, raw, service::Level};
use skep_protocol::manifest::{
    Capability, ContainerPort, Events, Limits, Profile, Protocol, Ready,
};
use skep_registry::{Port, Transport};

use super::describe::{self, Reason};

/// What our labels begin with. Others are not looked at.
const PREFIX: &str = "skep.";
/// Where images describe themselves for everybody.
const DESCRIPTION: &str = "org.opencontainers.image.description";
/// What the label for events may be.
const EVENTS: &str = "honeysens, json-lines, cowrie, heralding, opencanary, dionaea or conpot";
/// How much of a wrong value is quoted, in characters.
const QUOTED: usize = 40;

/// What the labels say; what they do not say is as it is without them.
#[derive(Debug, Default)]
pub(super) struct Labels {
    pub(super) description: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) events: Option<Events>,
    pub(super) ports: Option<Vec<ContainerPort>>,
    pub(super) catch_all: bool,
    pub(super) profile: Option<Profile>,
    pub(super) ready: Option<Ready>,
    pub(super) limits: Limits,
}

impl Labels {
    /// Reads the labels of an image. A label of ours that is none is a mistake of whoever made the image.
    pub(super) fn read(labels: &BTreeMap<String, String>) -> Result<Self, Reason> {
        let own = labels
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value.trim())));
        let mut own = Own(own.collect());
        let read = Self {
            description: own
                .take("description")
                .or_else(|| labels.get(DESCRIPTION).map(String::as_str))
                .map(str::to_owned),
            level: own.parsed("level", "low, medium or high")?,
            events: own.events()?,
            ports: own.ports()?,
            catch_all: own.truth("catch-all")?,
            profile: own.profile()?,
            ready: own.ready()?,
            limits: own.limits()?,
        };
        match own.0.keys().next() {
            None => Ok(read),
            Some(unknown) => Err(format!(
                "there is no label {PREFIX}{}: docs/ADDING-A-HONEYPOT.md has all that there are",
                quoted(unknown)
            )),
        }
    }
}

/// Our labels that were not looked at yet, without what they begin with.
struct Own<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Own<'a> {
    fn take(&mut self, name: &str) -> Option<&'a str> {
        self.0.remove(name)
    }

    fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Result<Option<T>, Reason> {
        let value = self.take(name);
        value
            .map(|value| value.parse().map_err(|_| wrong(name, value, expected)))
            .transpose()
    }

    fn truth(&mut self, name: &str) -> Result<bool, Reason> {
        Ok(self.parsed(name, "true or false")?.unwrap_or_default())
    }

    fn events(&mut self) -> Result<Option<Events>, Reason> {
        let file = self.take("events.file").map(str::to_owned);
        let source = self.parsed("events", EVENTS)?;
        match (source, file) {
            (Some(source), file) => describe::events(source, file).map(Some),
            (None, Some(_)) => Err(only_with(
                "events.file",
                "skep.events names a honeypot with a log",
            )),
            (None, None) => Ok(None),
        }
    }

    /// `2222/tcp:22 53/udp:53`
    fn ports(&mut self) -> Result<Option<Vec<ContainerPort>>, Reason> {
        let ports = self.take("ports");
        ports
            .map(|ports| {
                let ports = ports.split_whitespace().map(describe::port);
                ports.collect::<Result<_, _>>()
            })
            .transpose()
    }

    fn profile(&mut self) -> Result<Option<Profile>, Reason> {
        let asked = self.take("capabilities");
        let raw_network = self.truth("raw-network")?;
        let profile = match self.take("profile") {
            None => None,
            Some("compatible") => Some(Profile::Compatible),
            Some("honeysens") => Some(Profile::HoneySens { raw_network }),
            Some("hardened") => Some(Profile::Hardened {
                capabilities: asked
                    .unwrap_or_default()
                    .split([' ', ','])
                    .filter(|name| !name.is_empty())
                    .map(|name| {
                        let known = name.parse::<Capability>();
                        known.map_err(|error| wrong("capabilities", name, error))
                    })
                    .collect::<Result<_, _>>()?,
            }),
            Some(other) => {
                return Err(wrong("profile", other, "compatible, hardened or honeysens"));
            }
        };
        if asked.is_some() && !matches!(profile, Some(Profile::Hardened { .. })) {
            return Err(only_with("capabilities", "skep.profile is hardened"));
        }
        if raw_network && !matches!(profile, Some(Profile::HoneySens { .. })) {
            return Err(only_with("raw-network", "skep.profile is honeysens"));
        }
        Ok(profile)
    }

    /// A port, what is sent there, and what the answer begins with.
    fn ready(&mut self) -> Result<Option<Ready>, Reason> {
        let port: Option<Port> =
            self.parsed("ready", "a port of the container's, such as 22/tcp")?;
        let send = self.take("ready.send").map(unescape);
        let expect = self.take("ready.expect").map(unescape);
        let Some(port) = port else {
            return match send.or(expect) {
                None => Ok(None),
                Some(_) => Err(only_with(
                    "ready.send and skep.ready.expect",
                    "skep.ready is there",
                )),
            };
        };
        let number = NonZero::new(port.number).ok_or("there is no port 0")?;
        let protocol = match port.transport {
            Transport::Tcp => Protocol::Tcp,
            Transport::Udp => Protocol::Udp,
        };
        match (send, expect) {
            (None, None) => Ok(Some(Ready::Connect {
                port: number,
                protocol,
            })),
            (send, Some(expect)) => Ok(Some(Ready::Answer {
                port: number,
                protocol,
                send: Bytes(send.unwrap_or_default()),
                expect: Bytes(expect),
            })),
            (Some(_), None) => Err(only_with("ready.send", "skep.ready.expect is there")),
        }
    }

    fn limits(&mut self) -> Result<Limits, Reason> {
        let number = "a whole number";
        let usual = Limits::default();
        Ok(Limits {
            pids: self.parsed("limits.pids", number)?.unwrap_or(usual.pids),
            memory: self
                .parsed("limits.memory", number)?
                .unwrap_or(usual.memory),
            cpu_percent: self
                .parsed("limits.cpu-percent", number)?
                .unwrap_or(usual.cpu_percent),
            writable: self
                .parsed("limits.writable", number)?
                .unwrap_or(usual.writable),
        })
    }
}

fn wrong(name: &str, value: &str, expected: impl Display) -> Reason {
    let value = quoted(value);
    format!("the label {PREFIX}{name} is \"{value}\", and not what it should be: {expected}")
}

fn only_with(name: &str, when: &str) -> Reason {
    format!("the label {PREFIX}{name} is only for images where {when}")
}

fn quoted(text: &str) -> String {
    let text: String = text.chars().take(QUOTED).collect();
    raw::visible(text.as_bytes())
}

/// `\r`, `\n`, `\t`, `\\` and `\x1f` stand for bytes; anything else for itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let digits = after.strip_prefix('x').and_then(|after| after.get(..2));
        let hex = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, length) = match (hex, after.chars().next()) {
            (Some(byte), _) => (byte, 3),
            (_, Some('r')) => (b'\r', 1),
            (_, Some('n')) => (b'\n', 1),
            (_, Some('t')) => (b'\t', 1),
            (_, Some('\\')) => (b'\\', 1),
            _ => (b'\\', 0),
        };
        bytes.push(byte);
        rest = &after[length..];
    }
    bytes.extend(rest.bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(labels: &[(&str, &str)]) -> Result<Labels, Reason> {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Labels::read(&labels.collect())
    }

    #[test]
    fn labels_say_what_a_sensor_has_to_know() {
        let labels = read(&[
            ("skep.events", "cowrie"),
            ("skep.events.file", "/log/cowrie.json"),
            ("skep.level", "high"),
            ("skep.ports", " 2222/tcp:22  53/udp:53 "),
            ("skep.ready", "53/udp"),
            ("skep.ready.send", r"\x00\x01\\ab\q"),
            ("skep.ready.expect", r"\r\n"),
            ("skep.limits.memory", "1000000000"),
            ("org.opencontainers.image.description", "A shell"),
            ("com.example.skep.events", "else"),
        ]);
        let labels = labels.unwrap_or_else(|reason| panic!("{reason}"));
        assert_eq!(labels.level, Some(Level::High));
        assert_eq!(labels.description.as_deref(), Some("A shell"));
        assert!(
            matches!(labels.events, Some(Events::Log { path: Some(path), .. })
            if path.as_str() == "/log/cowrie.json")
        );
        assert_eq!(labels.ports.map(|ports| ports.len()), Some(2));
        assert_eq!(labels.limits.memory, 1_000_000_000);
        let Some(Ready::Answer { send, expect, .. }) = labels.ready else {
            panic!("an answer is waited for");
        };
        assert_eq!(send.0, b"\0\x01\\ab\\q");
        assert_eq!(expect.0, b"\r\n");
    }

    #[test]
    fn a_wrong_label_is_named() {
        for (labels, said) in [
            (&[("skep.event", "cowrie")][..], "no label skep.event"),
            (&[("skep.events", "log")], "honeysens, json-lines, cowrie"),
            (&[("skep.level", "HIGH")], "low, medium or high"),
            (&[("skep.ports", "22")], "2222/tcp:22"),
            (&[("skep.raw-network", "yes")], "true or false"),
            (&[("skep.raw-network", "true")], "skep.profile is honeysens"),
            (&[("skep.profile", "root")], "compatible, hardened"),
            (
                &[
                    ("skep.profile", "hardened"),
                    ("skep.capabilities", "SYS_ADMIN"),
                ],
                "NET_BIND_SERVICE",
            ),
            (
                &[("skep.capabilities", "CHOWN")],
                "skep.profile is hardened",
            ),
            (&[("skep.events.file", "/x")], "a log"),
            (&[("skep.ready", "0/tcp")], "22/tcp"),
            (
                &[("skep.ready", "53/udp"), ("skep.ready.send", "x")],
                "skep.ready.expect",
            ),
            (&[("skep.ready.expect", "x")], "skep.ready is there"),
            (&[("skep.limits.pids", "-1")], "a whole number"),
            (
                &[("skep.a\nb\u{202e}", "")],
                r"no label skep.a\x0ab\u{202E}",
            ),
        ] {
            let reason = read(labels)
                .err()
                .unwrap_or_else(|| panic!("taken: {labels:?}"));
            assert!(reason.contains(said), "{labels:?}: {reason}");
        }
    }
}
