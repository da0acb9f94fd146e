//! FTP: every line is recorded, and how it is cut on its way changes nothing.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use skep_honeypots::contract::Service;
use skep_honeypots_fuzz::{choose, demand_lines, honeypot, visit};

static HONEYPOT: LazyLock<Arc<dyn Service>> =
    LazyLock::new(|| honeypot("ftp", &json!({"delay": 0})));

fuzz_target!(|input: &[u8]| {
    let (piece, said) = choose(input, 32);
    let whole = visit(&HONEYPOT, std::iter::once(said));
    let pieces = visit(&HONEYPOT, said.chunks(1 + piece));
    assert_eq!(whole.steps, pieces.steps);
    demand_lines(&whole, said, value);
});

/// What is recorded of a line: all of it, but a password is recorded without the command.
fn value(line: &[u8]) -> &[u8] {
    let (word, rest) = line.split_at(line.len().min(4));
    match rest {
        [] | [b' ', ..] if word.eq_ignore_ascii_case(b"PASS") => rest.get(1..).unwrap_or_default(),
        _ => line,
    }
}
