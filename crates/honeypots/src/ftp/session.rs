//! A control connection: greeting, login, then one command after the other.

use std::{io, ops::ControlFlow};

use skep_model::{Bytes, InteractionKind, LoginMethod};
use tokio::time::sleep;

use super::{Server, account::Account};
use crate::{
    contract::Peer,
    line::{Line, Lines},
    record::Recorder,
};

/// The longest command line that is followed.
const LINE: usize = 4096;
/// Wrong passwords until the connection is closed.
const TRIES: u32 = 3;

/// One control connection.
pub(super) struct Session<'a> {
    pub(super) server: &'a Server,
    pub(super) peer: Peer,
    pub(super) lines: Lines,
    pub(super) recorder: Recorder,
}

/// What follows a command: the next one, or the end and why.
pub(super) type Flow<T = ()> = ControlFlow<&'static str, T>;

pub(super) const NEXT: Flow = ControlFlow::Continue(());

impl Session<'_> {
    /// Talks until there is nothing more to say; returns why.
    pub(super) async fn run(&mut self) -> io::Result<&'static str> {
        self.reply(220, &self.server.banner).await?;
        let mut account = match self.log_in().await? {
            ControlFlow::Continue(account) => account,
            ControlFlow::Break(reason) => return Ok(reason),
        };
        self.reply(230, "Login successful.").await?;
        loop {
            let Some(line) = self.lines.next().await? else {
                return Ok("closed by the source");
            };
            line.record(&mut self.recorder).await;
            if let ControlFlow::Break(reason) = self.check(&line).await? {
                return Ok(reason);
            }
            if let ControlFlow::Break(reason) = self.follow(&mut account, &line).await? {
                return Ok(reason);
            }
        }
    }

    /// Takes commands until somebody is logged in.
    async fn log_in(&mut self) -> io::Result<Flow<Account>> {
        let mut user = vec![];
        let mut tries = 0;
        while let Some(line) = self.lines.next().await? {
            let (verb, argument) = line.split();
            if verb != b"PASS" {
                line.record(&mut self.recorder).await;
                if let ControlFlow::Break(reason) = self.check(&line).await? {
                    return Ok(ControlFlow::Break(reason));
                }
            }
            match verb.as_slice() {
                b"USER" => {
                    user = argument.to_vec();
                    self.reply(331, "Please specify the password.").await?;
                }
                b"PASS" => {
                    let account = self.password(&user, &line, argument).await;
                    if let ControlFlow::Break(reason) = self.check(&line).await? {
                        return Ok(ControlFlow::Break(reason));
                    }
                    if let Some(account) = account {
                        return Ok(ControlFlow::Continue(account));
                    }
                    if user.is_empty() {
                        self.reply(503, "Login with USER first.").await?;
                        continue;
                    }
                    sleep(self.server.delay).await;
                    self.reply(530, "Login incorrect.").await?;
                    user.clear();
                    tries += 1;
                    if tries >= TRIES {
                        return Ok(ControlFlow::Break("too many wrong passwords"));
                    }
                }
                b"QUIT" => {
                    self.reply(221, "Goodbye.").await?;
                    return Ok(ControlFlow::Break("the source said goodbye"));
                }
                b"FEAT" => self.features().await?,
                b"OPTS" => self.options(argument).await?,
                b"" if line.length == 0 => {}
                _ => self.reply(530, "Please login with USER and PASS.").await?,
            }
        }
        Ok(ControlFlow::Break("closed by the source"))
    }

    /// Records a try to log in; returns what it opens.
    async fn password(&mut self, user: &[u8], line: &Line, secret: &[u8]) -> Option<Account> {
        let machine = &self.server.machine;
        let anonymous = self.server.anonymous
            && [b"anonymous".as_slice(), b"ftp"]
                .iter()
                .any(|name| user.eq_ignore_ascii_case(name));
        let account = if line.length > LINE {
            None
        } else if anonymous {
            Some(Account::anonymous(machine))
        } else if self.server.accept.accept(user, secret) {
            Some(Account::user(machine, &String::from_utf8_lossy(user)))
        } else {
            None
        };
        let kind = InteractionKind::Login {
            user: Bytes(user.to_vec()),
            secret: Bytes(secret.to_vec()),
            method: LoginMethod::Password,
            accepted: account.is_some(),
        };
        self.recorder
            .record_part(kind, line.length_of(secret))
            .await;
        account
    }

    /// Ends the connection over a line that is too long.
    async fn check(&mut self, line: &Line) -> io::Result<Flow> {
        if line.length > LINE {
            self.reply(500, "Input line too long.").await?;
            return Ok(ControlFlow::Break("a command line was too long"));
        }
        Ok(NEXT)
    }

    /// Says one line. A byte 255 would begin a telnet command, and is written twice.
    pub(super) async fn reply(&mut self, code: u16, text: impl AsRef<[u8]>) -> io::Result<()> {
        let mut line = format!("{code} ").into_bytes();
        for &byte in text.as_ref() {
            line.extend(std::iter::repeat_n(byte, 1 + usize::from(byte == 255)));
        }
        line.extend_from_slice(b"\r\n");
        self.lines.send(&line).await
    }

    pub(super) async fn features(&mut self) -> io::Result<()> {
        self.lines
            .send(
                b"211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n211 End\r\n",
            )
            .await
    }

    pub(super) async fn options(&mut self, argument: &[u8]) -> io::Result<()> {
        if argument.eq_ignore_ascii_case(b"UTF8 ON") {
            self.reply(200, "Always in UTF8 mode.").await
        } else {
            self.reply(501, "Option not understood.").await
        }
    }
}
