//! Strings that may be anything, as text from which the bytes come back exactly.

use alloc::{string::String, vec::Vec};

/// The characters that stand for single bytes: the last ones for private use, for the bytes 0x80 to 0xFF.
const BYTES: core::ops::RangeInclusive<char> = '\u{10FF80}'..='\u{10FFFF}';

/// Text for any bytes. UTF-8 stays as it is; each byte of anything else, and of a character that would
/// stand for a byte, becomes the character that stands for it.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains(|c| BYTES.contains(&c)) => text,
        Ok(text) => replaced(text.as_bytes()),
        Err(error) => replaced(error.as_bytes()),
    }
}

fn replaced(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(4 * bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if BYTES.contains(&c) {
                text.extend(c.encode_utf8(&mut [0; 4]).bytes().filter_map(stand_in));
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    text
}

/// The character that stands for a byte; there for all bytes of 0x80 and more, which are all that need one.
fn stand_in(byte: u8) -> Option<char> {
    char::from_u32(0x0010_FF00 + u32::from(byte))
}

/// The bytes of a string as they were received.
///
/// [`Decode`](crate::Decode) for [`String`] takes what is not UTF-8, too: each byte of it becomes a character
/// from U+10FF80 to U+10FFFF. This turns those back.
#[must_use]
pub fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        if BYTES.contains(&c) {
            bytes.push(u32::from(c).to_le_bytes()[0]);
        } else {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    bytes
}
