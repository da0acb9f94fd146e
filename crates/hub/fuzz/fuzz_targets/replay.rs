//! A terminal drawn from whatever was sent to it: bounded, and without anything that a browser would interpret.
#![no_main]

// The file by itself: the hub around it would bring two databases along.
#[path = "../../src/replay/draw.rs"]
mod draw;

use libfuzzer_sys::fuzz_target;
use skep_model::{Bytes, Direction, Interaction, InteractionKind, Timestamp, raw};

fuzz_target!(|bytes: &[u8]| {
    // The first line is the size that the client says; a byte 0xff ends a piece of output.
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (size, output) = bytes.split_at(end);
    let said = InteractionKind::Attribute {
        name: InteractionKind::TERMINAL.to_owned(),
        value: size.into(),
    };
    let pieces = output
        .split(|b| *b == 0xff)
        .map(|piece| InteractionKind::Data {
            direction: Direction::Out,
            bytes: Bytes::from(piece),
        });
    let steps: Vec<_> = std::iter::once(said)
        .chain(pieces)
        .enumerate()
        .map(|(at, kind)| Interaction {
            at: Timestamp(at as i64 * 40),
            kind,
        })
        .collect();
    let replay = draw::draw(&steps);
    assert!((20..=240).contains(&replay.columns) && (5..=80).contains(&replay.rows));
    assert!(replay.frames.is_sorted_by_key(|frame| frame.at));
    let mut drawn = 0;
    for (row, runs) in replay.frames.iter().flat_map(|frame| &frame.lines) {
        assert!(*row < replay.rows);
        for run in runs {
            assert_eq!(raw::visible(run.text.as_bytes()), run.text);
            assert!(run.color.is_none_or(|color| color < 16));
            drawn += run.text.len();
        }
    }
    // What is drawn at once is a screen at most, and a character of it is written in ten bytes at most.
    assert!(drawn <= 1_000_000 + 240 * 80 * 10, "{drawn} bytes");
    assert_eq!(replay.screen(u32::MAX).len(), usize::from(replay.rows));
});
