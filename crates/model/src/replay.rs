//! A terminal session to be played again: what its screen showed, and when.

use serde::{Deserialize, Serialize};

/// A session, drawn by the server: the browser never interprets what an attacker's terminal was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The screen's width, in characters.
    pub columns: u16,
    /// The screen's height, in lines.
    pub rows: u16,
    /// How long it lasts, in milliseconds.
    pub length: u32,
    /// What changed, in order of time.
    pub frames: Vec<Frame>,
    /// Whether there was more than is kept here.
    pub cut: bool,
}

/// What changed on the screen at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Milliseconds since the beginning.
    pub at: u32,
    /// Lines that are new, by number from the top.
    pub lines: Vec<(u16, Vec<Run>)>,
}

/// Characters of one look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The characters; nothing in them is a control character or changes direction.
    pub text: String,
    /// The colour, 0 to 15 as terminals number them; `None` for the usual one.
    pub color: Option<u8>,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether foreground and background are exchanged.
    pub inverse: bool,
}

impl Replay {
    /// What the screen shows at a moment, line by line.
    #[must_use]
    pub fn screen(&self, at: u32) -> Vec<Vec<Run>> {
        let mut lines = vec![vec![]; self.rows.into()];
        for frame in self.frames.iter().take_while(|frame| frame.at <= at) {
            for (row, runs) in &frame.lines {
                if let Some(line) = lines.get_mut(usize::from(*row)) {
                    line.clone_from(runs);
                }
            }
        }
        lines
    }
}
