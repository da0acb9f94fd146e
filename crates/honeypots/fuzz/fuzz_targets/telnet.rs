//! Telnet: negotiation, the line editor and the shell behind the log-in.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use skep_honeypots::contract::Service;
use skep_honeypots_fuzz::{choose, honeypot, visit};

static HONEYPOTS: LazyLock<Vec<Arc<dyn Service>>> = LazyLock::new(|| {
    ["ubuntu", "busybox-router"]
        .map(|personality| honeypot("telnet", &json!({"personality": personality})))
        .into()
});

fuzz_target!(|input: &[u8]| {
    let (choice, said) = choose(input, 4);
    let honeypot = &HONEYPOTS[choice / 2];
    if choice % 2 == 0 {
        let _ = visit(honeypot, std::iter::once(said));
    } else {
        // Most of what there is lies behind the log-in.
        let pieces = [b"root\r\n".as_slice(), b"root\r\n", said];
        let _ = visit(honeypot, pieces.into_iter());
    }
});
