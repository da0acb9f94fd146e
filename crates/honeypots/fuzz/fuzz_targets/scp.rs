//! scp's two ends: what is recorded is what came, and how it is cut changes nothing.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use skep_honeypots::{
    shell::{Machine, Personality},
    ssh::fuzzing::scp,
};
use skep_honeypots_fuzz::choose;

static MACHINE: LazyLock<Arc<Machine>> =
    LazyLock::new(|| Arc::new(Machine::new(&[5; 32], "", Personality::find("ubuntu"))));

fuzz_target!(|input: &[u8]| {
    let (piece, input) = choose(input, 64);
    // The first line is the command, `scp -t /tmp`.
    let end = input
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(input.len());
    let (command, sent) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let Some(whole) = scp(&MACHINE, command, std::iter::once(sent)) else {
        return;
    };
    let pieces = scp(&MACHINE, command, sent.chunks(1 + piece));
    assert_eq!(Some(&whole), pieces.as_ref());
    assert_eq!(whole.exits.len(), 1);
    let size: u64 = whole.files.iter().map(|(_, size, _)| size).sum();
    assert_eq!(whole.received.len() as u64, size);
    assert!(whole.received.len() <= sent.len());
});
