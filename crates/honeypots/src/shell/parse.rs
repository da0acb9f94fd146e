//! Takes a command line or a script apart, as far as an imitated shell needs it. Works on bytes; takes time linear
//! in its length, whatever it says.

use std::sync::Arc;

mod lexer;
mod syntax;

pub use syntax::{Body, Command, From, Link, List, Piece, Pipeline, Quoted, Redirect, To, Word};

use lexer::{Lexer, Mode, Token};

/// The most words and operators of one script.
const TOKENS: usize = 16_384;
/// How deep commands may lie within commands.
const DEPTH: usize = 24;

/// Why a line cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A token where none can stand.
    Unexpected(Vec<u8>),
    /// A quote or bracket that is not closed.
    Unclosed(u8),
    /// Something more has to come.
    End,
    /// More tokens, or deeper ones, than anybody types.
    TooLong,
}

/// Takes a line or a script apart.
pub fn parse(text: &[u8]) -> Result<List, Syntax> {
    read(text).map(|(list, _)| list)
}

/// Whether a shell with somebody in front of it would wait for another line.
#[must_use]
pub fn is_unfinished(text: &[u8]) -> bool {
    match read(text) {
        Ok((_, unfinished)) => unfinished || text.ends_with(b"\\") && !text.ends_with(b"\\\\"),
        Err(syntax) => matches!(syntax, Syntax::Unclosed(_) | Syntax::End),
    }
}

/// The inside of double quotes, to its end.
#[must_use]
pub fn quoted(text: &[u8]) -> Word {
    Lexer::new(text).all_quoted()
}

