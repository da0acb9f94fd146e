//! What an event comes to: counts from which its summary, class and severity follow.

use serde::{Deserialize, Serialize};

use crate::{Bytes, Classification, Direction, InteractionKind, Severity, Transport, raw};

/// The longest subject, in bytes: what a row of a list can show.
pub const SUBJECT: usize = 200;

/// What stands between the ports of a scan.
const SEPARATOR: &[u8] = b", ";
/// What stands after them when there are more.
const MORE: &[u8] = ", …".as_bytes();

/// Counts over the interactions of an event. It is fed step by step, so that a growing event never has to be
/// read again, and it is kept with the event, so that a list needs nothing else to describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// All interactions.
    pub interactions: u32,
    /// Tries to log in.
    pub logins: u32,
    /// Those that were let in.
    pub accepted: u32,
    /// Commands of a shell, also in the header of a request.
    pub commands: u32,
    /// Requests, and commands of a protocol.
    pub requests: u32,
    /// Files left here or sent in a request, and addresses to fetch from.
    pub files: u32,
    /// Ports knocked at.
    pub probes: u32,
    /// Bytes from the source.
    pub bytes_in: u64,
    /// The most telling thing that the source said: the credentials that were let in, else the last ones, else
    /// the last command (but no farewell), mail's subject, request or payload; the ports of a scan. Shown after
    /// the words.
    pub subject: Bytes,
}

/// The words of a summary; the browser says them in the reader's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Headline {
    /// Somebody got in.
    LoginAccepted,
    /// Somebody tried to.
    LoginTried,
    /// Commands without a log-in.
    Commands,
    /// Requests.
    Requests,
    /// Several ports.
    Scan,
    /// Bytes that the honeypot has no name for.
    Payload,
    /// Only a connection.
    Connection,
}

impl Digest {
    /// Counts one more interaction.
    pub fn add(&mut self, kind: &InteractionKind) {
        self.interactions = self.interactions.saturating_add(1);
        match kind {
            InteractionKind::Login {
                user,
                secret,
                accepted,
                ..
            } => {
                self.logins = self.logins.saturating_add(1);
                if *accepted || self.accepted == 0 {
                    let between = b" / ".as_slice();
                    let half = (SUBJECT - between.len()) / 2;
                    let (user, secret) = (raw::cut(&user.0, half), raw::cut(&secret.0, half));
                    self.subject = Bytes([user, between, secret].concat());
                }
                self.accepted = self.accepted.saturating_add(u32::from(*accepted));
            }
            InteractionKind::Command { line, protocol } => {
                let count = if *protocol {
                    &mut self.requests
                } else {
                    &mut self.commands
                };
                *count = count.saturating_add(1);
                let telling = self.subject.0.is_empty() || !is_farewell(&line.0);
                if self.logins == 0 && telling {
                    self.describe(&line.0);
                }
            }
            InteractionKind::Attribute { name, value }
                if name == InteractionKind::SUBJECT && self.logins == 0 =>
            {
                self.describe(&value.0);
            }
            InteractionKind::Request {
                method,
                path,
                headers,
                body,
            } => {
                self.requests = self.requests.saturating_add(1);
                let code = headers.iter().find(|(_, value)| is_shell_code(&value.0));
                self.commands = self.commands.saturating_add(u32::from(code.is_some()));
                let upload = is_upload(&method.0, headers, &body.0);
                self.files = self.files.saturating_add(u32::from(upload));
                match code {
                    _ if self.logins > 0 => {}
                    Some((_, code)) => self.describe(&code.0),
                    None if self.commands > 0 => {}
                    None => self.describe(&[method.as_ref(), b" ", path.as_ref()].concat()),
                }
            }
            InteractionKind::File { .. } => self.files = self.files.saturating_add(1),
            InteractionKind::Attribute { name, .. } if name == InteractionKind::URL => {
                self.files = self.files.saturating_add(1);
            }
            InteractionKind::Probe {
                port,
                transport,
                payload,
                repeated,
                ..
            } => {
                self.bytes_in += payload.0.len() as u64;
                if !repeated {
                    self.probes = self.probes.saturating_add(1);
                    self.name_port(*port, *transport);
                }
                if self.probes == 1 && !payload.0.is_empty() && !self.subject.0.contains(&b':') {
                    let subject = [self.subject.0.as_slice(), b": ", &payload.0].concat();
                    self.describe(&subject);
                }
            }
            InteractionKind::Data {
                direction: Direction::In,
                bytes,
            } => {
                self.bytes_in += bytes.0.len() as u64;
                if self.logins + self.commands + self.requests == 0 && self.subject.0.is_empty() {
                    self.describe(&bytes.0);
                }
            }
            InteractionKind::Banner { text } if self.subject.0.is_empty() => self.describe(&text.0),
            _ => {}
        }
    }

