//! Makes lines of what somebody types.

use skep_model::limits;

/// How much of a line is kept: as much as an interaction keeps, and enough more to see that it was longer.
const KEPT: usize = limits::VALUE + 1024;
/// The longest sequence that a key makes (`ESC [ 1 ; 5 C`).
const KEY: usize = 8;

/// How bytes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Editing {
    /// As at a login prompt: bytes are kept as they are, only the backspace key takes one back.
    Prompt,
    /// As at a shell's prompt: keys that edit and interrupt do so. All other bytes are kept as they are.
    Shell,
    /// As what a program at work reads from a terminal: keys that edit and interrupt do so, tabs and sequences of
    /// keys are kept.
    Input,
    /// Without a terminal: everything up to the line's end, nothing is echoed.
    None,
}

/// What typing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line.
    Line(Line),
    /// Ctrl-C.
    Interrupt(Line),
    /// Ctrl-D at a line's start.
    End,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it says after editing.
    pub(crate) text: Vec<u8>,
    /// The text's length before its end was let go of.
    pub(crate) length: usize,
    /// All keys that were pressed, with the one at its end.
    pub(crate) keys: Vec<u8>,
    /// The number of keys before the last ones were let go of.
    pub(crate) pressed: usize,
}

/// A line editor.
#[derive(Clone, Debug)]
pub(crate) struct Editor {
    editing: Editing,
    /// Whether what is typed is shown.
    pub(crate) echo: bool,
    line: Line,
    /// Whether the last byte was a carriage return, after which a line feed or NUL belongs to it.
    returned: bool,
    /// The beginning of what may become a key's sequence.
    sequence: Vec<u8>,
}

impl Editor {
    pub(crate) fn new(editing: Editing, echo: bool) -> Self {
        Self {
            editing,
            echo,
            line: Line::default(),
            returned: false,
            sequence: vec![],
        }
    }

    /// Changes how the next line is taken.
    pub(crate) fn set(&mut self, editing: Editing, echo: bool) {
        self.editing = editing;
        self.echo = echo;
    }

    /// The unfinished line.
    pub(crate) fn unfinished(&mut self) -> Line {
        let sequence = std::mem::take(&mut self.sequence);
        for byte in sequence {
            self.push(byte, &mut vec![]);
        }
        std::mem::take(&mut self.line)
    }

