//! What goes on in one connection: logins, and the shells and commands in its channels.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use russh::{
    ChannelId, Disconnect, Error,
    server::{Handle, RunningSession},
};
use skep_model::{Direction, InteractionKind, limits};
use tokio::{sync::mpsc, time::sleep};

use super::{
    TRIES,
    handler::{Handler, Message},
    scp,
    sftp::Sftp,
    transfer::Transfer,
};
use crate::{
    record::Recorder,
    shell::{
        INPUT, Machine, Mode, Shell,
        editor::{Editing, Editor},
        terminal::{Step, Terminal, carriage_returns, record_out, record_urls},
    },
};

mod send;

/// The most attributes of one connection that are noted.
const ATTRIBUTES: u32 = 100;

/// One connection.
pub(super) struct Session {
    recorder: Recorder,
    handle: Handle,
    messages: mpsc::Receiver<Message>,
    /// Messages that came while the client was sent something.
    waiting: VecDeque<Message>,
    waiting_bytes: usize,
    machine: Arc<Machine>,
    /// The shell in which commands without a terminal run; there once somebody is logged in. It keeps the files,
    /// which all programs of the connection share, while none of them runs.
    shell: Option<Shell>,
    channels: HashMap<ChannelId, Program>,
    /// Channels with a terminal.
    terminals: Vec<ChannelId>,
    failures: u32,
    attributes: u32,
}

/// What runs in a channel.
enum Program {
    Shell(Box<Terminal>),
    /// A command that reads its input to the end first.
    Command {
        line: Vec<u8>,
        input: Vec<u8>,
    },
    Transfer(Box<dyn Transfer>),
}

impl Session {
    pub(super) fn new(
        recorder: Recorder,
        handle: Handle,
        messages: mpsc::Receiver<Message>,
        machine: Arc<Machine>,
    ) -> Self {
        Self {
            recorder,
            handle,
            messages,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            machine,
            shell: None,
            channels: HashMap::new(),
            terminals: vec![],
            failures: 0,
            attributes: ATTRIBUTES,
        }
    }

