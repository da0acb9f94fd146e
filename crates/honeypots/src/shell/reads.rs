//! Tells which lines read what is sent after them.

use super::parse::{self, Body, Command, From, List, Piece};

/// How much a line reads of what is sent after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// One line.
    Line,
    /// Everything to its end.
    All,
    /// Everything to its end; on a terminal it has a prompt of its own instead.
    Prompt,
    /// Code to its end, with a prompt before each line on a terminal.
    Code,
}

/// What the first command of a line reads of what is sent after it, if it does.
pub(super) fn reads(line: &[u8]) -> Option<Reads> {
    list_reads(&parse::parse(line).ok()?)
}

fn list_reads(list: &List) -> Option<Reads> {
    list.iter()
        .filter_map(|(_, pipeline)| pipeline.commands.first())
        .find_map(command_reads)
}

fn command_reads(command: &Command) -> Option<Reads> {
    if command
        .redirects
        .iter()
        .any(|redirect| redirect.from == From::Input)
    {
        return None;
    }
    let words = match &command.body {
        Body::Simple(words) => words,
        Body::Group(list) | Body::Subshell(list) => return list_reads(list),
        Body::While(_, list, _) => return list_reads(list).map(|_| Reads::All),
        _ => return None,
    };
    let plain: Vec<&[u8]> = words
        .iter()
        .map(|word| match word.as_slice() {
            [Piece::Text(text, _)] => text.as_slice(),
            _ => b"?",
        })
        .collect();
    let (name, args) = plain.split_first()?;
    if args.contains(&b"-c".as_slice()) {
        return None;
    }
    let no_file = !args.iter().any(|arg| !arg.starts_with(b"-"));
    let lists = args.contains(&b"-l".as_slice()) || args.contains(&b"-r".as_slice());
    match name.rsplit(|b| *b == b'/').next().unwrap_or_default() {
        b"cat" | b"base64" | b"wc" | b"chpasswd" | b"crontab" if no_file && !lists => {
            Some(Reads::All)
        }
        b"sh" | b"bash" | b"passwd" if no_file && !lists => Some(Reads::Prompt),
        b"python3" if args.iter().all(|arg| matches!(*arg, b"-" | b"-i" | b"-u")) => {
            Some(Reads::Code)
        }
        b"tee" => Some(Reads::All),
        b"read" => Some(Reads::Line),
        b"dd" if !args.iter().any(|arg| arg.starts_with(b"if=")) => Some(Reads::All),
        _ => None,
    }
}
