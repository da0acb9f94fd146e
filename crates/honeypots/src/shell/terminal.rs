//! A shell with somebody in front of it: takes what is typed, records it, and says what to show.

use std::time::Duration;

use skep_model::{Bytes, Direction, InteractionKind, limits};

use super::{
    INPUT, Outcome, Shell,
    commands::programs,
    editor::{Editing, Editor, Line, Typed},
    reads::Reads,
};
use crate::record::Recorder;

/// A shell with a line editor, which records as a session should be recorded: a command at once, what went over
/// the wire in pieces.
pub(crate) struct Terminal {
    shell: Shell,
    editor: Editor,
    /// Whether there is a terminal at the other end, rather than a program.
    tty: bool,
    /// What was typed and shown since it was last recorded.
    typed: Vec<u8>,
    pressed: usize,
    shown: Vec<u8>,
    /// Lines that go on with the next one.
    unfinished: Vec<u8>,
    /// A line that is at work and reads what is typed.
    reading: Option<Reading>,
    /// Whether what was shown is to be recorded now.
    due: bool,
}

/// A line that reads what is typed, and what it has read.
struct Reading {
    line: Vec<u8>,
    reads: Reads,
    input: Vec<u8>,
}

/// What to do after something was typed.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// What to show at once.
    pub(crate) echo: Vec<u8>,
    /// How long to wait then.
    pub(crate) pause: Duration,
    /// What to show after that.
    pub(crate) output: Vec<u8>,
    /// The exit status, once the shell has ended.
    pub(crate) ended: Option<u8>,
}

impl Terminal {
    /// A terminal goes on with the editor of the login before it; without one there is only a program that
    /// sends lines.
    pub(crate) fn new(shell: Shell, editor: Option<Editor>) -> Self {
        let tty = editor.is_some();
        let mut editor = editor.unwrap_or_else(|| Editor::new(Editing::None, false));
        if tty {
            editor.set(Editing::Shell, editor.echo);
        }
        Self {
            shell,
            editor,
            tty,
            typed: vec![],
            pressed: 0,
            shown: vec![],
            unfinished: vec![],
            reading: None,
            due: false,
        }
    }

    /// Takes another shell's files, and gives its own for them.
    pub(crate) fn swap_files(&mut self, other: &mut Shell) {
        self.shell.swap_files(other);
    }

    /// What is shown first.
    pub(crate) fn greet(&mut self) -> Vec<u8> {
        if !self.tty {
            return vec![];
        }
        let mut greeting = carriage_returns(self.shell.greeting().as_bytes());
        greeting.extend(self.shell.prompt());
        self.shown.extend_from_slice(&greeting);
        greeting
    }

    /// Takes bytes until there is something to do; what is left of `input` is for the next call.
    pub(crate) async fn feed(&mut self, input: &mut &[u8], recorder: &mut Recorder) -> Step {
        let mut step = Step::default();
        let typed = self.editor.feed(input, &mut step.echo);
        self.shown.extend_from_slice(&step.echo);
        match typed {
            None => {}
            Some(Typed::Line(line)) => match self.reading.take() {
                Some(reading) => self.read(reading, &line, &mut step, recorder).await,
                None => self.enter(line, &mut step, recorder).await,
            },
            Some(Typed::Interrupt(line)) => {
                self.keep(&line);
                self.unfinished.clear();
                self.reading = None;
                step.output = self.shell.prompt();
            }
            Some(Typed::End) => match self.reading.take() {
                Some(reading) => self.end_of_input(reading, &mut step, recorder).await,
                None => match self.shell.leave() {
                    Some(word) => {
                        step.output = carriage_returns(word);
                        step.output.extend(self.shell.prompt());
                    }
                    None => step.ended = Some(0),
                },
            },
        }
        if let (Some(_), true) = (step.ended, self.tty) {
            step.output.extend_from_slice(b"logout\r\n");
        }
        self.shown.extend_from_slice(&step.output);
        if step.ended.is_some() || self.typed.len() >= limits::VALUE {
            self.flush(recorder).await;
        } else if std::mem::take(&mut self.due) || self.shown.len() >= limits::VALUE {
            self.record_shown(recorder).await;
        }
        if self.tty {
            let editing = match self.reading {
                Some(_) => Editing::Input,
                None => Editing::Shell,
            };
            self.editor.set(editing, self.editor.echo);
        }
        step
    }

