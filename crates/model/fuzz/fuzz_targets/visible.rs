//! What becomes of bytes that are shown: no control character, nothing lost.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use libfuzzer_sys::fuzz_target;
use skep_model::{
    Bytes,
    raw::{self, Segment},
};

fuzz_target!(|bytes: &[u8]| {
    let segments = raw::segments(bytes);
    let mut back = vec![];
    for segment in &segments {
        match segment {
            Segment::Text(text) => {
                assert!(text.chars().all(shows), "{text:?}");
                back.extend_from_slice(text.as_bytes());
            }
            Segment::Escape(name) => back.extend(unescape(name)),
        }
    }
    assert_eq!(back, bytes, "{segments:?}");
    let visible = raw::visible(bytes);
    assert!(visible.chars().all(shows), "{visible:?}");
    assert_eq!(raw::visible(visible.as_bytes()), visible);

    let json = serde_json::to_string(&Bytes::from(bytes)).expect("bytes are written");
    let read: Bytes = serde_json::from_str(&json).expect("what was written is read");
    assert_eq!(read.0, bytes);

    for limit in 0..bytes.len().min(40) {
        let kept = raw::cut(bytes, limit);
        assert!(bytes.starts_with(kept) && kept.len() <= limit && kept.len() + 3 >= limit);
        if let Ok(text) = str::from_utf8(bytes) {
            assert!(text.is_char_boundary(kept.len()));
        }
    }
});

/// Whether a character shows, and changes nothing around it.
fn shows(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The bytes that a marked escape names: `\x1b`, `\u{202E}`.
fn unescape(mut name: &str) -> Vec<u8> {
    let mut bytes = vec![];
    while !name.is_empty() {
        if let Some(rest) = name.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&rest[..2], 16).expect("two digits"));
            name = &rest[2..];
        } else {
            let rest = name.strip_prefix("\\u{").expect("an escape");
            let (digits, rest) = rest.split_once('}').expect("an end");
            let code = u32::from_str_radix(digits, 16).expect("digits");
            let c = char::from_u32(code).expect("a character");
            bytes.extend(c.to_string().into_bytes());
            name = rest;
        }
    }
    bytes
}
