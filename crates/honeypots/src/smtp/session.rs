//! A mail session: one command after the other, with Postfix's answers.

use std::io;

use skep_model::{Bytes, InteractionKind};
use tokio::io::AsyncBufReadExt;

use super::{
    Server,
    address::{self, Route},
    message::{Decoder, Header},
};
use crate::{
    content::Content,
    line::{Line, Lines},
    record::Recorder,
};

/// The longest message that is accepted, in bytes.
const SIZE: u64 = 10_240_000;
/// Recipients of one message.
const RECIPIENTS: usize = 1000;
/// How many complaints end the connection.
const ERRORS: u32 = 20;
/// How many commands that get a mail no further end the connection.
const JUNK: u32 = 100;

/// How a client greeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// `HELO`
    Plain,
    /// `EHLO`
    Extended,
}

/// One connection.
pub(super) struct Session<'a> {
    pub(super) server: &'a Server,
    pub(super) lines: Lines,
    pub(super) recorder: Recorder,
    pub(super) greeting: Option<Greeting>,
    pub(super) authenticated: bool,
    sender: Option<Vec<u8>>,
    recipients: Vec<Vec<u8>>,
    refused: bool,
    errors: u32,
    junk: u32,
}

impl<'a> Session<'a> {
    pub(super) fn new(server: &'a Server, lines: Lines, recorder: Recorder) -> Self {
        Self {
            server,
            lines,
            recorder,
            greeting: None,
            authenticated: false,
            sender: None,
            recipients: vec![],
            refused: false,
            errors: 0,
            junk: 0,
        }
    }

    /// Whether a mail has begun.
    pub(super) fn in_transaction(&self) -> bool {
        self.sender.is_some()
    }

