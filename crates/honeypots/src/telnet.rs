//! Telnet: a login prompt, and the imitated shell behind it.

use std::{io, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Map, Value};
use skep_model::{Bytes, Direction, InteractionKind, LoginMethod, Transport, sensor::Port};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};

use crate::{
    contract::{Description, Honeypot, Level, Peer, Service, SettingsError},
    record::{Recorder, Reporter},
    settings::Settings,
    shell::{
        Mode, Shell,
        editor::{Editing, Editor, Line, Typed},
        login::{self, Login},
        terminal::Terminal,
    },
    stream::{Stream, reason},
};

mod options;
use options::{Fact, Options, escape};

/// How often one connection may try to log in.
const TRIES: u32 = 5;
/// How long a client may take to answer before it is asked for a user.
const NEGOTIATION: Duration = Duration::from_millis(200);
/// How much is read at once.
const BUFFER: usize = 4096;
/// How many facts about the client's terminal are noted.
const FACTS: u32 = 20;

/// The telnet honeypot.
#[derive(Clone, Copy, Debug)]
pub struct Telnet;

impl Honeypot for Telnet {
    fn describe(&self) -> Description {
        Description {
            name: "telnet",
            description: "A Linux server's telnet login, with a shell behind it that does nothing.",
            revision: 1,
            level: Level::Medium,
            ports: vec![Port {
                number: 23,
                transport: Transport::Tcp,
            }],
            settings: [login::banner(
                "The line before the login prompt; the personality's when empty.",
            )]
            .into_iter()
            .chain(login::settings())
            .collect(),
        }
    }

    fn configure(
        &self,
        settings: &Map<String, Value>,
        identity: &[u8; 32],
    ) -> Result<Arc<dyn Service>, SettingsError> {
        let settings = Settings::read(&self.describe(), settings)?;
        let login = Login::read(&settings, identity)?;
        let banner = match settings.text("banner") {
            "" => login.personality.telnet,
            banner => banner,
        };
        Ok(Arc::new(Server {
            banner: banner.to_owned(),
            login,
        }))
    }
}

struct Server {
    banner: String,
    login: Login,
}

#[async_trait]
impl Service for Server {
    async fn connection(&self, stream: Stream, peer: Peer, reporter: &Reporter) {
        let mut recorder = reporter.open(peer, Transport::Tcp).await;
        recorder.record(InteractionKind::Connect).await;
        let mut session = Session {
            stream,
            recorder,
            options: Options::default(),
            editor: Editor::new(Editing::Prompt, true),
            received: vec![],
            facts: FACTS,
        };
        let end = session.run(self).await;
        session.leave().await;
        let reason = match end {
            Ok(reason) => reason.to_owned(),
            Err(error) => reason(Some(&error)),
        };
        session.recorder.close(&reason).await;
    }
}

struct Session {
    stream: Stream,
    recorder: Recorder,
    options: Options,
    editor: Editor,
    /// What was received and not looked at yet, without telnet's commands.
    received: Vec<u8>,
    facts: u32,
}

