//! SFTP's packets: what is recorded is what came, answers are well formed, and how it is cut changes nothing.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use skep_honeypots::{
    shell::{Machine, Personality},
    ssh::fuzzing::{Copied, sftp},
};
use skep_honeypots_fuzz::choose;

static MACHINE: LazyLock<Arc<Machine>> =
    LazyLock::new(|| Arc::new(Machine::new(&[5; 32], "", Personality::find("ubuntu"))));

fuzz_target!(|input: &[u8]| {
    let (piece, sent) = choose(input, 64);
    let whole = sftp(&MACHINE, std::iter::once(sent));
    let pieces = sftp(&MACHINE, sent.chunks(1 + piece));
    assert_eq!(without_times(&whole), without_times(&pieces));
    assert_eq!(whole.exits.len(), 1);
    for answer in &whole.answers {
        let (length, body) = answer.split_first_chunk().expect("a length");
        assert_eq!(u32::from_be_bytes(*length) as usize, body.len());
        assert!(body.len() <= 256 * 1024, "longer than a client takes");
    }
    let size: u64 = whole.files.iter().map(|(_, size, _)| size).sum();
    assert_eq!(whole.received.len() as u64, size);
    assert!(whole.received.len() <= sent.len());
    assert!(
        whole
            .commands
            .iter()
            .all(|command| command.starts_with(b"sftp: "))
    );
});

/// What does not depend on the second in which it was asked for.
fn without_times(copied: &Copied) -> impl PartialEq + std::fmt::Debug + '_ {
    (
        &copied.commands,
        &copied.received,
        &copied.files,
        &copied.sent,
        &copied.exits,
    )
}
