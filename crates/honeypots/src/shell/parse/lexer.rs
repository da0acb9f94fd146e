//! Makes tokens of a command line: words with their quotes resolved, and operators.

use super::{From, Piece, Quoted, Syntax, Word};
use crate::shell::escape::unescape;

/// A word or an operator.
#[derive(Debug)]
pub(super) enum Token {
    Word(Word),
    /// An operator by its text.
    Operator(&'static str),
    Redirect(From, Mode),
}

impl Token {
    /// Whether it is this operator, or this word without quotes.
    pub(super) fn is(&self, text: &[u8]) -> bool {
        self.keyword() == Some(text)
    }

    /// What may be a keyword or an operator.
    pub(super) fn keyword(&self) -> Option<&[u8]> {
        match self {
            Self::Operator(text) => Some(text.as_bytes()),
            Self::Word(word) => match word.as_slice() {
                [Piece::Text(text, false)] => Some(text),
                _ => None,
            },
            Self::Redirect(..) => None,
        }
    }

    /// How a shell shows it when it complains.
    pub(super) fn text(&self) -> Vec<u8> {
        match self {
            Self::Operator("\n") => b"newline".to_vec(),
            Self::Operator(text) => text.as_bytes().to_vec(),
            Self::Word(word) => match word.first() {
                Some(Piece::Text(text, _)) => text.clone(),
                _ => b"$".to_vec(),
            },
            Self::Redirect(From::Input, _) => b"<".to_vec(),
            Self::Redirect(..) => b">".to_vec(),
        }
    }
}

/// What kind of redirection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    File,
    Append,
    Text,
    Other,
    Closed,
    /// `<<END`, or `<<-END`, which takes the tabs before each line away.
    Here {
        tabs: bool,
    },
}

