//! Makes tokens of a command line: words with their quotes resolved, and operators.

use super::{From, Link, Piece, Quoted, Syntax, Word};

/// A word or an operator.
pub(super) enum Token {
    Word(Word),
    Link(Link, &'static str),
    Pipe,
    Redirect(From, Mode),
}

/// What kind of redirection.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    File,
    Append,
    Text,
    Other,
    Closed,
    /// `<<END`: its lines would come later, and are not waited for.
    Here,
}

/// Makes tokens of a line.
pub(super) struct Lexer<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// Whether the line goes on with `text`; if so, steps over it.
    fn take(&mut self, text: &str) -> bool {
        let found = self.line[self.at..].starts_with(text.as_bytes());
        if found {
            self.at += text.len();
        }
        found
    }

    /// The next token, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Syntax> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
        match self.peek() {
            None => return Ok(None),
            Some(b'#') => {
                self.at = self.line[self.at..]
                    .iter()
                    .position(|b| *b == b'\n')
                    .map_or(self.line.len(), |n| self.at + n);
                return Ok(self.next_after_comment());
            }
            _ => {}
        }
        for (text, token) in [
            ("&>>", (From::Both, Mode::Append)),
            ("&>", (From::Both, Mode::File)),
        ] {
            if self.take(text) {
                return Ok(Some(Token::Redirect(token.0, token.1)));
            }
        }
        for (text, link) in [
            ("&&", Link::And),
            ("||", Link::Or),
            (";;", Link::Always),
            (";", Link::Always),
            ("&", Link::Always),
            ("\n", Link::Always),
        ] {
            if self.take(text) {
                return Ok(Some(Token::Link(link, text)));
            }
        }
        for text in ["(", ")"] {
            if self.take(text) {
                return Ok(Some(Token::Link(Link::Always, text)));
            }
        }
        if self.take("|&") || self.take("|") {
            return Ok(Some(Token::Pipe));
        }
        if let Some(redirect) = self.redirect() {
            return Ok(Some(redirect));
        }
        Ok(Some(Token::Word(self.word()?)))
    }

    fn next_after_comment(&mut self) -> Option<Token> {
        self.take("\n").then_some(Token::Link(Link::Always, "\n"))
    }

    fn redirect(&mut self) -> Option<Token> {
        let from = match (self.peek()?, self.line.get(self.at + 1)) {
            (b'<', _) | (b'0', Some(b'<')) => From::Input,
            (b'>', _) | (b'1', Some(b'>')) => From::Output,
            (b'2', Some(b'>')) => From::Error,
            _ => return None,
        };
        if !matches!(self.peek(), Some(b'<' | b'>')) {
            self.at += 1;
        }
        let mode = if from == From::Input {
            if self.take("<<<") {
                Mode::Text
            } else if self.take("<<") {
                Mode::Here
            } else {
                self.at += 1;
                Mode::File
            }
        } else if self.take(">&-") {
            Mode::Closed
        } else if self.take(">&1") || self.take(">&2") {
            Mode::Other
        } else if self.take(">>") {
            Mode::Append
        } else {
            let _ = self.take(">|") || self.take(">&") || self.take(">");
            Mode::File
        };
        Some(Token::Redirect(from, mode))
    }

    fn word(&mut self) -> Result<Word, Syntax> {
        let mut word = Word::new();
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => {
                    break;
                }
                b'\'' => {
                    self.at += 1;
                    let rest = &self.line[self.at..];
                    let end = rest
                        .iter()
                        .position(|b| *b == b'\'')
                        .ok_or(Syntax::Unclosed(b'\''))?;
                    text(&mut word, &rest[..end]);
                    self.at += end + 1;
                }
                b'"' => self.quoted(&mut word)?,
                b'\\' => {
                    // At the line's end it stands for itself.
                    let escaped = self.line.get(self.at + 1).unwrap_or(&b'\\');
                    text(&mut word, &[*escaped]);
                    self.at += 2;
                }
                b'$' | b'`' => self.dollar(&mut word, false)?,
                b'~' if self.at == start
                    && matches!(
                        self.line.get(self.at + 1),
                        None | Some(b'/' | b' ' | b';' | b'&' | b'\n')
                    ) =>
                {
                    word.push(Piece::Variable(b"HOME".to_vec(), true));
                    self.at += 1;
                }
                _ => {
                    text(&mut word, &[byte]);
                    self.at += 1;
                }
            }
            self.at = self.at.min(self.line.len());
        }
        Ok(word)
    }

    fn quoted(&mut self, word: &mut Word) -> Result<(), Syntax> {
        self.at += 1;
        text(word, b"");
        loop {
            match self.peek().ok_or(Syntax::Unclosed(b'"'))? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' if matches!(self.line.get(self.at + 1), Some(b'"' | b'\\' | b'$' | b'`')) => {
                    text(word, &self.line[self.at + 1..self.at + 2]);
                    self.at += 2;
                }
                b'$' | b'`' => self.dollar(word, true)?,
                byte => {
                    text(word, &[byte]);
                    self.at += 1;
                }
            }
        }
    }

    /// What begins with a dollar or a backtick.
    fn dollar(&mut self, word: &mut Word, quoted: Quoted) -> Result<(), Syntax> {
        if self.take("`") {
            let rest = &self.line[self.at..];
            let end = rest
                .iter()
                .position(|b| *b == b'`')
                .ok_or(Syntax::Unclosed(b'`'))?;
            word.push(Piece::Substitution(rest[..end].to_vec(), quoted));
            self.at += end + 1;
        } else if self.take("$((") {
            let inner = self.bracketed(2)?;
            word.push(Piece::Arithmetic(inner));
        } else if self.take("$(") {
            let inner = self.bracketed(1)?;
            word.push(Piece::Substitution(inner, quoted));
        } else if self.take("${") {
            let rest = &self.line[self.at..];
            let end = rest
                .iter()
                .position(|b| *b == b'}')
                .ok_or(Syntax::Unclosed(b'}'))?;
            let name = rest[..end]
                .iter()
                .copied()
                .take_while(|b| is_name(*b))
                .collect();
            word.push(Piece::Variable(name, quoted));
            self.at += end + 1;
        } else {
            self.at += 1;
            let rest = &self.line[self.at..];
            let length = match rest.first() {
                Some(b'?' | b'$' | b'#' | b'!' | b'@' | b'*' | b'-' | b'0'..=b'9') => 1,
                _ => rest.iter().take_while(|b| is_name(**b)).count(),
            };
            if length == 0 {
                text(word, b"$");
            } else {
                word.push(Piece::Variable(rest[..length].to_vec(), quoted));
            }
            self.at += length;
        }
        Ok(())
    }

    /// The inside of brackets, of which `depth` are open, and steps over their ends.
    fn bracketed(&mut self, depth: usize) -> Result<Vec<u8>, Syntax> {
        let start = self.at;
        let mut open = depth;
        let mut quote = None;
        while let Some(byte) = self.peek() {
            match (quote, byte) {
                (Some(q), b) if q == b => quote = None,
                (None, b'\'' | b'"') => quote = Some(byte),
                (_, b'\\') if quote != Some(b'\'') => self.at += 1,
                (None, b'(') => open += 1,
                (None, b')') => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(self.line[start..self.at - depth.min(self.at - start)].to_vec());
            }
        }
        self.at = self.line.len();
        Err(Syntax::Unclosed(b')'))
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Adds bytes to the text at a word's end.
fn text(word: &mut Word, bytes: &[u8]) {
    if let Some(Piece::Text(last)) = word.last_mut() {
        last.extend_from_slice(bytes);
    } else {
        word.push(Piece::Text(bytes.to_vec()));
    }
}
