//! Messages between sensor and server: what can be read is written so that it reads the same.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use skep_protocol::{
    message::{EnrolAnswer, EnrolRequest, PollAnswer, PollRequest, Problem},
    part::{Accepted, Batch, Part},
};

fuzz_target!(|json: &[u8]| {
    same::<Part>(json);
    same::<Accepted>(json);
    same::<EnrolRequest>(json);
    same::<EnrolAnswer>(json);
    same::<PollRequest>(json);
    same::<PollAnswer>(json);
    same::<Problem>(json);
    same::<Batch>(json);
});

/// Compares by what is written, because not every message can be compared.
fn same<T: Serialize + DeserializeOwned>(json: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<T>(json) {
        let written = serde_json::to_vec(&message).expect("a message is written");
        let read: T = serde_json::from_slice(&written).expect("what was written is read");
        assert_eq!(serde_json::to_vec(&read).ok(), Some(written));
    }
}