    /// Follows the connection to its end; returns why it ended.
    pub(super) async fn run(
        &mut self,
        mut running: RunningSession<Handler>,
    ) -> Result<&'static str, Error> {
        let mut ended = None;
        loop {
            let message = match self.waiting.pop_front() {
                Some(message) => {
                    self.waiting_bytes -= size(&message);
                    message
                }
                None if ended.is_some() => match self.messages.try_recv() {
                    Ok(message) => message,
                    Err(_) => break,
                },
                None => tokio::select! {
                    Some(message) = self.messages.recv() => message,
                    result = &mut running => {
                        ended = Some(result);
                        continue;
                    }
                },
            };
            self.take(message).await?;
        }
        match ended {
            Some(Err(error)) => Err(error),
            _ if self.failures >= TRIES => Ok("too many wrong passwords"),
            _ => Ok("closed by the source"),
        }
    }

    /// Records what is not recorded yet and lets go of the recorder.
    pub(super) async fn leave(mut self) -> Recorder {
        for (_, program) in self.channels.drain() {
            match program {
                Program::Shell(mut terminal) => terminal.flush(&mut self.recorder).await,
                Program::Command { input, .. } => record_in(&mut self.recorder, &input).await,
                Program::Transfer(mut transfer) => {
                    for deed in transfer.end() {
                        deed.record(&mut self.recorder).await;
                    }
                }
            }
        }
        self.recorder
    }

    async fn take(&mut self, message: Message) -> Result<(), Error> {
        match message {
            Message::Login {
                user,
                secret,
                method,
                accepted,
            } => {
                if accepted {
                    let name = String::from_utf8_lossy(&user).into_owned();
                    self.shell = Some(Shell::new(Arc::clone(&self.machine), &name, Mode::Command));
                } else {
                    self.failures += 1;
                }
                let kind = InteractionKind::Login {
                    user: user.into(),
                    secret: secret.into(),
                    method,
                    accepted,
                };
                self.recorder.record(kind).await;
                if self.failures >= TRIES {
                    let text = "Too many authentication failures".to_owned();
                    let _ = self
                        .handle
                        .disconnect(Disconnect::NoMoreAuthMethodsAvailable, text, String::new())
                        .await;
                }
            }
            Message::Terminal {
                channel,
                columns,
                rows,
            } => {
                if !self.terminals.contains(&channel) && self.terminals.len() < 64 {
                    self.terminals.push(channel);
                }
                self.note(
                    InteractionKind::TERMINAL,
                    format!("{columns}x{rows}").into_bytes(),
                )
                .await;
            }
            Message::Attribute { name, value } => self.note(name, value).await,
            Message::Shell { channel } => {
                if let Some(shell) = &self.shell {
                    let tty = self.terminals.contains(&channel);
                    let editor = tty.then(|| Editor::new(Editing::Shell, true));
                    let mut terminal = Terminal::new(shell.restarted(Mode::Login), editor);
                    let greeting = terminal.greet();
                    self.channels
                        .insert(channel, Program::Shell(Box::new(terminal)));
                    self.send(channel, greeting).await?;
                }
            }
            Message::Command { channel, line } => {
                self.recorder
                    .record(InteractionKind::Command {
                        line: line.clone().into(),
                        protocol: false,
                    })
                    .await;
                let Some(shell) = &mut self.shell else {
                    return Ok(());
                };
                if let Some(transfer) = scp::start(&shell.words(&line), shell.home()) {
                    self.channels.insert(channel, Program::Transfer(transfer));
                    self.transfer(channel).await?;
                } else if Shell::reads(&line).is_some() {
                    self.channels.insert(
                        channel,
                        Program::Command {
                            line,
                            input: vec![],
                        },
                    );
                } else {
                    self.execute(channel, &line, &[]).await?;
                }
            }
            Message::Sftp { channel } => {
                if let Some(shell) = &self.shell {
                    let sftp = Box::new(Sftp::new(shell.home()));
                    self.channels.insert(channel, Program::Transfer(sftp));
                }
            }
            Message::Data { channel, bytes } => self.data(channel, &bytes).await?,
            Message::End { channel } => self.end(channel).await?,
            Message::Close { channel } => {
                self.terminals.retain(|terminal| *terminal != channel);
                self.end(channel).await?;
            }
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, bytes: &[u8]) -> Result<(), Error> {
        match self.channels.remove(&channel) {
            None => {}
            Some(Program::Command { line, mut input }) => {
                // What is beyond is recorded in any case, as far as the event has room.
                if input.len() + bytes.len() > INPUT {
                    record_in(&mut self.recorder, &input).await;
                    input.clear();
                }
                input.extend_from_slice(bytes);
                self.channels
                    .insert(channel, Program::Command { line, input });
            }
            Some(Program::Transfer(mut transfer)) => {
                transfer.receive(bytes);
                self.channels.insert(channel, Program::Transfer(transfer));
                self.transfer(channel).await?;
            }
            Some(Program::Shell(mut terminal)) => {
                let mut rest = bytes;
                let mut ended = None;
                while !rest.is_empty() && ended.is_none() {
                    let step = self.feed(&mut terminal, &mut rest).await;
                    let sent = async {
                        self.send(channel, step.echo).await?;
                        sleep(step.pause).await;
                        self.send(channel, step.output).await
                    };
                    if let Err(error) = sent.await {
                        terminal.flush(&mut self.recorder).await;
                        return Err(error);
                    }
                    ended = step.ended;
                }
                match ended {
                    Some(status) => self.exit(channel, status).await?,
                    None => drop(self.channels.insert(channel, Program::Shell(terminal))),
                }
            }
        }
        Ok(())
    }

    /// Follows the end of a channel's input.
    async fn end(&mut self, channel: ChannelId) -> Result<(), Error> {
        match self.channels.remove(&channel) {
            None => Ok(()),
            Some(Program::Command { line, input }) => {
                record_in(&mut self.recorder, &input).await;
                self.execute(channel, &line, &input).await
            }
            Some(Program::Transfer(mut transfer)) => {
                let deeds = transfer.end();
                self.perform(channel, deeds).await.map(drop)
            }
            Some(Program::Shell(mut terminal)) => {
                // A last line need not be ended.
                let step = self.feed(&mut terminal, &mut b"\n".as_slice()).await;
                terminal.flush(&mut self.recorder).await;
                self.send(channel, step.output).await?;
                self.exit(channel, step.ended.unwrap_or(0)).await
            }
        }
    }

    /// Lets a terminal take bytes, with the files of the connection.
    async fn feed(&mut self, terminal: &mut Terminal, bytes: &mut &[u8]) -> Step {
        if let Some(shell) = &mut self.shell {
            terminal.swap_files(shell);
        }
        let step = terminal.feed(bytes, &mut self.recorder).await;
        if let Some(shell) = &mut self.shell {
            terminal.swap_files(shell);
        }
        step
    }

    /// Runs one command, which is already recorded.
    async fn execute(
        &mut self,
        channel: ChannelId,
        line: &[u8],
        input: &[u8],
    ) -> Result<(), Error> {
        let Some(shell) = &mut self.shell else {
            return Ok(());
        };
        shell.restart(Mode::Command);
        let outcome = shell.run_with(line, input);
        let tty = self.terminals.contains(&channel);
        let output = if tty {
            carriage_returns(&outcome.output)
        } else {
            outcome.output
        };
        record_urls(&mut self.recorder, &outcome.urls).await;
        record_out(&mut self.recorder, &output).await;
        sleep(outcome.pause).await;
        self.send(channel, output).await?;
        self.exit(channel, outcome.status).await
    }

    async fn note(&mut self, name: &str, value: Vec<u8>) {
        if self.attributes > 0 {
            self.attributes -= 1;
            self.recorder
                .record(InteractionKind::Attribute {
                    name: name.to_owned(),
                    value: value.into(),
                })
                .await;
        }
    }
}

/// What a message takes up.
fn size(message: &Message) -> usize {
    64 + match message {
        Message::Data { bytes, .. } => bytes.len(),
        Message::Command { line, .. } => line.len(),
        Message::Login { user, secret, .. } => user.len() + secret.len(),
        Message::Attribute { value, .. } => value.len(),
        Message::Terminal { .. }
        | Message::Shell { .. }
        | Message::Sftp { .. }
        | Message::End { .. }
        | Message::Close { .. } => 0,
    }
}

/// Records what was sent to a command.
async fn record_in(recorder: &mut Recorder, bytes: &[u8]) {
    for piece in bytes.chunks(limits::VALUE) {
        recorder
            .record(InteractionKind::Data {
                direction: Direction::In,
                bytes: piece.into(),
            })
            .await;
    }
}
