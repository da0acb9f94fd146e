//! `grep`, and the regular expressions of all tools.

use regex::bytes::{Regex, RegexBuilder};

use super::{Call, files::content, lines};
use crate::shell::Shell;

/// The most memory that one expression may take, compiled.
const SIZE: usize = 256 * 1024;

/// Compiles a POSIX expression, basic or extended.
pub(super) fn expression(pattern: &[u8], extended: bool, fold: bool) -> Option<Regex> {
    let text = if extended {
        translate(pattern, |_| false)
    } else {
        translate(pattern, |byte| b"+?|(){}".contains(&byte))
    };
    RegexBuilder::new(&text)
        .case_insensitive(fold)
        .unicode(false)
        .size_limit(SIZE)
        .dfa_size_limit(SIZE)
        .nest_limit(32)
        .build()
        .ok()
}

/// Writes an expression as the library wants it. Signs for which `swapped` holds mean something only behind a
/// backslash.
fn translate(pattern: &[u8], swapped: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(pattern.len() + 16);
    let mut bytes = pattern.iter().copied().peekable();
    let mut bracket = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if !bracket => match bytes.next() {
                Some(next) if swapped(next) => text.push(char::from(next)),
                Some(b'<' | b'>') => text.push_str("\\b"),
                Some(next @ (b'w' | b'W' | b's' | b'S' | b'b' | b'B' | b'd' | b'n' | b't')) => {
                    text.push('\\');
                    text.push(char::from(next));
                }
                Some(next) => literal(&mut text, next),
                None => literal(&mut text, b'\\'),
            },
            b'[' if bracket => {
                // `[:digit:]` stays; a mere bracket would begin a set within the set.
                if bytes.peek() != Some(&b':') {
                    text.push('\\');
                }
                text.push('[');
            }
            b'[' => {
                bracket = true;
                text.push('[');
                if bytes.next_if_eq(&b'^').is_some() {
                    text.push('^');
                }
                if bytes.next_if_eq(&b']').is_some() {
                    text.push_str("\\]");
                }
            }
            b':' if bracket && bytes.peek() == Some(&b']') && text.contains("[:") => {
                bytes.next();
                text.push_str(":]");
            }
            b']' if bracket => {
                bracket = false;
                text.push(']');
            }
            b'\\' | b'&' | b'~' if bracket => {
                text.push('\\');
                text.push(char::from(byte));
            }
            _ if !bracket && swapped(byte) => literal(&mut text, byte),
            b'*' if text.is_empty() || text.ends_with('^') => text.push_str("\\*"),
            b'.' | b'*' | b'^' | b'$' | b'+' | b'?' | b'|' | b'(' | b')' | b'{' | b'}' => {
                text.push(char::from(byte));
            }
            b'-' if bracket => text.push('-'),
            _ => literal(&mut text, byte),
        }
    }
    text
}

fn literal(text: &mut String, byte: u8) {
    use std::fmt::Write as _;
    if byte.is_ascii_alphanumeric() || b" _/".contains(&byte) {
        text.push(char::from(byte));
    } else {
        let _ = write!(text, "\\x{byte:02x}");
    }
}

