//! Makes arguments of words.

use std::borrow::Cow;

use super::{
    OUTPUT, Shell,
    bounds::{Input, Run, Streams},
    filesystem::{Kind, Node},
    glob::fits,
    parse::{self, Piece, Word},
};

/// The most arguments of one command.
const ARGUMENTS: usize = 4096;

/// At how many places a value is cut to see whether a pattern fits.
const PLACES: usize = 1024;

/// The most bytes that braces make of one word.
const BRACES: usize = 256 * 1024;

/// The file that has what another command prints.
const PROCESS: &[u8] = b"/dev/fd/63";

/// An argument that is being made.
#[derive(Default)]
struct Field {
    text: Vec<u8>,
    /// The same as a pattern: what was quoted has backslashes.
    pattern: Vec<u8>,
    is_pattern: bool,
}

impl Field {
    fn push(&mut self, bytes: &[u8], quoted: bool) {
        self.text.extend_from_slice(bytes);
        for byte in bytes {
            let special = b"*?[]\\!-".contains(byte);
            self.is_pattern |= !quoted && b"*?[".contains(byte);
            if special && quoted {
                self.pattern.push(b'\\');
            }
            self.pattern.push(*byte);
        }
    }
}

impl Shell {
    /// The arguments that all words of a command come to.
    pub(super) fn expand_all(&mut self, words: &[Word], run: &mut Run) -> Vec<Vec<u8>> {
        let mut args = vec![];
        for word in words {
            for word in braces(word) {
                args.extend(self.expand(&word, run));
            }
            if args.len() > ARGUMENTS {
                args.truncate(ARGUMENTS);
                break;
            }
        }
        args
    }

    /// The arguments that one word comes to: usually one, and none or many if something unquoted in it says so.
    pub(super) fn expand(&mut self, word: &Word, run: &mut Run) -> Vec<Vec<u8>> {
        let mut args = vec![];
        for field in self.fields(word, run) {
            let names = if field.is_pattern {
                self.glob(&field.pattern, run)
            } else {
                vec![]
            };
            if names.is_empty() {
                args.push(field.text);
            } else {
                args.extend(names);
            }
        }
        args
    }

    /// What a word comes to where only one argument can stand.
    pub(super) fn expand_one(&mut self, word: &Word, run: &mut Run) -> Vec<u8> {
        let fields = self.fields(word, run);
        let texts: Vec<Vec<u8>> = fields.into_iter().map(|field| field.text).collect();
        texts.join(&b' ')
    }

    /// The pattern that a word of `case` is.
    pub(super) fn expand_pattern(&mut self, word: &Word, run: &mut Run) -> Vec<u8> {
        let fields = self.fields(word, run);
        let patterns: Vec<Vec<u8>> = fields.into_iter().map(|field| field.pattern).collect();
        patterns.join(&b' ')
    }

