//! Drawing what a terminal showed. Fuzzing compiles this file by itself, so that it knows nothing of the hub.

use avt::{Color, Line, Terminal};
use skep_model::{
    Direction, Interaction, InteractionKind, Timestamp, raw,
    replay::{Frame, Replay, Run},
};

/// A terminal that a client did not measure.
const USUAL: (u16, u16) = (80, 24);
/// The largest screen that is drawn, whatever a client says it has.
const LARGEST: (u16, u16) = (240, 80);
/// The most frames, and …
const FRAMES: usize = 4000;
/// … the most characters in all of them: beyond that the replay is cut, and says so.
const CHARACTERS: usize = 1_000_000;
/// Output of so many milliseconds is in one frame.
const TOGETHER: i64 = 30;

/// What went to the client's terminal: when, and what.
pub(super) struct Output<'a> {
    pub(super) at: Timestamp,
    pub(super) bytes: &'a [u8],
}

pub(super) fn outputs(steps: &[Interaction]) -> impl Iterator<Item = Output<'_>> {
    steps.iter().filter_map(|step| match &step.kind {
        InteractionKind::Data {
            direction: Direction::Out,
            bytes,
        } => Some(Output {
            at: step.at,
            bytes: &bytes.0,
        }),
        _ => None,
    })
}

/// Columns and rows, as the client said them first.
pub(super) fn size(steps: &[Interaction]) -> (u16, u16) {
    let said = steps.iter().find_map(|step| match &step.kind {
        InteractionKind::Attribute { name, value } if name == InteractionKind::TERMINAL => {
            let text = std::str::from_utf8(&value.0).ok()?;
            let (columns, rows) = text.split_once('x')?;
            // A program that has no window says that it is nothing by nothing.
            Some((columns.parse().ok()?, rows.parse().ok()?)).filter(|size| *size != (0, 0))
        }
        _ => None,
    });
    let (columns, rows): (u16, u16) = said.unwrap_or(USUAL);
    (columns.clamp(20, LARGEST.0), rows.clamp(5, LARGEST.1))
}

/// Text of bytes that may be cut inside of a character: what is incomplete at the end waits for the rest.
#[derive(Default)]
pub(super) struct Decoder(Vec<u8>);

impl Decoder {
    pub(super) fn text(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let mut from = 0;
        let rest = loop {
            match std::str::from_utf8(&self.0[from..]) {
                Ok(_) => break 0,
                Err(error) => match error.error_len() {
                    Some(wrong) => from += error.valid_up_to() + wrong,
                    // An incomplete character at the end is no error yet.
                    None => break self.0.len() - from - error.valid_up_to(),
                },
            }
        };
        let kept = self.0.split_off(self.0.len() - rest);
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0 = kept;
        text
    }
}

pub(super) fn draw(steps: &[Interaction]) -> Replay {
    let (columns, rows) = size(steps);
    let mut replay = Replay {
        columns,
        rows,
        ..Replay::default()
    };
    let Ok(mut terminal) = Terminal::new(columns.into(), rows.into()) else {
        return replay;
    };
    let mut decoder = Decoder::default();
    let mut screen: Vec<Vec<Run>> = vec![vec![]; rows.into()];
    let (mut begin, mut since, mut drawn) = (None, None, 0);
    let mut all = outputs(steps).peekable();
    while let Some(output) = all.next() {
        let begin = *begin.get_or_insert(output.at);
        terminal.feed(decoder.text(output.bytes).as_str());
        let first = *since.get_or_insert(output.at);
        if all.peek().is_some_and(|next| next.at - first < TOGETHER) {
            continue;
        }
        since = None;
        let mut lines = vec![];
        for (row, line) in terminal.screen().visible_lines().enumerate() {
            let runs = runs(line);
            if screen.get(row) != Some(&runs) {
                drawn += runs.iter().map(|run| run.text.len()).sum::<usize>();
                lines.push((row as u16, runs.clone()));
                screen[row] = runs;
            }
        }
        if lines.is_empty() {
            continue;
        }
        if replay.frames.len() == FRAMES || drawn > CHARACTERS {
            replay.cut = true;
            break;
        }
        let at = u32::try_from(output.at - begin).unwrap_or(u32::MAX);
        replay.length = replay.length.max(at);
        replay.frames.push(Frame { at, lines });
    }
    replay
}

