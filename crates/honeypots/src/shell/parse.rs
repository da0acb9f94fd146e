//! Takes a command line apart, as far as an imitated shell needs it. Works on bytes; takes time linear in the
//! line's length, whatever the line says.

mod lexer;

use lexer::{Lexer, Mode, Token};

/// The most words and operators of one line.
const TOKENS: usize = 4096;

/// A command line: pipelines and how each hangs on the one before.
pub type List = Vec<(Link, Vec<Simple>)>;

/// When a pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// In any case.
    Always,
    /// When the one before succeeded.
    And,
    /// When the one before failed.
    Or,
}

/// One command with its redirections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simple {
    /// The command and its arguments.
    pub words: Vec<Word>,
    /// Where its input and output go.
    pub redirects: Vec<Redirect>,
}

/// A word before expansion.
pub type Word = Vec<Piece>;

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes as they are.
    Text(Vec<u8>),
    /// `$NAME`; split into words unless it stood in quotes.
    Variable(Vec<u8>, Quoted),
    /// `$(line)`; split into words unless it stood in quotes.
    Substitution(Vec<u8>, Quoted),
    /// `$((expression))`.
    Arithmetic(Vec<u8>),
}

/// Whether something stood in double quotes.
pub type Quoted = bool;

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// What is redirected.
    pub from: From,
    /// Where to, or where from.
    pub to: To,
}

/// What a redirection is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Standard input.
    Input,
    /// Standard output.
    Output,
    /// Standard error.
    Error,
    /// Output and error.
    Both,
}

/// What a redirection leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A file, read or replaced.
    File(Word),
    /// A file's end.
    Append(Word),
    /// The bytes themselves (`<<<`).
    Text(Word),
    /// The other output (`2>&1`, `>&2`).
    Other,
    /// Nowhere.
    Closed,
}

/// Why a line cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A token where none can stand.
    Unexpected(Vec<u8>),
    /// A quote or bracket that is not closed.
    Unclosed(u8),
    /// More tokens than anybody types.
    TooLong,
}

