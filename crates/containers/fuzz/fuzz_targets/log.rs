//! Lines of logs as honeypots write them, for every reader: what is read of a line keeps its form, and is not much longer
//! than the line.
#![no_main]

// The files by themselves: the crate around them would bring a container engine along.
#[path = "../../src/intake/conpot.rs"]
mod conpot;
#[path = "../../src/intake/cowrie.rs"]
mod cowrie;
#[path = "../../src/intake/dionaea.rs"]
mod dionaea;
#[path = "../../src/intake/heralding.rs"]
mod heralding;
#[path = "../../src/intake/json_lines.rs"]
mod json_lines;
#[path = "../../src/intake/observation.rs"]
mod observation;
#[path = "../../src/intake/opencanary.rs"]
mod opencanary;

use libfuzzer_sys::fuzz_target;
use observation::Observation;
use skep_model::InteractionKind;

/// A number that is written shortly can be long when it is written in full.
const LONGER: usize = 20;

/// What readers say in their own words.
const OWN_WORDS: usize = 400;

fuzz_target!(|log: &[u8]| {
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        for read in [
            conpot::read,
            cowrie::read,
            dionaea::read,
            heralding::read,
            json_lines::read,
            opencanary::read,
        ] {
            let observation = read(line);
            assert_eq!(observation, read(line));
            if let Some(observation) = observation {
                check(&observation, line.len());
            }
        }
    }
});

fn check(observation: &Observation, length: usize) {
    let size: usize = observation.steps.iter().map(InteractionKind::size).sum();
    let end = observation.end.as_ref().map_or(0, String::len);
    assert!(size + observation.session.len() <= LONGER * length + OWN_WORDS);
    assert!(end <= LONGER * length + OWN_WORDS);
    // Each step needs two bytes of the line at least.
    assert!(observation.steps.len() <= length);
    for step in &observation.steps {
        match step {
            InteractionKind::Attribute { name, .. } => {
                let is_word = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
                assert!((1..=32).contains(&name.len()) && name.bytes().all(is_word));
            }
            InteractionKind::File { sha256, .. } => {
                assert!(sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit()));
            }
            _ => {}
        }
    }
}
