//! Messages as they come after `DATA`.

/// How much of a message's header is looked through.
const HEADER: usize = 64 * 1024;

/// Finds a message's end and takes its additional dots away (RFC 5321, 4.5.2). As Postfix does, it takes a bare
/// line feed for a line's end, too. All line ends stay as they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Decoder {
    /// At a line's beginning.
    #[default]
    Start,
    /// After a dot at a line's beginning.
    Dot,
    /// After that and a carriage return.
    Return,
    /// Within a line.
    Line,
    /// After the line that has only a dot in it.
    End,
}

impl Decoder {
    /// Takes bytes, adds the message's to `message`, and returns how many were taken: all, or those up to the end.
    pub(super) fn decode(&mut self, bytes: &[u8], message: &mut Vec<u8>) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            *self = match (&*self, byte) {
                (Self::End, _) => return at,
                (Self::Start, b'.') => {
                    *self = Self::Dot;
                    continue;
                }
                (Self::Dot, b'\r') => {
                    *self = Self::Return;
                    continue;
                }
                (Self::Dot | Self::Return, b'\n') => {
                    *self = Self::End;
                    return at + 1;
                }
                (state, byte) => {
                    if *state == Self::Return {
                        message.push(b'\r');
                    }
                    message.push(byte);
                    if byte == b'\n' {
                        Self::Start
                    } else {
                        Self::Line
                    }
                }
            };
        }
        bytes.len()
    }
}

/// The beginning of a message, from which its subject is read.
#[derive(Debug, Default)]
pub(super) struct Header(Vec<u8>);

impl Header {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let room = HEADER.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The first subject, without the line ends in it.
    pub(super) fn subject(&self) -> Option<Vec<u8>> {
        let mut subject: Option<Vec<u8>> = None;
        for line in self.0.split(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match &mut subject {
                Some(subject) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                    subject.extend_from_slice(line);
                }
                Some(_) => break,
                None if line.is_empty() => break,
                None => subject = value(line).map(<[u8]>::to_vec),
            }
        }
        subject
    }
}

/// What stands in a line `Subject: …`.
fn value(line: &[u8]) -> Option<&[u8]> {
    let (name, value) = line.split_at_checked(b"subject:".len())?;
    let value = value.strip_prefix(b" ").unwrap_or(value);
    name.eq_ignore_ascii_case(b"subject:").then_some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> (Vec<u8>, usize, bool) {
        let (mut decoder, mut message) = (Decoder::default(), vec![]);
        let used = decoder.decode(bytes, &mut message);
        (message, used, decoder == Decoder::End)
    }

    #[test]
    fn dots_at_line_beginnings_are_taken_away_and_no_others() {
        for (wire, message) in [
            ("a\r\n.\r\n", "a\r\n"),
            (".\r\n", ""),
            ("..\r\n.\r\n", ".\r\n"),
            ("..a.\r\n...\r\n.\r\n", ".a.\r\n..\r\n"),
            (".a\r\n.\r\n", "a\r\n"),
            ("a.\r\nb .\r\n.\r\n", "a.\r\nb .\r\n"),
            (".\rx\r\n.\r\n", "\rx\r\n"),
            ("\r.\r\n.\r\n", "\r.\r\n"),
            ("a\n.\n", "a\n"),
            ("\0\u{ff}\r\n.\r\n", "\0\u{ff}\r\n"),
        ] {
            let after = [wire.as_bytes(), b"QUIT\r\n"].concat();
            assert_eq!(
                decode(&after),
                (message.as_bytes().to_vec(), wire.len(), true),
                "{wire:?}"
            );
        }
        assert_eq!(decode(b"a\r\n.\r"), (b"a\r\n".to_vec(), 5, false));
    }

    #[test]
    fn a_subject_may_be_folded_and_is_only_in_the_header() {
        let subject = |text: &str| {
            let mut header = Header::default();
            header.add(text.as_bytes());
            header
                .subject()
                .map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(
            subject("From: a\r\nSUBJECT: one\r\n\ttwo\r\nTo: b\r\n\r\n"),
            Some("one\ttwo".into())
        );
        assert_eq!(subject("Subject:\r\n\r\n"), Some(String::new()));
        assert_eq!(subject("From: a\r\n\r\nSubject: no\r\n"), None);
        assert_eq!(subject("X-Subject: no\n"), None);
    }

    proptest! {
        #[test]
        fn what_was_stuffed_comes_out_however_it_was_cut(
            lines in prop::collection::vec(prop::collection::vec(prop::sample::select(b".a\r\0\xff".to_vec()), 0..6), 0..6),
            cuts in prop::collection::vec(0..40_usize, 0..6),
        ) {
            let mut message = vec![];
            let mut wire = vec![];
            for line in &lines {
                let line = [line.as_slice(), b"\r\n"].concat();
                if line.starts_with(b".") {
                    wire.push(b'.');
                }
                wire.extend_from_slice(&line);
                message.extend_from_slice(&line);
            }
            wire.extend_from_slice(b".\r\n");
            let (mut decoder, mut decoded) = (Decoder::default(), vec![]);
            let mut rest = wire.as_slice();
            for cut in cuts {
                let (part, after) = rest.split_at(cut.min(rest.len()));
                prop_assert_eq!(decoder.decode(part, &mut decoded), part.len());
                rest = after;
            }
            prop_assert_eq!(decoder.decode(rest, &mut decoded), rest.len());
            prop_assert_eq!(decoder, Decoder::End);
            prop_assert_eq!(decoded, message);
        }
    }
}
