//! What a running command line may use up, and where it writes.

use std::time::Duration;

use super::{OUTPUT, PAUSE, URLS};

/// The most commands of one line, in all depths together.
const STEPS: u32 = 1000;
/// How deep lines may lie within lines.
const DEPTH: u32 = 8;
/// The most bytes that expansion makes of one line.
const EXPANSION: usize = 1024 * 1024;

/// The most bytes that one command passes on to a file or to another command.
const PIPE: usize = 1024 * 1024;
/// The most bytes that the tools for text go through for one line.
const READING: usize = 16 * 1024 * 1024;

/// What one line has used up, and what came of it beside its output.
pub(super) struct Run {
    pub(super) urls: Vec<Vec<u8>>,
    pub(super) pause: Duration,
    pub(super) ended: bool,
    pub(super) flow: Flow,
    pub(super) steps: u32,
    depth: u32,
    expansion: usize,
    reading: usize,
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            urls: vec![],
            pause: Duration::ZERO,
            ended: false,
            flow: Flow::Next,
            steps: STEPS,
            depth: DEPTH,
            expansion: EXPANSION,
            reading: READING,
        }
    }

    /// Notes an address that the line would have fetched from.
    pub(super) fn note_url(&mut self, url: &[u8]) {
        if self.urls.len() < URLS {
            self.urls.push(url.to_vec());
        }
    }

    /// Takes time.
    pub(super) fn wait(&mut self, time: Duration) {
        self.pause = self.pause.saturating_add(time).min(PAUSE);
    }

    /// Takes a step, if there is one left.
    pub(super) fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    /// Goes one deeper, if that is not too deep.
    pub(super) fn descend(&mut self) -> bool {
        let may = self.depth > 0 && self.step();
        self.depth -= u32::from(may);
        may
    }

    /// Comes back from [`Run::descend`].
    pub(super) fn ascend(&mut self) {
        self.depth += 1;
    }

    /// Whether so many more bytes may be gone through.
    pub(super) fn may_read(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.reading;
        self.reading = self.reading.saturating_sub(bytes);
        fits
    }

    /// Whether so many more bytes may come of expansion.
    pub(super) fn may_expand(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.expansion;
        self.expansion = self.expansion.saturating_sub(bytes);
        fits
    }
}

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next one.
    Next,
    /// What stands after so many loops.
    Break(u32),
    /// The next round of the outermost of so many loops.
    Continue(u32),
    /// What stands after the function or the script.
    Return,
}

/// What a command reads.
#[derive(Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    at: usize,
}

impl Input {
    pub(super) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            at: 0,
        }
    }

    /// Everything that nobody has read yet.
    pub(super) fn rest(&mut self) -> &[u8] {
        let at = std::mem::replace(&mut self.at, self.bytes.len());
        &self.bytes[at..]
    }

    /// Whether there is nothing left.
    pub(super) fn is_read(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next line, without its end.
    pub(super) fn line(&mut self) -> Option<&[u8]> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at = (self.at + length + 1).min(self.bytes.len());
        Some(&rest[..length])
    }
}

/// Where a command writes.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
    joined: bool,
}

impl Streams {
    /// Output and errors in the order in which they are written, as on a terminal.
    pub(super) fn joined() -> Self {
        Self {
            joined: true,
            ..Self::default()
        }
    }

    pub(super) fn print(&mut self, bytes: &[u8]) {
        let most = if self.joined { OUTPUT } else { PIPE };
        add(&mut self.out, bytes, most);
    }

    pub(super) fn complain(&mut self, bytes: &[u8]) {
        if self.joined {
            self.print(bytes);
        } else {
            add(&mut self.err, bytes, OUTPUT);
        }
    }
}

fn add(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let room = most.saturating_sub(buffer.len());
    buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// A command at work.
pub(super) struct Call<'a> {
    /// The name by which it was called.
    pub(super) name: &'a [u8],
    pub(super) args: &'a [Vec<u8>],
    pub(super) input: &'a mut Input,
    pub(super) streams: &'a mut Streams,
    pub(super) run: &'a mut Run,
}

impl<'a> Call<'a> {
    pub(super) fn print(&mut self, text: impl AsRef<[u8]>) {
        self.streams.print(text.as_ref());
    }

    /// Complains as `name: text`.
    pub(super) fn complain(&mut self, text: impl AsRef<[u8]>) {
        self.streams
            .complain(&[self.name, b": ", text.as_ref(), b"\n"].concat());
    }

    /// Complains as `name: what: why`, about a file or an argument.
    pub(super) fn refuse(&mut self, what: &[u8], why: impl std::fmt::Display) {
        self.complain([what, b": ", why.to_string().as_bytes()].concat());
    }

    /// The arguments that are not options.
    pub(super) fn operands(&self) -> Vec<&'a [u8]> {
        let args: &'a [Vec<u8>] = self.args;
        args.iter()
            .map(Vec::as_slice)
            .filter(|arg| !arg.starts_with(b"-") || *arg == b"-")
            .collect()
    }

    /// Whether a one-letter option is among the arguments, alone or with others.
    pub(super) fn has(&self, option: u8) -> bool {
        self.args
            .iter()
            .any(|arg| arg.starts_with(b"-") && !arg.starts_with(b"--") && arg.contains(&option))
    }
}
