//! SMTP: every line is recorded, and how it is cut on its way changes nothing.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use skep_honeypots::contract::Service;
use skep_honeypots_fuzz::{choose, demand_lines, honeypot, visit};

static HONEYPOT: LazyLock<Arc<dyn Service>> =
    LazyLock::new(|| honeypot("smtp", &json!({"delay": 0})));

fuzz_target!(|input: &[u8]| {
    let (piece, said) = choose(input, 32);
    let whole = visit(&HONEYPOT, std::iter::once(said));
    let pieces = visit(&HONEYPOT, said.chunks(1 + piece));
    assert_eq!(whole.steps, pieces.steps);
    // What answers a challenge is recorded as what it means.
    if !said
        .to_ascii_uppercase()
        .windows(4)
        .any(|word| word == b"AUTH")
    {
        // A dot before a line of a mail is none of its own.
        demand_lines(&whole, said, |line| line.strip_prefix(b".").unwrap_or(line));
    }
});