    /// Talks until there is nothing more to say; returns why.
    pub(super) async fn run(&mut self) -> io::Result<&'static str> {
        let Server {
            hostname, banner, ..
        } = self.server;
        self.reply(format!("220 {hostname} {banner}")).await?;
        while let Some(line) = self.lines.next().await? {
            line.record(&mut self.recorder).await;
            if let Some(reason) = self.follow(&line).await? {
                return Ok(reason);
            }
            if self.errors >= ERRORS || self.junk > JUNK {
                self.reply(format!("421 4.7.0 {hostname} Error: too many errors"))
                    .await?;
                return Ok("too many errors");
            }
        }
        Ok("closed by the source")
    }

    /// Follows a command; returns why the connection ends, if it does.
    async fn follow(&mut self, line: &Line) -> io::Result<Option<&'static str>> {
        let (verb, argument) = line.split();
        let argument = argument.trim_ascii();
        self.junk += u32::from(!matches!(
            verb.as_slice(),
            b"EHLO" | b"HELO" | b"MAIL" | b"RCPT" | b"DATA" | b"QUIT"
        ));
        match verb.as_slice() {
            b"EHLO" => self.greet(argument, Greeting::Extended).await?,
            b"HELO" => self.greet(argument, Greeting::Plain).await?,
            b"AUTH" => {
                if !self.authenticate(argument).await? {
                    return Ok(Some("closed by the source"));
                }
            }
            b"MAIL" => self.mail(argument).await?,
            b"RCPT" => self.recipient(argument).await?,
            b"DATA" => {
                if !self.data(argument).await? {
                    return Ok(Some("closed by the source"));
                }
            }
            b"RSET" if argument.is_empty() => {
                self.reset();
                self.reply("250 2.0.0 Ok").await?;
            }
            b"RSET" => self.reply("501 5.5.4 Syntax: RSET").await?,
            b"NOOP" => self.reply("250 2.0.0 Ok").await?,
            b"VRFY" => self.verify(argument).await?,
            b"ETRN" => self.turn(argument).await?,
            b"BDAT" | b"STARTTLS" => {
                self.reply("502 5.5.1 Error: command not implemented")
                    .await?;
            }
            b"QUIT" => {
                self.reply("221 2.0.0 Bye").await?;
                return Ok(Some("the source said goodbye"));
            }
            b"GET" | b"POST" | b"CONNECT" => {
                self.reply("221 2.7.0 Error: I can break rules, too. Goodbye.")
                    .await?;
                return Ok(Some("the source spoke HTTP"));
            }
            b"" => self.reply("500 5.5.2 Error: bad syntax").await?,
            _ => {
                self.reply("502 5.5.2 Error: command not recognized")
                    .await?;
            }
        }
        Ok(None)
    }

    async fn greet(&mut self, name: &[u8], greeting: Greeting) -> io::Result<()> {
        let hostname = &self.server.hostname;
        if name.is_empty() {
            let verb = match greeting {
                Greeting::Plain => "HELO",
                Greeting::Extended => "EHLO",
            };
            return self.reply(format!("501 Syntax: {verb} hostname")).await;
        }
        self.reset();
        self.greeting = Some(greeting);
        if greeting == Greeting::Plain {
            return self.reply(format!("250 {hostname}")).await;
        }
        self.reply(format!(
            "250-{hostname}\r\n250-PIPELINING\r\n250-SIZE {SIZE}\r\n250-VRFY\r\n250-ETRN\r\n\
             250-AUTH PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8"
        ))
        .await
    }

    async fn mail(&mut self, argument: &[u8]) -> io::Result<()> {
        if self.in_transaction() {
            return self.reply("503 5.5.1 Error: nested MAIL command").await;
        }
        let Some(envelope) = address::parse(argument, b"FROM") else {
            return self.reply("501 5.5.4 Syntax: MAIL FROM:<address>").await;
        };
        if !envelope.address.is_empty() && !address::is_address(envelope.address) {
            return self.reply("501 5.1.7 Bad sender address syntax").await;
        }
        for parameter in &envelope.parameters {
            let upper = parameter.to_ascii_uppercase();
            let known = match upper.split(|b| *b == b'=').next() {
                Some(b"SIZE") => {
                    if too_large(&upper) {
                        return self
                            .reply("552 5.3.4 Message size exceeds fixed limit")
                            .await;
                    }
                    true
                }
                Some(b"BODY" | b"AUTH" | b"RET" | b"ENVID" | b"SMTPUTF8") => {
                    self.greeting == Some(Greeting::Extended)
                }
                _ => false,
            };
            if !known {
                return self
                    .reply_about("555 5.5.4 Unsupported option: ", parameter, "")
                    .await;
            }
        }
        self.sender = Some(envelope.address.to_vec());
        self.reply("250 2.1.0 Ok").await
    }

    async fn recipient(&mut self, argument: &[u8]) -> io::Result<()> {
        if !self.in_transaction() {
            return self.reply("503 5.5.1 Error: need MAIL command").await;
        }
        let Some(envelope) = address::parse(argument, b"TO") else {
            return self.reply("501 5.5.4 Syntax: RCPT TO:<address>").await;
        };
        let address = envelope.address;
        if !address::is_address(address) {
            return self.reply("501 5.1.3 Bad recipient address syntax").await;
        }
        if self.recipients.len() >= RECIPIENTS {
            return self.reply("452 4.5.3 Error: too many recipients").await;
        }
        if !self.takes(address).await? {
            self.refused = true;
            return Ok(());
        }
        self.recipients.push(address.to_vec());
        self.reply("250 2.1.5 Ok").await
    }

    /// Whether mail to that address is taken; says why not.
    async fn takes(&mut self, address: &[u8]) -> io::Result<bool> {
        let route = address::route(address, &self.server.hostname);
        if self.server.open || route == Route::Here {
            return Ok(true);
        }
        if route == Route::Nobody {
            let why = ">: Recipient address rejected: User unknown in local recipient table";
            self.reply_about("550 5.1.1 <", address, why).await?;
            return Ok(false);
        }
        if !self.authenticated {
            self.reply_about("554 5.7.1 <", address, ">: Relay access denied")
                .await?;
        }
        Ok(self.authenticated)
    }

    async fn verify(&mut self, argument: &[u8]) -> io::Result<()> {
        if argument.is_empty() {
            return self.reply("501 5.5.4 Syntax: VRFY address").await;
        }
        let inside = argument
            .strip_prefix(b"<")
            .and_then(|rest| rest.strip_suffix(b">"));
        let address = inside.unwrap_or(argument);
        if !address::is_address(address) {
            return self.reply("501 5.1.3 Bad recipient address syntax").await;
        }
        if self.takes(address).await? {
            self.reply_about("252 2.0.0 ", address, "").await?;
        }
        Ok(())
    }

    async fn turn(&mut self, domain: &[u8]) -> io::Result<()> {
        if self.greeting.is_none() {
            self.reply("503 Error: send HELO/EHLO first").await
        } else if self.in_transaction() {
            self.reply("503 Error: MAIL transaction in progress").await
        } else if domain.is_empty() {
            self.reply("500 Syntax: ETRN domain").await
        } else {
            self.reply_about("459 <", domain, ">: service unavailable")
                .await
        }
    }

    /// Takes a message; `false` when the connection ended in it.
    async fn data(&mut self, argument: &[u8]) -> io::Result<bool> {
        let problem = if self.recipients.is_empty() && self.refused {
            "554 5.5.1 Error: no valid recipients"
        } else if self.recipients.is_empty() {
            "503 5.5.1 Error: need RCPT command"
        } else if !argument.is_empty() {
            "501 5.5.4 Syntax: DATA"
        } else {
            ""
        };
        if !problem.is_empty() {
            self.reply(problem).await?;
            return Ok(true);
        }
        let sender = self.sender.take().unwrap_or_default();
        self.note("mail_from", sender).await;
        for recipient in std::mem::take(&mut self.recipients) {
            self.note("rcpt_to", recipient).await;
        }
        self.reset();
        self.reply("354 End data with <CR><LF>.<CR><LF>").await?;
        let mut content = Content::default();
        let mut header = Header::default();
        let end = self.message(&mut content, &mut header).await;
        content.end(&mut self.recorder).await;
        if let Some(subject) = header.subject() {
            self.note(InteractionKind::SUBJECT, subject).await;
        }
        if !end? {
            return Ok(false);
        }
        if content.size > SIZE {
            self.reply("552 5.3.4 Error: message file too big").await?;
        } else {
            let id = fastrand::u64(0x10_0000_0000..=0xFF_FFFF_FFFF);
            self.reply(format!("250 2.0.0 Ok: queued as {id:X}"))
                .await?;
        }
        Ok(true)
    }

    /// Receives a message up to its end; `false` when the connection ended before.
    async fn message(&mut self, content: &mut Content, header: &mut Header) -> io::Result<bool> {
        let mut decoder = Decoder::default();
        while decoder != Decoder::End {
            let received = self.lines.stream.fill_buf().await?;
            if received.is_empty() {
                return Ok(false);
            }
            let mut bytes = Vec::with_capacity(received.len());
            let used = decoder.decode(received, &mut bytes);
            self.lines.stream.consume(used);
            header.add(&bytes);
            content.add(&bytes, &mut self.recorder).await;
        }
        Ok(true)
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
        self.refused = false;
    }

    async fn note(&mut self, name: &str, value: Vec<u8>) {
        let kind = InteractionKind::Attribute {
            name: name.to_owned(),
            value: Bytes(value),
        };
        self.recorder.record(kind).await;
    }

    /// Says a line, and counts it if it is a complaint.
    pub(super) async fn reply(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        self.reply_about(line.as_ref(), b"", "").await
    }

    /// Says a line with the client's own words in it, those that can be printed.
    async fn reply_about(&mut self, before: &str, words: &[u8], after: &str) -> io::Result<()> {
        self.errors += u32::from(before.starts_with(['4', '5']));
        let words = words.iter().take(512);
        let words = words.map(|b| if matches!(b, b' '..=b'~') { *b } else { b'?' });
        let line: Vec<u8> = before
            .bytes()
            .chain(words)
            .chain(after.bytes())
            .chain(*b"\r\n")
            .collect();
        self.lines.send(&line).await
    }
}

/// Whether `SIZE=…` is more than is accepted.
fn too_large(parameter: &[u8]) -> bool {
    let digits = parameter.iter().skip(b"SIZE=".len()).take(19);
    let size = digits.fold(0_u64, |size, digit| {
        size.saturating_mul(10)
            .saturating_add(u64::from(digit.wrapping_sub(b'0').min(9)))
    });
    size > SIZE
}