    /// Runs a line. It is recorded before anything comes of it.
    async fn enter(&mut self, line: Line, step: &mut Step, recorder: &mut Recorder) {
        self.keep(&line);
        let blank = line.text.trim_ascii().is_empty();
        if !blank {
            self.record_typed(recorder).await;
            recorder
                .record_part(
                    InteractionKind::Command {
                        line: line.text.clone().into(),
                        protocol: false,
                    },
                    line.length,
                )
                .await;
        }
        self.unfinished.extend_from_slice(&line.text);
        if Shell::is_unfinished(&self.unfinished) {
            self.unfinished.push(b'\n');
            if self.tty {
                step.output = b"> ".to_vec();
            }
            return;
        }
        let text = std::mem::take(&mut self.unfinished);
        match Shell::reads(&text) {
            Some(reads @ (Reads::Line | Reads::All | Reads::Code)) if self.tty => {
                if reads == Reads::Code {
                    step.output = carriage_returns(programs::greeting(&self.shell).as_bytes());
                    step.output.extend_from_slice(programs::PROMPT);
                }
                self.reading = Some(Reading {
                    line: text,
                    reads,
                    input: vec![],
                });
            }
            _ => self.run(&text, b"", step, recorder).await,
        }
        self.due |= !blank;
    }

    /// Adds a line to what the line at work reads.
    async fn read(
        &mut self,
        mut reading: Reading,
        line: &Line,
        step: &mut Step,
        recorder: &mut Recorder,
    ) {
        self.keep(line);
        let room = INPUT.saturating_sub(reading.input.len() + 1);
        reading
            .input
            .extend_from_slice(&line.text[..line.text.len().min(room)]);
        reading.input.push(b'\n');
        let is_last = match reading.reads {
            Reads::Line => true,
            Reads::Code => matches!(line.text.trim_ascii(), b"exit()" | b"quit()"),
            Reads::All | Reads::Prompt => false,
        };
        if is_last {
            self.end_of_input(reading, step, recorder).await;
            return;
        }
        if reading.reads == Reads::Code {
            step.output = programs::PROMPT.to_vec();
        }
        self.reading = Some(reading);
    }

    /// Runs a line that has read all it wants. What it read is recorded before anything comes of it.
    async fn end_of_input(&mut self, reading: Reading, step: &mut Step, recorder: &mut Recorder) {
        self.record_typed(recorder).await;
        self.run(&reading.line, &reading.input, step, recorder)
            .await;
        self.due = true;
    }

    async fn run(&mut self, line: &[u8], input: &[u8], step: &mut Step, recorder: &mut Recorder) {
        let outcome = if line.trim_ascii().is_empty() {
            Outcome::default()
        } else {
            self.shell.run_with(line, input)
        };
        record_urls(recorder, &outcome.urls).await;
        step.pause = outcome.pause;
        step.output = if self.tty {
            carriage_returns(&outcome.output)
        } else {
            outcome.output
        };
        if outcome.ended {
            step.ended = Some(outcome.status);
        } else if self.tty {
            step.output.extend(self.shell.prompt());
        }
    }

    fn keep(&mut self, line: &Line) {
        self.typed.extend_from_slice(&line.keys);
        self.pressed += line.pressed;
    }

    /// Records what was typed and shown and is not recorded yet.
    pub(crate) async fn flush(&mut self, recorder: &mut Recorder) {
        let line = self.editor.unfinished();
        self.keep(&line);
        self.record_typed(recorder).await;
        self.record_shown(recorder).await;
    }

    async fn record_typed(&mut self, recorder: &mut Recorder) {
        let bytes = std::mem::take(&mut self.typed);
        let pressed = std::mem::take(&mut self.pressed);
        if !bytes.is_empty() {
            recorder
                .record_part(
                    InteractionKind::Data {
                        direction: Direction::In,
                        bytes: Bytes(bytes),
                    },
                    pressed,
                )
                .await;
        }
    }

    async fn record_shown(&mut self, recorder: &mut Recorder) {
        let bytes = std::mem::take(&mut self.shown);
        record_out(recorder, &bytes).await;
    }
}

/// Records what was sent to the source, in as many pieces as it takes.
pub(crate) async fn record_out(recorder: &mut Recorder, bytes: &[u8]) {
    for piece in bytes.chunks(limits::VALUE) {
        recorder
            .record(InteractionKind::Data {
                direction: Direction::Out,
                bytes: piece.into(),
            })
            .await;
    }
}

/// Records the addresses that a command would have fetched from.
pub(crate) async fn record_urls(recorder: &mut Recorder, urls: &[Vec<u8>]) {
    for url in urls {
        recorder
            .record(InteractionKind::Attribute {
                name: InteractionKind::URL.to_owned(),
                value: url.clone().into(),
            })
            .await;
    }
}

/// Ends lines as a terminal wants them.
pub(crate) fn carriage_returns(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 16);
    for byte in text {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