pub(super) fn grep(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (mut patterns, mut names) = (vec![], vec![]);
    let (mut before, mut after, mut most) = (0, 0, usize::MAX);
    let mut args = call.args.iter();
    let number = |value: &[u8]| std::str::from_utf8(value).ok().and_then(|n| n.parse().ok());
    while let Some(arg) = args.next() {
        match arg.as_slice() {
            b"-e" => patterns.extend(args.next().map(Vec::as_slice)),
            b"-A" => after = args.next().and_then(|n| number(n)).unwrap_or(0),
            b"-B" => before = args.next().and_then(|n| number(n)).unwrap_or(0),
            b"-m" => most = args.next().and_then(|n| number(n)).unwrap_or(most),
            arg if arg.starts_with(b"-m") => most = number(&arg[2..]).unwrap_or(most),
            arg if arg.starts_with(b"-A") => after = number(&arg[2..]).unwrap_or(0),
            arg if arg.starts_with(b"-") && arg.len() > 1 => {}
            arg => names.push(arg),
        }
    }
    if patterns.is_empty() && !names.is_empty() {
        patterns.push(names.remove(0));
    }
    if patterns.is_empty() {
        call.streams.complain(b"Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n");
        return 2;
    }
    let extended = call.has(b'E') || call.has(b'P') || call.name == b"egrep";
    let fixed = call.has(b'F') || call.name == b"fgrep";
    let mut expressions = vec![];
    for pattern in patterns.into_iter().take(16) {
        let escaped = regex::escape(&String::from_utf8_lossy(pattern));
        let compiled = if fixed {
            expression(escaped.as_bytes(), true, call.has(b'i'))
        } else {
            expression(pattern, extended, call.has(b'i'))
        };
        let Some(compiled) = compiled else {
            call.complain("Invalid regular expression");
            return 2;
        };
        expressions.push(compiled);
    }
    // Each file is searched by itself only where its name is shown.
    let shown = names.len() > 1 && !call.has(b'h');
    let groups: Vec<&[&[u8]]> = if shown {
        names.chunks(1).collect()
    } else {
        vec![&names]
    };
    let (mut any, mut status) = (false, 0);
    for group in groups {
        let (bytes, failed) = content(shell, call, group);
        status = status.max(failed * 2);
        if !call
            .run
            .may_read(bytes.len().saturating_mul(expressions.len()))
        {
            call.complain("memory exhausted");
            return 2;
        }
        let prefix = match group {
            [name] if shown => [name, b":".as_slice()].concat(),
            _ => vec![],
        };
        any |= search(call, &bytes, &expressions, &prefix, (before, after, most));
    }
    if status > 0 && !any {
        status
    } else {
        u8::from(!any)
    }
}

/// Prints what is found in one text; whether anything is.
fn search(
    call: &mut Call<'_>,
    bytes: &[u8],
    expressions: &[Regex],
    prefix: &[u8],
    (before, after, most): (usize, usize, usize),
) -> bool {
    let invert = call.has(b'v');
    let whole = |line: &[u8], found: regex::bytes::Match<'_>| {
        let word = |n: Option<&u8>| n.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let start = found.start().checked_sub(1);
        !call.has(b'w') || !word(start.and_then(|n| line.get(n))) && !word(line.get(found.end()))
    };
    let fits = |line: &[u8]| {
        expressions.iter().any(|expression| {
            expression
                .find_iter(line)
                .any(|found| whole(line, found) && (!call.has(b'x') || found.len() == line.len()))
        }) != invert
    };
    let all: Vec<&[u8]> = lines(bytes).collect();
    let found: Vec<usize> = (0..all.len())
        .filter(|n| fits(all[*n]))
        .take(most)
        .collect();
    if call.has(b'c') {
        call.print([prefix, format!("{}\n", found.len()).as_bytes()].concat());
    } else if call.has(b'l') && !found.is_empty() {
        call.print([prefix.strip_suffix(b":").unwrap_or(prefix), b"\n"].concat());
    } else if call.has(b'o') && !call.has(b'q') {
        for n in &found {
            for expression in expressions {
                for part in expression.find_iter(all[*n]) {
                    call.print([prefix, part.as_bytes(), b"\n"].concat());
                }
            }
        }
    } else if !call.has(b'q') {
        let mut next = 0;
        for n in &found {
            let last = n.saturating_add(after).min(all.len() - 1);
            let first = n.saturating_sub(before).max(next);
            for (at, line) in all.iter().enumerate().take(last + 1).skip(first) {
                let number = if call.has(b'n') {
                    format!("{}:", at + 1)
                } else {
                    String::new()
                };
                call.print([prefix, number.as_bytes(), line, b"\n"].concat());
            }
            next = next.max(last + 1);
        }
    }
    !found.is_empty()
}