fn read(text: &[u8]) -> Result<(List, bool), Syntax> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        next: None,
        looked: false,
        tokens: 0,
        depth: 0,
    };
    let list = parser.list(&[])?;
    match parser.take()? {
        None => Ok((list, parser.lexer.unfinished)),
        Some(token) => Err(Syntax::Unexpected(token.text())),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The next token, if it was looked at.
    next: Option<Token>,
    looked: bool,
    tokens: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Result<Option<&Token>, Syntax> {
        if !self.looked {
            self.tokens += 1;
            if self.tokens > TOKENS {
                return Err(Syntax::TooLong);
            }
            self.next = self.lexer.next()?;
            self.looked = true;
        }
        Ok(self.next.as_ref())
    }

    fn take(&mut self) -> Result<Option<Token>, Syntax> {
        self.peek()?;
        self.looked = false;
        Ok(self.next.take())
    }

    /// Steps over a token if it is this one.
    fn skip(&mut self, wanted: &[u8]) -> Result<bool, Syntax> {
        let found = self.peek()?.is_some_and(|token| token.is(wanted));
        if found {
            self.looked = false;
        }
        Ok(found)
    }

    fn expect(&mut self, wanted: &[u8]) -> Result<(), Syntax> {
        if self.skip(wanted)? {
            return Ok(());
        }
        Err(match self.peek()? {
            None => Syntax::End,
            Some(token) => Syntax::Unexpected(token.text()),
        })
    }

    fn newlines(&mut self) -> Result<(), Syntax> {
        while self.skip(b"\n")? {}
        Ok(())
    }

    /// Pipelines up to one of the ends, which stays.
    fn list(&mut self, ends: &[&[u8]]) -> Result<List, Syntax> {
        let mut list = List::new();
        let mut link = Link::Always;
        loop {
            self.newlines()?;
            let end = match self.peek()? {
                None => true,
                Some(token) => ends.iter().any(|end| token.is(end)),
            };
            if end {
                return match (link, self.peek()?) {
                    (Link::Always, None) if ends.is_empty() => Ok(list),
                    (_, None) => Err(Syntax::End),
                    (Link::Always, _) => Ok(list),
                    (_, Some(token)) => Err(Syntax::Unexpected(token.text())),
                };
            }
            list.push((link, self.pipeline()?));
            link = if self.skip(b"&&")? {
                Link::And
            } else if self.skip(b"||")? {
                Link::Or
            } else if self.skip(b";")? || self.skip(b"&")? || self.skip(b"\n")? {
                Link::Always
            } else {
                match self.peek()? {
                    None => Link::Always,
                    Some(token) if ends.iter().any(|end| token.is(end)) => Link::Always,
                    Some(token) => return Err(Syntax::Unexpected(token.text())),
                }
            };
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, Syntax> {
        let mut negated = false;
        while self.skip(b"!")? {
            negated = !negated;
        }
        let mut commands = vec![self.command()?];
        while self.skip(b"|")? {
            self.newlines()?;
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Result<Command, Syntax> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Syntax::TooLong);
        }
        let word = match self.peek()? {
            None => return Err(Syntax::End),
            Some(token) => token.keyword().map(<[u8]>::to_vec),
        };
        let mut redirects = vec![];
        let body = match word.as_deref() {
            Some(b"(") => {
                self.looked = false;
                let list = self.list(&[b")"])?;
                self.expect(b")")?;
                Body::Subshell(list)
            }
            Some(b"{") => {
                self.looked = false;
                let list = self.list(&[b"}"])?;
                self.expect(b"}")?;
                Body::Group(list)
            }
            Some(b"if") => self.branches()?,
            Some(word @ (b"while" | b"until")) => {
                self.looked = false;
                let condition = self.list(&[b"do"])?;
                Body::While(word == b"until", condition, self.body()?)
            }
            Some(b"for") => self.each()?,
            Some(b"case") => self.case()?,
            Some(b"function") => {
                self.looked = false;
                let name = self.name()?;
                if self.skip(b"(")? {
                    self.expect(b")")?;
                }
                self.function(name)?
            }
            Some(
                word @ (b"then" | b"fi" | b"do" | b"done" | b"else" | b"elif" | b"esac" | b"}"),
            ) => return Err(Syntax::Unexpected(word.to_vec())),
            _ => self.simple(&mut redirects)?,
        };
        if !matches!(body, Body::Simple(_)) {
            while let Some(Token::Redirect(..)) = self.peek()? {
                self.redirect(&mut redirects)?;
            }
        }
        self.depth -= 1;
        Ok(Command { body, redirects })
    }

    fn simple(&mut self, redirects: &mut Vec<Redirect>) -> Result<Body, Syntax> {
        let mut words = vec![];
        loop {
            match self.peek()? {
                Some(Token::Word(_)) => {
                    if let Some(Token::Word(word)) = self.take()? {
                        words.push(word);
                    }
                }
                Some(Token::Redirect(..)) => self.redirect(redirects)?,
                Some(token) if token.is(b"(") && words.len() == 1 && redirects.is_empty() => {
                    self.looked = false;
                    self.expect(b")")?;
                    let name = words.pop().map(|word| plain(&word).to_vec());
                    return self.function(name.unwrap_or_default());
                }
                Some(token) if words.is_empty() && redirects.is_empty() => {
                    return Err(Syntax::Unexpected(token.text()));
                }
                _ => return Ok(Body::Simple(words)),
            }
        }
    }

    fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> Result<(), Syntax> {
        let Some(Token::Redirect(from, mode)) = self.take()? else {
            return Ok(());
        };
        let to = match mode {
            Mode::Other => To::Other,
            Mode::Closed => To::Closed,
            Mode::File | Mode::Append | Mode::Text | Mode::Here { .. } => {
                let word = match self.take()? {
                    Some(Token::Word(word)) => word,
                    Some(token) => return Err(Syntax::Unexpected(token.text())),
                    None => return Err(Syntax::Unexpected(b"newline".to_vec())),
                };
                match mode {
                    Mode::Append => To::Append(word),
                    Mode::Text => To::Text(word),
                    Mode::Here { tabs } => To::Here(self.lexer.here(&word, tabs)),
                    _ => To::File(word),
                }
            }
        };
        redirects.push(Redirect { from, to });
        Ok(())
    }

    /// `do …; done`
    fn body(&mut self) -> Result<List, Syntax> {
        self.expect(b"do")?;
        let list = self.list(&[b"done"])?;
        self.expect(b"done")?;
        Ok(list)
    }

    fn branches(&mut self) -> Result<Body, Syntax> {
        let mut branches = vec![];
        self.looked = false;
        loop {
            let condition = self.list(&[b"then"])?;
            self.expect(b"then")?;
            branches.push((condition, self.list(&[b"elif", b"else", b"fi"])?));
            if self.skip(b"fi")? {
                return Ok(Body::If(branches, vec![]));
            }
            if self.skip(b"else")? {
                let otherwise = self.list(&[b"fi"])?;
                self.expect(b"fi")?;
                return Ok(Body::If(branches, otherwise));
            }
            self.expect(b"elif")?;
        }
    }

    fn each(&mut self) -> Result<Body, Syntax> {
        self.looked = false;
        let name = self.name()?;
        self.newlines()?;
        let words = if self.skip(b"in")? {
            let mut words = vec![];
            while let Some(Token::Word(_)) = self.peek()? {
                if let Some(Token::Word(word)) = self.take()? {
                    words.push(word);
                }
            }
            Some(words)
        } else {
            None
        };
        let _ = self.skip(b";")?;
        self.newlines()?;
        Ok(Body::For(name, words, self.body()?))
    }

    fn case(&mut self) -> Result<Body, Syntax> {
        self.looked = false;
        let subject = self.word()?;
        self.newlines()?;
        self.expect(b"in")?;
        let mut choices = vec![];
        loop {
            self.newlines()?;
            if self.skip(b"esac")? {
                return Ok(Body::Case(subject, choices));
            }
            let _ = self.skip(b"(")?;
            let mut patterns = vec![self.word()?];
            while self.skip(b"|")? {
                patterns.push(self.word()?);
            }
            self.expect(b")")?;
            choices.push((patterns, self.list(&[b";;", b"esac"])?));
            let _ = self.skip(b";;")?;
        }
    }

    fn function(&mut self, name: Vec<u8>) -> Result<Body, Syntax> {
        let before = self.tokens;
        self.newlines()?;
        let command = self.command()?;
        let pipeline = Pipeline {
            negated: false,
            commands: vec![command],
        };
        let list = Arc::new(vec![(Link::Always, pipeline)]);
        Ok(Body::Function(name, list, self.tokens - before))
    }

    fn word(&mut self) -> Result<Word, Syntax> {
        match self.take()? {
            Some(Token::Word(word)) => Ok(word),
            Some(token) => Err(Syntax::Unexpected(token.text())),
            None => Err(Syntax::End),
        }
    }

    fn name(&mut self) -> Result<Vec<u8>, Syntax> {
        self.word().map(|word| plain(&word).to_vec())
    }
}

/// A word that is nothing but text; empty for any other.
#[must_use]
pub fn plain(word: &Word) -> &[u8] {
    match word.as_slice() {
        [Piece::Text(text, _)] => text,
        _ => b"",
    }
}

#[cfg(test)]
mod tests;
