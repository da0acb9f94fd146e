//! Bytes from outside, and the one way in which they become visible.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Bytes that somebody else typed. In JSON they are base64.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// The pieces to show, harmless ones and marked ones.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        segments(&self.0)
    }

    /// The bytes as one line of harmless text; see [`visible`].
    #[must_use]
    pub fn visible(&self) -> String {
        visible(&self.0)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", visible(&self.0))
    }
}

impl<T: Into<Vec<u8>>> From<T> for Bytes {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        STANDARD
            .decode(text.as_ref())
            .map(Self)
            .map_err(|_| D::Error::custom("not base64"))
    }
}

/// A piece of bytes made visible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Segment {
    /// Characters that show as themselves and do nothing else.
    Text(String),
    /// The name of a control, direction or invisible character (`\u{202E}`) or of a byte that is not text
    /// (`\xff`), to be drawn apart from the text.
    Escape(String),
}

/// Splits bytes into harmless text and marked escapes. Nothing is lost or cut.
#[must_use]
pub fn segments(bytes: &[u8]) -> Vec<Segment> {
    let mut out = Vec::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push(&mut out, c);
        }
        for byte in chunk.invalid() {
            escape(&mut out, &format!("\\x{byte:02x}"));
        }
    }
    out
}

fn push(out: &mut Vec<Segment>, c: char) {
    if is_plain(c) {
        match out.last_mut() {
            Some(Segment::Text(last)) => last.push(c),
            _ => out.push(Segment::Text(c.to_string())),
        }
    } else if c.is_ascii() {
        escape(out, &format!("\\x{:02x}", c as u32));
    } else {
        escape(out, &format!("\\u{{{:04X}}}", c as u32));
    }
}

fn escape(out: &mut Vec<Segment>, name: &str) {
    match out.last_mut() {
        Some(Segment::Escape(last)) => last.push_str(name),
        _ => out.push(Segment::Escape(name.to_owned())),
    }
}

/// The bytes as one line of text with escapes in place: for log lines, mails and exports. A backslash of the
/// attacker's own stays as it is, so the text reads well but cannot always be turned back into the bytes.
#[must_use]
pub fn visible(bytes: &[u8]) -> String {
    segments(bytes)
        .into_iter()
        .map(|segment| match segment {
            Segment::Text(text) | Segment::Escape(text) => text,
        })
        .collect()
}

/// Cuts bytes to at most `limit`, never inside a UTF-8 character.
#[must_use]
pub fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    if bytes.len() <= limit {
        return bytes;
    }
    let mut end = limit;
    while end > limit.saturating_sub(3) && bytes[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    // Four continuation bytes in a row are no character: cut them where the limit says.
    if bytes[end] & 0b1100_0000 == 0b1000_0000 {
        &bytes[..limit]
    } else {
        &bytes[..end]
    }
}

/// Whether a character shows as itself: no control, no change of direction, nothing invisible, nothing that
/// fonts draw as nothing.
fn is_plain(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
            | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_directions_and_broken_bytes_are_marked() {
        let shown = segments(b"P@ss\x00word \xe2\x80\xaegpj.exe\xff");
        assert_eq!(
            shown,
            [
                Segment::Text("P@ss".into()),
                Segment::Escape("\\x00".into()),
                Segment::Text("word ".into()),
                Segment::Escape("\\u{202E}".into()),
                Segment::Text("gpj.exe".into()),
                Segment::Escape("\\xff".into()),
            ]
        );
    }

    proptest! {
        #[test]
        fn visible_text_is_one_harmless_line(bytes: Vec<u8>) {
            prop_assert!(visible(&bytes).chars().all(is_plain));
        }

        #[test]
        fn bytes_survive_json(bytes: Vec<u8>) {
            let json = serde_json::to_string(&Bytes(bytes.clone())).unwrap();
            prop_assert_eq!(serde_json::from_str::<Bytes>(&json).unwrap().0, bytes);
        }

        #[test]
        fn cutting_keeps_characters_whole(text: String, limit in 0usize..40) {
            let kept = cut(text.as_bytes(), limit);
            prop_assert!(kept.len() <= limit);
            prop_assert!(std::str::from_utf8(kept).is_ok());
            prop_assert!(text.len() - kept.len() < 4 || kept.len() + 4 > limit);
        }
    }
}