    /// Adds a port to those that the subject names. What the first one was sent stands behind it only as long as
    /// it is the only one.
    fn name_port(&mut self, port: u16, transport: Transport) {
        let name = match transport {
            Transport::Tcp => port.to_string(),
            other => format!("{port}/{other}"),
        };
        let subject = &mut self.subject.0;
        if self.probes == 2 {
            let first = subject.iter().position(|byte| *byte == b':');
            subject.truncate(first.unwrap_or(subject.len()));
        }
        if subject.is_empty() {
            subject.extend_from_slice(name.as_bytes());
        } else if subject.len() + SEPARATOR.len() + name.len() + MORE.len() <= SUBJECT {
            subject.extend_from_slice(SEPARATOR);
            subject.extend_from_slice(name.as_bytes());
        } else if !subject.ends_with(MORE) {
            subject.extend_from_slice(MORE);
        }
    }

    fn describe(&mut self, bytes: &[u8]) {
        self.subject = Bytes(raw::cut(bytes, SUBJECT).to_vec());
    }

    /// Which words describe the event.
    #[must_use]
    pub fn headline(&self) -> Headline {
        if self.accepted > 0 {
            Headline::LoginAccepted
        } else if self.logins > 0 {
            Headline::LoginTried
        } else if self.commands > 0 {
            Headline::Commands
        } else if self.requests > 0 {
            Headline::Requests
        } else if self.probes > 1 {
            Headline::Scan
        } else if self.bytes_in > 0 {
            Headline::Payload
        } else {
            Headline::Connection
        }
    }

    /// What kind of touch it was so far.
    #[must_use]
    pub fn classification(&self) -> Classification {
        match self.headline() {
            Headline::Scan => Classification::Scan,
            Headline::Connection => Classification::Connection,
            Headline::Payload if self.probes > 0 => Classification::Connection,
            _ => Classification::Honeypot,
        }
    }

    /// How much it matters so far. It only ever rises while an event grows.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.headline() {
            Headline::LoginAccepted if self.commands > 0 || self.files > 0 => Severity::Critical,
            Headline::LoginAccepted => Severity::High,
            Headline::LoginTried if self.logins >= 10 => Severity::High,
            _ if self.files > 0 => Severity::High,
            Headline::Commands => Severity::High,
            Headline::LoginTried | Headline::Requests | Headline::Scan => Severity::Medium,
            Headline::Payload | Headline::Connection => Severity::Low,
        }
    }

    /// The summary in plain English, for the API, mails and logs.
    #[must_use]
    pub fn summary(&self) -> String {
        let many = |n: u32, one: &str| {
            if n == 1 {
                format!("1 {one}")
            } else {
                format!("{n} {one}s")
            }
        };
        let subject = self.subject.visible();
        let mut text = match self.headline() {
            Headline::LoginAccepted => format!("Login accepted: {subject}"),
            Headline::LoginTried => format!("{} tried: {subject}", many(self.logins, "login")),
            Headline::Commands => format!("{}: {subject}", many(self.commands, "command")),
            Headline::Requests => format!("{}: {subject}", many(self.requests, "request")),
            Headline::Scan => format!("{} scanned: {subject}", many(self.probes, "port")),
            Headline::Payload => format!("{} bytes: {subject}", self.bytes_in),
            Headline::Connection if subject.is_empty() => "Connection without data".to_owned(),
            Headline::Connection if self.probes > 0 => {
                format!("Connection without data: {subject}")
            }
            Headline::Connection => format!("Connection: {subject}"),
        };
        if self.accepted > 0 && self.commands > 0 {
            text = format!("{text}, {}", many(self.commands, "command"));
        }
        if self.accepted > 0 && self.requests > 0 {
            text = format!("{text}, {}", many(self.requests, "request"));
        }
        if self.files > 0 {
            let files = if self.files == 1 {
                "1 file or URL".to_owned()
            } else {
                format!("{} files or URLs", self.files)
            };
            text = format!("{text}, {files}");
        }
        text
    }
}

/// Whether a header field's value is code that a shell would run ("Shellshock").
fn is_shell_code(value: &[u8]) -> bool {
    value.trim_ascii_start().starts_with(b"() {")
}

/// Whether a request is to leave a file, as `PUT` and forms do.
fn is_upload(method: &[u8], headers: &[(Bytes, Bytes)], body: &[u8]) -> bool {
    let is_form = headers.iter().any(|(name, value)| {
        name.0.eq_ignore_ascii_case(b"content-type") && value.0.starts_with(b"multipart/form-data")
    });
    let names_file = || body.windows(9).any(|window| window == b"filename=");
    !body.is_empty() && (method == b"PUT" || is_form && names_file())
}

/// Whether a command only ends a conversation: it says nothing about what was done before.
fn is_farewell(line: &[u8]) -> bool {
    [b"quit".as_slice(), b"exit", b"logout"]
        .iter()
        .any(|word| line.trim_ascii().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