/// A line as runs of one look, without the blanks at its end.
fn runs(line: &Line) -> Vec<Run> {
    let mut runs: Vec<Run> = vec![];
    for cell in line.cells() {
        if cell.width() == 0 {
            // The second half of a wide character.
            continue;
        }
        let pen = cell.pen();
        let color = match pen.foreground() {
            Some(Color::Indexed(color)) if color < 16 => Some(color),
            _ => None,
        };
        let (bold, inverse) = (pen.is_bold(), pen.is_inverse());
        let mut buffer = [0; 4];
        // What would change the direction of text, or show as nothing, is written out.
        let text = raw::visible(cell.char().encode_utf8(&mut buffer).as_bytes());
        match runs.last_mut() {
            Some(run) if (run.color, run.bold, run.inverse) == (color, bold, inverse) => {
                run.text.push_str(&text);
            }
            _ => runs.push(Run {
                text,
                color,
                bold,
                inverse,
            }),
        }
    }
    while let Some(last) = runs.last_mut()
        && !last.inverse
    {
        last.text.truncate(last.text.trim_end_matches(' ').len());
        if !last.text.is_empty() {
            break;
        }
        runs.pop();
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use skep_model::Bytes;

    use super::*;

    fn out(at: i64, bytes: &[u8]) -> Interaction {
        Interaction {
            at: Timestamp(at),
            kind: InteractionKind::Data {
                direction: Direction::Out,
                bytes: Bytes(bytes.to_vec()),
            },
        }
    }

    fn text(replay: &Replay, at: u32) -> Vec<String> {
        let lines = replay.screen(at).into_iter();
        lines
            .map(|runs| runs.into_iter().map(|run| run.text).collect::<String>())
            .take_while(|line| !line.is_empty())
            .collect()
    }

    #[test]
    fn the_screen_is_drawn_as_it_was_at_each_moment() {
        let steps = [
            Interaction {
                at: Timestamp(900),
                kind: InteractionKind::Attribute {
                    name: InteractionKind::TERMINAL.to_owned(),
                    value: "100x30".into(),
                },
            },
            out(1000, b"root@web:~# "),
            out(2000, b"l"),
            out(2010, b"s\r\n\x1b[1;34mbin\x1b[0m etc\r\n"),
            out(5000, b"\x1b[2J\x1b[Hgone"),
        ];
        let replay = draw(&steps);
        assert_eq!(
            (replay.columns, replay.rows, replay.length),
            (100, 30, 4000)
        );
        assert_eq!(replay.frames.len(), 3);
        assert_eq!(text(&replay, 0), ["root@web:~#"]);
        assert_eq!(text(&replay, 1500), ["root@web:~# ls", "bin etc"]);
        assert_eq!(text(&replay, 4000), ["gone"]);
        let blue = &replay.screen(1500)[1][0];
        assert_eq!(
            (blue.text.as_str(), blue.color, blue.bold),
            ("bin", Some(4), true)
        );
    }

    #[test]
    fn a_character_may_come_in_two_pieces() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.text(b"a\xe2\x82"), "a");
        assert_eq!(decoder.text(b"\xacb\xff"), "€b\u{fffd}");
    }

    #[test]
    fn a_client_cannot_ask_for_a_huge_screen_nor_for_none() {
        for (said, drawn) in [("65535x65535", LARGEST), ("0x0", USUAL), ("x", USUAL)] {
            let steps = [
                Interaction {
                    at: Timestamp(0),
                    kind: InteractionKind::Attribute {
                        name: InteractionKind::TERMINAL.to_owned(),
                        value: said.into(),
                    },
                },
                out(1, b"x"),
            ];
            let replay = draw(&steps);
            assert_eq!((replay.columns, replay.rows), drawn, "{said}");
        }
    }

    proptest! {
        #[test]
        fn whatever_was_sent_the_text_is_harmless(pieces in proptest::collection::vec(any::<Vec<u8>>(), 0..20)) {
            let steps: Vec<_> = pieces.iter().enumerate().map(|(at, piece)| out(at as i64 * 100, piece)).collect();
            let replay = draw(&steps);
            for frame in &replay.frames {
                for (row, runs) in &frame.lines {
                    prop_assert!(*row < replay.rows);
                    for run in runs {
                        prop_assert_eq!(&raw::visible(run.text.as_bytes()), &run.text);
                    }
                }
            }
        }
    }
}
