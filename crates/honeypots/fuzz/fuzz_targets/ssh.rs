//! SSH up to the point where encryption begins: the client's name, and the messages in the clear.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use skep_honeypots::contract::Service;
use skep_honeypots_fuzz::{honeypot, visit};

static HONEYPOT: LazyLock<Arc<dyn Service>> = LazyLock::new(|| honeypot("ssh", &json!({})));

fuzz_target!(|said: &[u8]| {
    let visit = visit(&HONEYPOT, std::iter::once(said));
    assert!(visit.answered.starts_with(b"SSH-2.0-"));
});
