//! HTTP: requests of every kind to every face, and whatever else comes to a web server's port, with TLS or without.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use skep_honeypots::contract::Service;
use skep_honeypots_fuzz::{choose, honeypot, visit};
use skep_model::InteractionKind;

static HONEYPOTS: LazyLock<Vec<Arc<dyn Service>>> = LazyLock::new(|| {
    ["nginx", "apache", "iis", "router"]
        .map(|face| honeypot("http", &json!({"face": face})))
        .into_iter()
        .chain([honeypot("https", &json!({}))])
        .collect()
});

fuzz_target!(|input: &[u8]| {
    let (choice, said) = choose(input, 5 * 32);
    let honeypot = &HONEYPOTS[choice % 5];
    let whole = joined(visit(honeypot, std::iter::once(said)).steps);
    let pieces = joined(visit(honeypot, said.chunks(1 + choice / 5)).steps);
    assert_eq!(whole, pieces);

    // What was no request is recorded as it came.
    if let [
        InteractionKind::Connect,
        InteractionKind::Data { bytes, .. },
        _,
    ] = whole.as_slice()
    {
        assert_eq!(bytes.as_ref(), said);
    }
});

/// The steps, with bytes that follow each other in one.
fn joined(steps: Vec<InteractionKind>) -> Vec<InteractionKind> {
    let mut joined: Vec<InteractionKind> = vec![];
    for step in steps {
        if let InteractionKind::Data { bytes, .. } = &step
            && let Some(InteractionKind::Data { bytes: before, .. }) = joined.last_mut()
        {
            before.0.extend_from_slice(&bytes.0);
        } else {
            joined.push(step);
        }
    }
    joined
}