    /// Takes bytes until something comes of them; what is left of `input` is for the next call.
    pub(crate) fn feed(&mut self, input: &mut &[u8], echo: &mut Vec<u8>) -> Option<Typed> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            if std::mem::take(&mut self.returned) && matches!(byte, b'\n' | 0) {
                continue;
            }
            self.line.pressed += 1;
            if self.line.keys.len() < KEPT {
                self.line.keys.push(byte);
            }
            if let Some(typed) = self.press(byte, echo) {
                return Some(typed);
            }
        }
        None
    }

    fn press(&mut self, byte: u8, echo: &mut Vec<u8>) -> Option<Typed> {
        let shell = self.editing == Editing::Shell;
        let signals = shell || self.editing == Editing::Input;
        if shell && self.is_key(byte, echo) {
            return None;
        }
        match byte {
            b'\n' => Some(self.end(echo, Typed::Line)),
            b'\r' if self.editing != Editing::None => {
                self.returned = true;
                Some(self.end(echo, Typed::Line))
            }
            8 | 0x7f if self.editing != Editing::None => {
                self.take_back(echo);
                None
            }
            3 if signals => {
                self.show(echo, b"^C");
                Some(self.end(echo, Typed::Interrupt))
            }
            4 if signals => {
                if self.line.length > 0 {
                    return None;
                }
                self.line = Line::default();
                Some(Typed::End)
            }
            0x15 if signals => {
                while self.line.length > 0 {
                    self.take_back(echo);
                }
                None
            }
            b'\t' if shell => None,
            _ => {
                self.push(byte, echo);
                None
            }
        }
    }

    /// Whether the byte belongs to the sequence of a key that moves the cursor, which is ignored. A sequence that
    /// turns out to be something else becomes part of the line.
    fn is_key(&mut self, byte: u8, echo: &mut Vec<u8>) -> bool {
        if self.sequence.is_empty() && byte != 0x1b {
            return false;
        }
        self.sequence.push(byte);
        let done = match *self.sequence.as_slice() {
            [_] | [_, b'[' | b'O'] => return true,
            [_, b'[', .., last] if last.is_ascii_digit() || last == b';' => {
                if self.sequence.len() < KEY {
                    return true;
                }
                false
            }
            [_, b'[', .., last] => matches!(last, b'A'..=b'D' | b'F' | b'H' | b'~'),
            [_, b'O', last] => matches!(last, b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S'),
            _ => false,
        };
        let mut sequence = std::mem::take(&mut self.sequence);
        if done {
            return true;
        }
        // The last byte is looked at again: it may be the line's end.
        sequence.pop();
        for byte in sequence {
            self.push(byte, echo);
        }
        false
    }

    fn push(&mut self, byte: u8, echo: &mut Vec<u8>) {
        self.line.length += 1;
        if self.line.text.len() < KEPT {
            self.line.text.push(byte);
            match byte {
                0 => {}
                b'\t' | b' '..=0x7e | 0x80.. => self.show(echo, &[byte]),
                _ => self.show(echo, &[b'^', byte ^ 0x40]),
            }
        }
    }

    /// Takes the last character back.
    fn take_back(&mut self, echo: &mut Vec<u8>) {
        // Of what was let go of, nothing is known but its length.
        if self.line.length > self.line.text.len() {
            self.line.length -= 1;
            return;
        }
        while let Some(byte) = self.line.text.pop() {
            if byte & 0b1100_0000 != 0b1000_0000 {
                self.show(echo, b"\x08 \x08");
                break;
            }
        }
        self.line.length = self.line.text.len();
    }

    fn end(&mut self, echo: &mut Vec<u8>, typed: impl FnOnce(Line) -> Typed) -> Typed {
        if self.editing != Editing::None {
            // The line's end is shown even where a password is not.
            echo.extend_from_slice(b"\r\n");
        }
        typed(std::mem::take(&mut self.line))
    }

    fn show(&self, echo: &mut Vec<u8>, bytes: &[u8]) {
        if self.echo {
            echo.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn lines(editing: Editing, input: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let mut editor = Editor::new(editing, editing != Editing::None);
        let (mut lines, mut echo, mut input) = (vec![], vec![], input);
        while let Some(typed) = editor.feed(&mut input, &mut echo) {
            lines.push(match typed {
                Typed::Line(line) => line.text,
                Typed::Interrupt(_) => b"^C".to_vec(),
                Typed::End => b"^D".to_vec(),
            });
        }
        (lines, echo)
    }

    #[test]
    fn all_line_ends_are_taken() {
        let (lines, _) = lines(Editing::Prompt, b"a\r\nb\r\0c\nd\re\r\r\n");
        assert_eq!(lines, [b"a".as_slice(), b"b", b"c", b"d", b"e", b""]);
    }

    #[test]
    fn keys_edit_and_other_bytes_stay() {
        let (typed, echo) = lines(Editing::Shell, b"lx\x7fs\x1b[A\x1bOB\x1b[1;5C \t-la\r");
        assert_eq!(typed, [b"ls -la"]);
        assert_eq!(echo, b"lx\x08 \x08s -la\r\n");
        let (typed, _) = lines(
            Editing::Shell,
            b"no\x15yes\xc3\xa9\x08\rabc\x03\x04\x1b[31mred\x1b\r\xff\x00\x07\r",
        );
        assert_eq!(
            typed,
            [
                b"yes".as_slice(),
                b"^C",
                b"^D",
                b"\x1b[31mred\x1b",
                b"\xff\x00\x07"
            ]
        );
    }

    #[test]
    fn a_prompt_keeps_every_byte_and_hides_a_password() {
        let mut editor = Editor::new(Editing::Prompt, false);
        let mut echo = vec![];
        let mut input = b"p\x00\xff\x03\x04\x15\t\x1b[Aw\r\nx".as_slice();
        let Some(Typed::Line(line)) = editor.feed(&mut input, &mut echo) else {
            panic!()
        };
        assert_eq!(line.text, b"p\x00\xff\x03\x04\x15\t\x1b[Aw");
        assert_eq!(line.keys, b"p\x00\xff\x03\x04\x15\t\x1b[Aw\r");
        assert_eq!(echo, b"\r\n");
    }

    #[test]
    fn a_long_line_is_counted_to_its_end() {
        let mut editor = Editor::new(Editing::Shell, true);
        let mut echo = vec![];
        let long = vec![b'a'; 1_000_000];
        assert!(editor.feed(&mut long.as_slice(), &mut echo).is_none());
        let Some(Typed::Line(line)) = editor.feed(&mut b"\n".as_slice(), &mut echo) else {
            panic!()
        };
        assert_eq!((line.length, line.text.len()), (1_000_000, KEPT));
        assert_eq!(line.pressed, 1_000_001);
        assert!(echo.len() < KEPT + 8);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_bytes_arrive(input: Vec<u8>, at in 0usize..40) {
            let whole = lines(Editing::Shell, &input);
            let mut editor = Editor::new(Editing::Shell, true);
            let (mut split, mut echo) = (vec![], vec![]);
            let (first, second) = input.split_at(at.min(input.len()));
            for mut part in [first, second] {
                while let Some(typed) = editor.feed(&mut part, &mut echo) {
                    split.push(match typed {
                        Typed::Line(line) => line.text,
                        Typed::Interrupt(_) => b"^C".to_vec(),
                        Typed::End => b"^D".to_vec(),
                    });
                }
            }
            prop_assert_eq!(whole, (split, echo));
        }
    }
}