    fn fields(&mut self, word: &Word, run: &mut Run) -> Vec<Field> {
        let mut fields: Vec<Field> = vec![];
        // Whether the next bytes belong to the last field.
        let mut open = false;
        for piece in word {
            let (bytes, quoted, split) = match piece {
                Piece::Text(text, quoted) => (Cow::Borrowed(text), *quoted, false),
                Piece::Variable(name, true) if name == b"@" => {
                    for (n, argument) in self.arguments.clone().iter().enumerate() {
                        if !run.may_expand(argument.len() + 1) {
                            break;
                        }
                        if !open || n > 0 {
                            fields.push(Field::default());
                        }
                        open = true;
                        if let Some(last) = fields.last_mut() {
                            last.push(argument, true);
                        }
                    }
                    continue;
                }
                Piece::Variable(name, quoted) => {
                    (Cow::Owned(self.parameter(name, run)), *quoted, !quoted)
                }
                Piece::Substitution(line, quoted) => {
                    (Cow::Owned(self.substitute(line, run)), *quoted, !quoted)
                }
                Piece::Process(line) => {
                    let mut bytes = self.substitute(line, run);
                    bytes.truncate(OUTPUT);
                    self.files.place(
                        PROCESS,
                        Node {
                            kind: Kind::File(bytes.into()),
                            mode: 0o600,
                            owner: self.uid,
                            modified: Self::now(),
                        },
                    );
                    (Cow::Owned(PROCESS.to_vec()), true, false)
                }
                Piece::Arithmetic(expression) => {
                    let value = self.arithmetic(expression).to_string();
                    (Cow::Owned(value.into_bytes()), true, false)
                }
            };
            if !run.may_expand(bytes.len()) {
                break;
            }
            if !split {
                if !open {
                    fields.push(Field::default());
                }
                if let Some(last) = fields.last_mut() {
                    last.push(&bytes, quoted);
                }
                open = true;
                continue;
            }
            open &= !bytes.first().is_some_and(u8::is_ascii_whitespace);
            for part in bytes
                .split(u8::is_ascii_whitespace)
                .filter(|part| !part.is_empty())
                .take(ARGUMENTS)
            {
                if !open {
                    fields.push(Field::default());
                }
                if let Some(last) = fields.last_mut() {
                    last.push(part, false);
                }
                open = false;
            }
            open = !bytes.is_empty() && !bytes.last().is_some_and(u8::is_ascii_whitespace)
                || open && bytes.is_empty();
        }
        fields
    }

    /// A variable or a parameter of the shell's own; `None` if it is not set.
    pub(super) fn value(&self, name: &[u8]) -> Option<Vec<u8>> {
        let argument = |n: usize| self.arguments.get(n).cloned();
        Some(match name {
            b"?" => self.status.to_string().into_bytes(),
            b"$" => b"2817".to_vec(),
            b"!" => b"2904".to_vec(),
            b"-" => b"himBHs".to_vec(),
            b"0" => self.name.clone(),
            b"#" => self.arguments.len().to_string().into_bytes(),
            b"@" | b"*" => self.arguments.join(&b' '),
            [digit @ b'1'..=b'9'] => return argument(usize::from(digit - b'1')),
            b"UID" | b"EUID" => self.uid.to_string().into_bytes(),
            b"PPID" => b"2816".to_vec(),
            b"RANDOM" => (Self::now().0 % 32_768).to_string().into_bytes(),
            b"PWD" => self.directory.clone(),
            b"HOSTNAME" => self.machine.hostname.clone().into_bytes(),
            _ => return self.variables.get(name).cloned(),
        })
    }

    /// What stands between `${` and `}`, or after a mere `$`.
    fn parameter(&mut self, text: &[u8], run: &mut Run) -> Vec<u8> {
        if let (Some(name), true) = (text.strip_prefix(b"#"), text.len() > 1) {
            let length = self.value(name).unwrap_or_default().len();
            return length.to_string().into_bytes();
        }
        let length = match text.first() {
            Some(b) if b.is_ascii_alphanumeric() || *b == b'_' => text
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count(),
            _ => text.len().min(1),
        };
        let (name, rest) = text.split_at(length);
        let value = self.value(name);
        if rest.is_empty() {
            return value.unwrap_or_default();
        }
        let (colon, rest) = match rest.strip_prefix(b":") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let there = value
            .as_ref()
            .is_some_and(|value| !colon || !value.is_empty());
        let value = value.unwrap_or_default();
        let Some((operator, word)) = rest.split_first() else {
            return value;
        };
        match (operator, there) {
            (b'-' | b'=' | b'?', true) | (b'+', false) => value,
            (b'-' | b'=' | b'+', _) => {
                let word = self.inner(word, run);
                if *operator == b'=' {
                    self.set(name, &word);
                }
                word
            }
            (b'#' | b'%', _) => {
                let (all, word) = doubled(word, *operator);
                let pattern = self.inner(word, run);
                let places = value.len().min(PLACES);
                if !run.may_read(places * value.len() * (1 + pattern.len() / 4)) {
                    return value;
                }
                if *operator == b'#' {
                    ends(&value, all)
                        .find(|end| fits(&pattern, &value[..*end]))
                        .map_or(value.clone(), |end| value[end..].to_vec())
                } else {
                    ends(&value, !all)
                        .find(|start| fits(&pattern, &value[*start..]))
                        .map_or(value.clone(), |start| value[..start].to_vec())
                }
            }
            (_, _) if colon => {
                let (from, count) = slice(rest, value.len());
                value[from..from + count].to_vec()
            }
            _ => value,
        }
    }

