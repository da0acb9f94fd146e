//! What an event comes to, whatever its steps are: one harmless line, and a severity that never falls.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use libfuzzer_sys::fuzz_target;
use skep_model::{Digest, Interaction, digest::SUBJECT, raw};

fuzz_target!(|json: &[u8]| {
    let Ok(steps) = serde_json::from_slice::<Vec<Interaction>>(json) else {
        return;
    };
    let written = serde_json::to_vec(&steps).expect("steps are written");
    assert_eq!(
        serde_json::from_slice::<Vec<Interaction>>(&written).ok(),
        Some(steps.clone())
    );
    let mut digest = Digest::default();
    let mut severity = digest.severity();
    for step in &steps {
        digest.add(&step.kind);
        assert!(digest.severity() >= severity);
        severity = digest.severity();
        assert!(digest.subject.0.len() <= SUBJECT);
    }
    assert_eq!(digest.interactions as usize, steps.len());
    let summary = digest.summary();
    assert_eq!(raw::visible(summary.as_bytes()), summary);
});
