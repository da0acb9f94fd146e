//! Makes arguments of words.

use super::{
    Shell,
    bounds::{Run, Streams},
    parse::{Piece, Word},
};

/// The most arguments of one command.
const ARGUMENTS: usize = 4096;

impl Shell {
    /// The arguments that all words of a command come to.
    pub(super) fn expand_all(&mut self, words: &[Word], run: &mut Run) -> Vec<Vec<u8>> {
        let mut args = vec![];
        for word in words {
            args.extend(self.expand(word, run));
            if args.len() > ARGUMENTS {
                args.truncate(ARGUMENTS);
                break;
            }
        }
        args
    }

    /// The arguments that one word comes to: usually one, and none or many if something unquoted in it says so.
    pub(super) fn expand(&mut self, word: &Word, run: &mut Run) -> Vec<Vec<u8>> {
        let mut args: Vec<Vec<u8>> = vec![];
        // Whether the next bytes belong to the last argument.
        let mut open = false;
        for piece in word {
            let (bytes, split) = match piece {
                Piece::Text(text) => (text.clone(), false),
                Piece::Variable(name, quoted) => (self.variable(name), !quoted),
                Piece::Substitution(line, quoted) => (self.substitute(line, run), !quoted),
                Piece::Arithmetic(expression) => {
                    (self.arithmetic(expression).to_string().into_bytes(), false)
                }
            };
            if !run.may_expand(bytes.len()) {
                break;
            }
            if !split {
                if !open {
                    args.push(vec![]);
                }
                args.last_mut()
                    .into_iter()
                    .for_each(|last| last.extend_from_slice(&bytes));
                open = true;
                continue;
            }
            open &= !bytes.first().is_some_and(u8::is_ascii_whitespace);
            for field in bytes
                .split(u8::is_ascii_whitespace)
                .filter(|field| !field.is_empty())
                .take(ARGUMENTS)
            {
                match args.last_mut() {
                    Some(last) if open => last.extend_from_slice(field),
                    _ => args.push(field.to_vec()),
                }
                open = false;
            }
            open = !bytes.is_empty() && !bytes.last().is_some_and(u8::is_ascii_whitespace)
                || open && bytes.is_empty();
        }
        args
    }

    fn variable(&self, name: &[u8]) -> Vec<u8> {
        match name {
            b"?" => self.status.to_string().into_bytes(),
            b"$" => b"2817".to_vec(),
            b"0" => b"-bash".to_vec(),
            b"#" => b"0".to_vec(),
            b"UID" | b"EUID" => self.uid.to_string().into_bytes(),
            b"PWD" => self.directory.clone(),
            b"HOSTNAME" => self.machine.hostname.clone().into_bytes(),
            _ => self.variables.get(name).cloned().unwrap_or_default(),
        }
    }

    fn substitute(&mut self, line: &[u8], run: &mut Run) -> Vec<u8> {
        if !run.step() {
            return vec![];
        }
        let mut streams = Streams::default();
        // What is changed inside stays inside, but for files: those are shared by all processes.
        let (variables, directory) = (self.variables.clone(), self.directory.clone());
        self.run_line(line, b"", &mut streams, run);
        (self.variables, self.directory) = (variables, directory);
        run.ended = false;
        let mut bytes = streams.out;
        bytes.retain(|b| *b != 0);
        while bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        bytes
    }

    /// The value of an expression, worked out from left to right: enough for those who ask what 6*7 is.
    fn arithmetic(&self, expression: &[u8]) -> i64 {
        let mut value = 0i64;
        let mut operator = b'+';
        let mut rest = expression;
        while let Some(first) = rest.first() {
            let length = rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count();
            if length == 0 {
                if b"+-*/%".contains(first) {
                    operator = *first;
                }
                rest = &rest[1..];
                continue;
            }
            let (token, after) = rest.split_at(length);
            rest = after;
            let number = |text: &[u8]| {
                std::str::from_utf8(text)
                    .ok()
                    .and_then(|text| text.parse::<i64>().ok())
            };
            let operand = number(token)
                .or_else(|| number(&self.variable(token)))
                .unwrap_or(0);
            value = match operator {
                b'-' => value.wrapping_sub(operand),
                b'*' => value.wrapping_mul(operand),
                b'/' => value.checked_div(operand).unwrap_or(0),
                b'%' => value.checked_rem(operand).unwrap_or(0),
                _ => value.wrapping_add(operand),
            };
        }
        value
    }
}

/// Arguments as one, as where only one can stand.
pub(super) fn join(args: &[Vec<u8>]) -> Vec<u8> {
    args.join(&b' ')
}
