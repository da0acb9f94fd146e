//! SSH's strings, which may be anything: the bytes come back exactly as they were received.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use libfuzzer_sys::fuzz_target;
use ssh_encoding::{Decode, Encode, bytes_of};

fuzz_target!(|bytes: &[u8]| {
    let mut packet = vec![];
    bytes.encode(&mut packet).expect("bytes are written");
    let text = String::decode(&mut packet.as_slice()).expect("any string is read");
    assert_eq!(bytes_of(&text), bytes);
});
