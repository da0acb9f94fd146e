//! Parts of events as a sensor delivers them: what is taken keeps every bound, and what is not has a reason.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

// The file by itself: the hub around it would bring two databases along.
#[path = "../../src/ingest/check.rs"]
mod check;

use libfuzzer_sys::fuzz_target;
use skep_model::{
    Interaction, Timestamp,
    limits::{INTERACTIONS, VALUE},
};
use skep_protocol::part::Part;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fuzz_target!(|raw: &[u8]| {
    match check::part(raw, NOW) {
        Ok(part) => {
            match &part {
                Part::Open { interactions, .. } => bounded(interactions, 0),
                Part::Extend {
                    first,
                    interactions,
                    ..
                } => bounded(interactions, *first),
                Part::Close { .. } | Part::Restart { .. } => {}
            }
            // A part that was set aside is checked again when somebody says so.
            let written = serde_json::to_vec(&part).expect("a part is written");
            assert_eq!(check::part(&written, NOW), Ok(part));
        }
        Err(reason) => assert!(!reason.is_empty() && reason.len() < 1000, "{reason}"),
    }
});

fn bounded(steps: &[Interaction], first: u32) {
    assert!(u64::from(first) + steps.len() as u64 <= u64::from(INTERACTIONS));
    for step in steps {
        assert!(
            step.kind
                .values()
                .iter()
                .all(|value| value.0.len() <= VALUE)
        );
    }
}