    /// The word within a parameter's brackets.
    fn inner(&mut self, word: &[u8], run: &mut Run) -> Vec<u8> {
        if !run.descend() {
            return vec![];
        }
        let mut value = self.expand_one(&parse::quoted(word), run);
        run.ascend();
        value.truncate(4096);
        value
    }

    fn substitute(&mut self, line: &[u8], run: &mut Run) -> Vec<u8> {
        if !run.step() {
            return vec![];
        }
        let mut streams = Streams::default();
        // What is changed inside stays inside, but for files: those are shared by all processes.
        let (variables, directory) = (self.variables.clone(), self.directory.clone());
        self.run_line(line, &mut Input::default(), &mut streams, run);
        (self.variables, self.directory) = (variables, directory);
        run.ended = false;
        let mut bytes = streams.out;
        bytes.retain(|b| *b != 0);
        while bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        bytes
    }
}

fn doubled(word: &[u8], sign: u8) -> (bool, &[u8]) {
    match word.split_first() {
        Some((first, rest)) if *first == sign => (true, rest),
        _ => (false, word),
    }
}

/// Where a value may be cut, from its beginning or, with `back`, from its end. Long values are not looked through.
fn ends(value: &[u8], back: bool) -> impl Iterator<Item = usize> {
    let length = value.len().min(PLACES);
    (0..=length).map(move |n| if back { length - n } else { n })
}

/// `${X:from}` or `${X:from:count}`
fn slice(text: &[u8], length: usize) -> (usize, usize) {
    let mut numbers = text
        .split(|b| *b == b':')
        .map(|part| std::str::from_utf8(part).ok()?.trim().parse::<usize>().ok());
    let from = numbers.next().flatten().unwrap_or(0).min(length);
    let count = numbers.next().flatten().unwrap_or(length);
    (from, count.min(length - from))
}

/// `a{b,c}` and `{1..3}` in a word that has nothing else in it but text; any other word stays as it is.
fn braces(word: &Word) -> Vec<Cow<'_, Word>> {
    let whole = || vec![Cow::Borrowed(word)];
    let [Piece::Text(text, false)] = word.as_slice() else {
        return whole();
    };
    let Some(start) = memchr::memchr(b'{', text) else {
        return whole();
    };
    let Some(end) = memchr::memchr(b'}', &text[start..]).map(|n| start + n) else {
        return whole();
    };
    let inside = &text[start + 1..end];
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<i32>().ok();
    let choices: Vec<Vec<u8>> = if inside.contains(&b',') {
        inside.split(|b| *b == b',').map(<[u8]>::to_vec).collect()
    } else if let Some(dots) = memchr::memmem::find(inside, b"..")
        && let (Some(first), Some(last)) = (number(&inside[..dots]), number(&inside[dots + 2..]))
    {
        (first..=last)
            .take(ARGUMENTS)
            .map(|n| n.to_string().into_bytes())
            .collect()
    } else {
        return whole();
    };
    if choices.len().saturating_mul(text.len()) > BRACES {
        return whole();
    }
    choices
        .into_iter()
        .map(|choice| {
            let text = [&text[..start], &choice, &text[end + 1..]].concat();
            Cow::Owned(vec![Piece::Text(text, false)])
        })
        .collect()
}