impl Session {
    /// Talks until there is nothing more to say; returns why.
    async fn run(&mut self, Server { banner, login }: &Server) -> io::Result<&'static str> {
        let [first, second] = if login.personality.is_busybox() {
            options::BUSYBOX
        } else {
            options::SERVER
        };
        self.stream.write_all(first).await?;
        // telnetd negotiates before it starts the login, and hydra waits six seconds if it does not.
        let mut buffer = [0; BUFFER];
        if let Ok(length) = timeout(NEGOTIATION, self.stream.read(&mut buffer)).await {
            self.take(&buffer[..length?]).await?;
        }
        let mut before = second.to_vec();
        if !banner.is_empty() {
            before.extend(format!("{banner}\r\n").into_bytes());
        }
        for _ in 0..TRIES {
            let Some((user, password)) = self.ask(login, &before).await? else {
                return Ok("closed by the source");
            };
            let accepted = user.length == user.text.len()
                && password.length == password.text.len()
                && login.accept.accept(&user.text, &password.text);
            let length = user.length.max(password.length);
            let name = String::from_utf8_lossy(&user.text).into_owned();
            let (user, secret) = (Bytes(user.text), Bytes(password.text));
            self.recorder
                .record_part(
                    InteractionKind::Login {
                        user,
                        secret,
                        method: LoginMethod::Password,
                        accepted,
                    },
                    length,
                )
                .await;
            if accepted {
                return self
                    .shell(Shell::new(Arc::clone(&login.machine), &name, Mode::Login))
                    .await;
            }
            sleep(login.delay).await;
            before = b"\r\nLogin incorrect\r\n".to_vec();
            if self.options.is_program() {
                // hydra loses a guess at every prompt that follows a wrong one, and none when it has to connect again.
                self.stream.write_all(&before).await?;
                return Ok("wrong password");
            }
        }
        Ok("too many wrong passwords")
    }

    /// Asks for a user and a password. What stands before the prompt is sent along with it: tools look for both
    /// in what they read at once.
    async fn ask(&mut self, login: &Login, before: &[u8]) -> io::Result<Option<(Line, Line)>> {
        let prompt = format!("{} login: ", login.machine.hostname);
        self.stream
            .write_all(&[before, prompt.as_bytes()].concat())
            .await?;
        loop {
            let Some(user) = self.line(true).await? else {
                return Ok(None);
            };
            if user.length == 0 {
                self.show(prompt.as_bytes()).await?;
                continue;
            }
            self.show(b"Password: ").await?;
            return Ok(self.line(false).await?.map(|password| (user, password)));
        }
    }

    /// Reads one line at a prompt. The keys are recorded only where they differ from what they came to.
    async fn line(&mut self, echo: bool) -> io::Result<Option<Line>> {
        self.editor
            .set(Editing::Prompt, echo && self.options.echo());
        loop {
            let received = std::mem::take(&mut self.received);
            let mut rest = received.as_slice();
            let mut shown = vec![];
            let typed = self.editor.feed(&mut rest, &mut shown);
            self.received = rest.to_vec();
            self.show(&shown).await?;
            match typed {
                Some(Typed::Line(line)) => {
                    if line.pressed != line.length + 1 {
                        let kind = InteractionKind::Data {
                            direction: Direction::In,
                            bytes: line.keys.clone().into(),
                        };
                        self.recorder.record_part(kind, line.pressed).await;
                    }
                    return Ok(Some(line));
                }
                Some(Typed::Interrupt(_) | Typed::End) => {}
                None if self.receive().await? => {}
                None => return Ok(None),
            }
        }
    }

    /// Runs the shell until it ends.
    async fn shell(&mut self, shell: Shell) -> io::Result<&'static str> {
        let fresh = Editor::new(Editing::Prompt, true);
        let mut editor = std::mem::replace(&mut self.editor, fresh);
        editor.echo = self.options.echo();
        let mut terminal = Terminal::new(shell, Some(editor));
        let greeting = [b"\r\n", terminal.greet().as_slice()].concat();
        let end = self.converse(&mut terminal, &greeting).await;
        terminal.flush(&mut self.recorder).await;
        end
    }

    async fn converse(
        &mut self,
        terminal: &mut Terminal,
        greeting: &[u8],
    ) -> io::Result<&'static str> {
        self.show(greeting).await?;
        loop {
            let received = std::mem::take(&mut self.received);
            let mut rest = received.as_slice();
            while !rest.is_empty() {
                let step = terminal.feed(&mut rest, &mut self.recorder).await;
                self.show(&step.echo).await?;
                sleep(step.pause).await;
                self.show(&step.output).await?;
                if step.ended.is_some() {
                    return Ok("logged out");
                }
            }
            if !self.receive().await? {
                return Ok("closed by the source");
            }
        }
    }

    /// Waits for more bytes and answers telnet's commands in them; `false` at the stream's end.
    async fn receive(&mut self) -> io::Result<bool> {
        let mut buffer = [0; BUFFER];
        let length = self.stream.read(&mut buffer).await?;
        self.take(&buffer[..length]).await?;
        Ok(length > 0)
    }

    async fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let decoded = self.options.decode(bytes);
        self.received.extend_from_slice(&decoded.data);
        // A client may say in the middle of a line that it shows by itself what is typed.
        self.editor.echo &= self.options.echo();
        for fact in decoded.facts {
            if self.facts > 0 {
                self.facts -= 1;
                let (name, value) = match fact {
                    Fact::Size(columns, rows) => (
                        InteractionKind::TERMINAL,
                        format!("{columns}x{rows}").into_bytes(),
                    ),
                    Fact::Text(name, value) => (name, value),
                };
                self.recorder
                    .record(InteractionKind::Attribute {
                        name: name.to_owned(),
                        value: value.into(),
                    })
                    .await;
            }
        }
        self.stream.write_all(&decoded.replies).await
    }

    async fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            Ok(())
        } else {
            self.stream.write_all(&escape(bytes)).await
        }
    }

    /// Records what was typed at a prompt and never ended.
    async fn leave(&mut self) {
        let line = self.editor.unfinished();
        if line.pressed > 0 {
            let kind = InteractionKind::Data {
                direction: Direction::In,
                bytes: line.keys.into(),
            };
            self.recorder.record_part(kind, line.pressed).await;
        }
        let _ = self.stream.shutdown().await;
    }
}