/// Takes a line apart.
pub fn parse(line: &[u8]) -> Result<List, Syntax> {
    let mut lexer = Lexer::new(line);
    let mut list = List::new();
    let mut joint = Link::Always;
    let mut pipeline: Vec<Simple> = vec![];
    let mut simple = Simple::default();
    let mut tokens = 0;
    while let Some(token) = lexer.next()? {
        tokens += 1;
        if tokens > TOKENS {
            return Err(Syntax::TooLong);
        }
        match token {
            Token::Word(word) => simple.words.push(word),
            Token::Redirect(from, mode) => {
                let to = match mode {
                    Mode::Other => Some(To::Other),
                    Mode::Closed => Some(To::Closed),
                    Mode::File | Mode::Append | Mode::Text | Mode::Here => {
                        let Some(Token::Word(word)) = lexer.next()? else {
                            return Err(Syntax::Unexpected(b"newline".to_vec()));
                        };
                        match mode {
                            Mode::Append => Some(To::Append(word)),
                            Mode::Text => Some(To::Text(word)),
                            Mode::Here => None,
                            _ => Some(To::File(word)),
                        }
                    }
                };
                simple.redirects.extend(to.map(|to| Redirect { from, to }));
            }
            Token::Pipe => {
                if simple == Simple::default() {
                    return Err(Syntax::Unexpected(b"|".to_vec()));
                }
                pipeline.push(std::mem::take(&mut simple));
            }
            Token::Link(next, text) => {
                if simple == Simple::default() {
                    // Empty commands are fine after a bracket or a line's end, not before `&&` and the like.
                    let dangling = !pipeline.is_empty()
                        || (list.is_empty() || joint != Link::Always) && text != "\n";
                    if dangling && !matches!(text, "(" | ")") {
                        return Err(Syntax::Unexpected(text.into()));
                    }
                    if next != Link::Always {
                        joint = next;
                    }
                } else {
                    pipeline.push(std::mem::take(&mut simple));
                    list.push((joint, std::mem::take(&mut pipeline)));
                    joint = next;
                }
            }
        }
    }
    if simple == Simple::default() {
        if pipeline.is_empty() && joint == Link::Always {
            return Ok(list);
        }
        return Err(Syntax::Unexpected(b"newline".to_vec()));
    }
    pipeline.push(simple);
    list.push((joint, pipeline));
    Ok(list)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<Vec<String>> {
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Piece::Variable(name, _) => format!("<{}>", String::from_utf8_lossy(name)),
            Piece::Substitution(line, _) => format!("<({})>", String::from_utf8_lossy(line)),
            Piece::Arithmetic(line) => format!("<(({}))>", String::from_utf8_lossy(line)),
        };
        let list = parse(line.as_bytes()).unwrap();
        let simple = list.iter().flat_map(|(_, pipeline)| pipeline);
        simple
            .map(|simple| {
                simple
                    .words
                    .iter()
                    .map(|word| word.iter().map(show).collect())
                    .collect()
            })
            .collect()
    }

    #[test]
    fn quotes_escapes_and_variables_make_words() {
        assert_eq!(
            words(r#"echo 'a b' "c $HOME" d\ e $? "" ~/x a~ $"#),
            [[
                "echo", "a b", "c <HOME>", "d e", "<?>", "", "<HOME>/x", "a~", "$"
            ]]
        );
        assert_eq!(
            words("a $(b $(c) ')') `d` $((1+(2))) ${X:-y}z"),
            [["a", "<(b $(c) ')')>", "<(d)>", "<((1+(2)))>", "<X>z"]]
        );
        assert_eq!(
            words("cd /tmp||cd /var;(ls)&& id # not this"),
            [
                vec!["cd", "/tmp"],
                vec!["cd", "/var"],
                vec!["ls"],
                vec!["id"]
            ]
        );
    }

    #[test]
    fn links_and_redirections_are_told_apart() {
        let list = parse(b"a && b || c | d >x 2>&1 >> y 2>/dev/null < z").unwrap();
        assert_eq!(
            list.iter()
                .map(|(link, p)| (*link, p.len()))
                .collect::<Vec<_>>(),
            [(Link::Always, 1), (Link::And, 1), (Link::Or, 2)]
        );
        let redirects = &list[2].1[1].redirects;
        assert_eq!(redirects.len(), 5);
        assert_eq!(
            redirects[1],
            Redirect {
                from: From::Error,
                to: To::Other
            }
        );
        assert_eq!(parse(b">x").unwrap()[0].1[0].redirects.len(), 1);
        assert_eq!(parse(b"echo 2>x").unwrap()[0].1[0].words.len(), 1);
        assert_eq!(parse(b"echo 12 >x").unwrap()[0].1[0].words.len(), 2);
    }

    #[test]
    fn broken_lines_say_where() {
        assert_eq!(parse(b"echo 'a"), Err(Syntax::Unclosed(b'\'')));
        assert_eq!(parse(b"echo $(a"), Err(Syntax::Unclosed(b')')));
        assert_eq!(parse(b"| a"), Err(Syntax::Unexpected(b"|".to_vec())));
        assert_eq!(parse(b"; a"), Err(Syntax::Unexpected(b";".to_vec())));
        assert_eq!(parse(b"a &&"), Err(Syntax::Unexpected(b"newline".to_vec())));
        assert_eq!(parse(b"a >"), Err(Syntax::Unexpected(b"newline".to_vec())));
        assert_eq!(parse(&b"a ".repeat(TOKENS + 1)), Err(Syntax::TooLong));
        assert_eq!(parse(b"  "), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn no_line_panics(line: Vec<u8>) {
            let _ = parse(&line);
        }

        #[test]
        fn no_line_of_shell_signs_panics(line in r#"[$(){}'"`\\<>|&;#~a0-2? \n-]{0,60}"#) {
            let _ = parse(line.as_bytes());
        }
    }
}