/// Makes tokens of a line.
pub(super) struct Lexer<'a> {
    line: &'a [u8],
    at: usize,
    /// Where the line that is being read goes on once its here-documents are over.
    resume: Option<usize>,
    /// Whether a here-document has no end.
    pub(super) unfinished: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self {
            line,
            at: 0,
            resume: None,
            unfinished: false,
        }
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
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.line.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'#') => {
                    let rest = &self.line[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                Some(_) => break,
                None => return Ok(None),
            }
        }
        for (text, mode) in [("&>>", Mode::Append), ("&>", Mode::File)] {
            if self.take(text) {
                return Ok(Some(Token::Redirect(From::Both, mode)));
            }
        }
        if self.take("\n") {
            self.at = self.resume.take().unwrap_or(self.at);
            return Ok(Some(Token::Operator("\n")));
        }
        if self.take("|&") {
            return Ok(Some(Token::Operator("|")));
        }
        for text in ["&&", "||", ";;", ";", "&", "|", "(", ")"] {
            if self.take(text) {
                return Ok(Some(Token::Operator(text)));
            }
        }
        if self.take("<(") {
            let line = self.bracketed(1)?;
            return Ok(Some(Token::Word(vec![Piece::Process(line)])));
        }
        if let Some(redirect) = self.redirect() {
            return Ok(Some(redirect));
        }
        Ok(Some(Token::Word(self.word()?)))
    }

    /// The here-document that ends with a word: it begins at the next line.
    pub(super) fn here(&mut self, end: &Word, tabs: bool) -> Word {
        let mut delimiter = vec![];
        let mut literal = false;
        for piece in end {
            if let Piece::Text(text, quoted) = piece {
                delimiter.extend_from_slice(text);
                literal |= quoted;
            }
        }
        let start = self.resume.or_else(|| {
            let rest = &self.line[self.at..];
            memchr::memchr(b'\n', rest).map(|n| self.at + n + 1)
        });
        let mut body = vec![];
        let mut at = start.unwrap_or(self.line.len());
        let mut found = false;
        while at < self.line.len() {
            let rest = &self.line[at..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            at = (at + length + 1).min(self.line.len());
            let mut line = &rest[..length];
            while let (true, Some(after)) = (tabs, line.strip_prefix(b"\t")) {
                line = after;
            }
            if line.strip_suffix(b"\r").unwrap_or(line) == delimiter {
                found = true;
                break;
            }
            body.extend_from_slice(line);
            body.push(b'\n');
        }
        self.unfinished |= !found;
        self.resume = Some(at);
        if literal {
            vec![Piece::Text(body, true)]
        } else {
            Lexer::new(&body).all_quoted()
        }
    }

    /// Everything, as the inside of double quotes.
    pub(super) fn all_quoted(mut self) -> Word {
        let mut word = Word::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' if matches!(self.line.get(self.at + 1), Some(b'\\' | b'$' | b'`')) => {
                    text(&mut word, &self.line[self.at + 1..self.at + 2], true);
                    self.at += 2;
                }
                b'$' | b'`' => {
                    let before = self.at;
                    // What is not closed is text, to the end.
                    if self.dollar(&mut word, true).is_err() {
                        text(&mut word, &self.line[before..], true);
                        break;
                    }
                }
                byte => {
                    text(&mut word, &[byte], true);
                    self.at += 1;
                }
            }
        }
        word
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
            } else if self.take("<<-") {
                Mode::Here { tabs: true }
            } else if self.take("<<") {
                Mode::Here { tabs: false }
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
                    let end = memchr::memchr(b'\'', rest).ok_or(Syntax::Unclosed(b'\''))?;
                    text(&mut word, &rest[..end], true);
                    self.at += end + 1;
                }
                b'"' => self.quoted(&mut word)?,
                b'\\' => {
                    match self.line.get(self.at + 1) {
                        Some(b'\n') => {}
                        // At the line's end it stands for itself.
                        escaped => text(&mut word, &[*escaped.unwrap_or(&b'\\')], true),
                    }
                    self.at += 2;
                }
                b'$' if self.line[self.at + 1..].starts_with(b"'") => {
                    self.at += 2;
                    let rest = &self.line[self.at..];
                    let end = memchr::memchr(b'\'', rest).ok_or(Syntax::Unclosed(b'\''))?;
                    text(&mut word, &unescape(&rest[..end]), true);
                    self.at += end + 1;
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
                    text(&mut word, &[byte], false);
                    self.at += 1;
                }
            }
            self.at = self.at.min(self.line.len());
        }
        Ok(word)
    }

    fn quoted(&mut self, word: &mut Word) -> Result<(), Syntax> {
        self.at += 1;
        text(word, b"", true);
        loop {
            match self.peek().ok_or(Syntax::Unclosed(b'"'))? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' if matches!(self.line.get(self.at + 1), Some(b'"' | b'\\' | b'$' | b'`')) => {
                    text(word, &self.line[self.at + 1..self.at + 2], true);
                    self.at += 2;
                }
                b'$' | b'`' => self.dollar(word, true)?,
                byte => {
                    text(word, &[byte], true);
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
            let mut open = 1;
            let end = rest.iter().position(|b| {
                open += i32::from(*b == b'{') - i32::from(*b == b'}');
                open == 0
            });
            let end = end.ok_or(Syntax::Unclosed(b'}'))?;
            word.push(Piece::Variable(rest[..end].to_vec(), quoted));
            self.at += end + 1;
        } else {
            self.at += 1;
            let rest = &self.line[self.at..];
            let length = match rest.first() {
                Some(b'?' | b'$' | b'#' | b'!' | b'@' | b'*' | b'-' | b'0'..=b'9') => 1,
                _ => rest.iter().take_while(|b| is_name(**b)).count(),
            };
            if length == 0 {
                text(word, b"$", quoted);
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
fn text(word: &mut Word, bytes: &[u8], quoted: Quoted) {
    match word.last_mut() {
        Some(Piece::Text(last, alike)) if *alike == quoted => last.extend_from_slice(bytes),
        _ => word.push(Piece::Text(bytes.to_vec(), quoted)),
    }
}
