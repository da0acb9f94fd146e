//! What lines are made of.

use std::sync::Arc;

/// Pipelines and how each hangs on the one before.
pub type List = Vec<(Link, Pipeline)>;

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

/// Commands of which each reads what the one before writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Whether it succeeds when it fails (`!`).
    pub negated: bool,
    /// Its commands.
    pub commands: Vec<Command>,
}

/// One command with its redirections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it is.
    pub body: Body,
    /// Where its input and output go.
    pub redirects: Vec<Redirect>,
}

/// What a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Assignments, a name, and arguments.
    Simple(Vec<Word>),
    /// `{ …; }`
    Group(List),
    /// `( … )`
    Subshell(List),
    /// `if`: conditions with what is done, and what is done else.
    If(Vec<(List, List)>, List),
    /// `for name in words`; without words over the arguments.
    For(Vec<u8>, Option<Vec<Word>>, List),
    /// `while`, or `until` if that is true.
    While(bool, List, List),
    /// `case`: patterns and what is done.
    Case(Word, Vec<(Vec<Word>, List)>),
    /// `name() { … }`, and how many tokens it takes.
    Function(Vec<u8>, Arc<List>, usize),
}

/// A word before expansion.
pub type Word = Vec<Piece>;

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes as they are.
    Text(Vec<u8>, Quoted),
    /// `$NAME` or `${NAME…}`; split into words unless it stood in quotes.
    Variable(Vec<u8>, Quoted),
    /// `$(line)`; split into words unless it stood in quotes.
    Substitution(Vec<u8>, Quoted),
    /// `$((expression))`.
    Arithmetic(Vec<u8>),
    /// `<(line)`: the name of a file with what the line prints.
    Process(Vec<u8>),
}

/// Whether something stood in quotes.
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
    /// The bytes themselves, and a line's end (`<<<`).
    Text(Word),
    /// The bytes themselves (`<<END`).
    Here(Word),
    /// The other output (`2>&1`, `>&2`).
    Other,
    /// Nowhere.
    Closed,
}
