//! Commands that print text and work on it.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Call, files::content, lines};
use crate::shell::Shell;

pub(super) fn echo(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let is_option = |arg: &&Vec<u8>| {
        arg.len() > 1 && arg.starts_with(b"-") && arg[1..].iter().all(|b| b"neE".contains(b))
    };
    let options: Vec<_> = call.args.iter().take_while(is_option).collect();
    let has = |option: u8| options.iter().any(|arg| arg.contains(&option));
    let (newline, escapes) = (!has(b'n'), has(b'e'));
    let mut text = call.args[options.len()..].join(&b' ');
    if escapes {
        text = unescape(&text);
    }
    if newline {
        text.push(b'\n');
    }
    call.print(text);
    0
}

/// Follows `\n`, `\x41`, `\101` and the like.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let Some((kind, after)) = rest.split_first() else {
            out.push(b'\\');
            break;
        };
        rest = after;
        match kind {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' => out.push(27),
            b'\\' => out.push(b'\\'),
            b'x' => number(&mut out, &mut rest, 16, 2, b"\\x"),
            b'0' => number(&mut out, &mut rest, 8, 3, b"\0"),
            b'1'..=b'7' => {
                rest = &text[text.len() - rest.len() - 1..];
                number(&mut out, &mut rest, 8, 3, b"");
            }
            other => out.extend_from_slice(&[b'\\', *other]),
        }
    }
    out
}

/// Reads up to `most` digits as one byte; without any, `otherwise` stands for itself.
fn number(out: &mut Vec<u8>, rest: &mut &[u8], radix: u32, most: usize, otherwise: &[u8]) {
    let digits = rest
        .iter()
        .take(most)
        .map_while(|b| char::from(*b).to_digit(radix));
    let (count, value) = digits.fold((0, 0), |(count, value), digit| {
        (count + 1, value * radix + digit)
    });
    if count == 0 {
        out.extend_from_slice(otherwise);
    } else {
        out.push(value as u8);
    }
    *rest = &rest[count..];
}

/// `printf format words`, of whose conversions only `%s` and `%d` are known.
pub(super) fn printf(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let Some((format, words)) = call.args.split_first() else {
        return 2;
    };
    let format = unescape(format);
    let mut words = words.iter();
    let mut out = vec![];
    let mut rest = format.as_slice();
    while let Some((first, after)) = rest.split_first() {
        match (first, after.first()) {
            (b'%', Some(b's' | b'd' | b'i')) => {
                out.extend_from_slice(words.next().map_or(&[], Vec::as_slice));
                rest = &after[1..];
            }
            (b'%', Some(b'%')) => {
                out.push(b'%');
                rest = &after[1..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    call.print(out);
    0
}

/// A tool that would change its input in ways not worth imitating: passes it on.
pub(super) fn cat_input(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.streams.print(call.input);
    0
}

/// The count after `-n`, or in `-5`; else ten.
fn count(args: &[Vec<u8>]) -> (usize, Vec<&[u8]>) {
    let mut count = 10;
    let mut names = vec![];
    let mut args = args.iter();
    let number = |text: &[u8]| {
        std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse::<usize>().ok())
    };
    while let Some(arg) = args.next() {
        if arg == b"-n" || arg == b"-c" {
            count = args.next().and_then(|arg| number(arg)).unwrap_or(count);
        } else if let Some(option) = arg.strip_prefix(b"-") {
            count = number(option.strip_prefix(b"n").unwrap_or(option)).unwrap_or(count);
        } else {
            names.push(arg.as_slice());
        }
    }
    (count, names)
}

pub(super) fn head(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (count, names) = count(call.args);
    let (bytes, status) = content(shell, call, &names);
    if call.args.iter().any(|arg| arg == b"-c") {
        call.print(&bytes[..count.min(bytes.len())]);
    } else {
        print_lines(call, lines(&bytes).take(count));
    }
    status
}

pub(super) fn tail(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (count, names) = count(call.args);
    let (bytes, status) = content(shell, call, &names);
    let all: Vec<_> = lines(&bytes).collect();
    print_lines(call, all[all.len().saturating_sub(count)..].iter().copied());
    status
}

fn print_lines<'a>(call: &mut Call<'_>, lines: impl Iterator<Item = &'a [u8]>) {
    for line in lines {
        call.streams.print(line);
        call.streams.print(b"\n");
    }
}

/// `grep words files`, the words as they are: no patterns but `a\|b` and anchors are understood.
pub(super) fn grep(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut names = call.operands();
    if names.is_empty() {
        call.streams.complain(b"Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n");
        return 2;
    }
    let (invert, fold, quiet, number) = (
        call.has(b'v'),
        call.has(b'i'),
        call.has(b'q'),
        call.has(b'c'),
    );
    let lower = |bytes: &[u8]| {
        if fold {
            bytes.to_ascii_lowercase()
        } else {
            bytes.to_vec()
        }
    };
    let pattern = lower(names.remove(0));
    let choices: Vec<&[u8]> = pattern
        .split(|b| *b == b'|')
        .take(16)
        .map(|choice| choice.strip_suffix(b"\\").unwrap_or(choice))
        .collect();
    let (bytes, _) = content(shell, call, &names);
    let fits = |line: &&[u8]| choices.iter().any(|choice| holds(&lower(line), choice)) != invert;
    let found: Vec<&[u8]> = lines(&bytes).filter(fits).collect();
    if number {
        call.print(format!("{}\n", found.len()));
    } else if !quiet {
        print_lines(call, found.iter().copied());
    }
    u8::from(found.is_empty())
}

/// Whether a line has the words in it; `^` and `$` hold them to its ends.
fn holds(line: &[u8], words: &[u8]) -> bool {
    match (words.strip_prefix(b"^"), words.strip_suffix(b"$")) {
        (Some(start), _) => line.starts_with(start),
        (None, Some(end)) => line.ends_with(end),
        (None, None) => words.is_empty() || memchr::memmem::find(line, words).is_some(),
    }
}

/// `awk '{print $2}'` and no other program.
pub(super) fn awk(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut names = call.operands();
    if names.is_empty() {
        return 2;
    }
    let program = names.remove(0);
    let column = program.iter().position(|b| *b == b'$').map(|at| {
        let digits = program[at + 1..]
            .iter()
            .take(3)
            .take_while(|b| b.is_ascii_digit());
        digits.fold(0, |value, b| value * 10 + usize::from(b - b'0'))
    });
    let (bytes, status) = content(shell, call, &names);
    for line in lines(&bytes) {
        let field = match column {
            None | Some(0) => line,
            Some(n) => line
                .split(u8::is_ascii_whitespace)
                .filter(|field| !field.is_empty())
                .nth(n - 1)
                .unwrap_or_default(),
        };
        print_lines(call, std::iter::once(field));
    }
    status
}

/// `cut -d: -f1`
pub(super) fn cut(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let option = |name: &[u8]| {
        let at = call.args.iter().position(|arg| arg.starts_with(name))?;
        let value = &call.args[at][2..];
        if value.is_empty() {
            call.args.get(at + 1).map(Vec::as_slice)
        } else {
            Some(value)
        }
    };
    let delimiter = option(b"-d")
        .and_then(|value| value.first().copied())
        .unwrap_or(b'\t');
    let field = option(b"-f")
        .and_then(|value| std::str::from_utf8(value).ok()?.parse::<usize>().ok())
        .unwrap_or(1)
        .max(1);
    let names: Vec<_> = call
        .operands()
        .into_iter()
        .filter(|name| name.len() > 1 && !name.iter().all(u8::is_ascii_digit))
        .collect();
    let (bytes, status) = content(shell, call, &names);
    for line in lines(&bytes) {
        let value = line
            .split(|b| *b == delimiter)
            .nth(field - 1)
            .unwrap_or_default();
        print_lines(call, std::iter::once(value));
    }
    status
}

pub(super) fn sort(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (bytes, status) = content(shell, call, &names);
    let mut all: Vec<_> = lines(&bytes).collect();
    all.sort_unstable();
    if call.has(b'r') {
        all.reverse();
    }
    if call.has(b'u') {
        all.dedup();
    }
    print_lines(call, all.into_iter());
    status
}

pub(super) fn uniq(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (bytes, status) = content(shell, call, &names);
    let mut all: Vec<_> = lines(&bytes).collect();
    all.dedup();
    print_lines(call, all.into_iter());
    status
}

pub(super) fn wc(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (bytes, status) = content(shell, call, &names);
    let rows = memchr::memchr_iter(b'\n', &bytes).count();
    let words = bytes
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .count();
    let name = names
        .first()
        .map(|name| [b" ", *name].concat())
        .unwrap_or_default();
    let counts = match (call.has(b'l'), call.has(b'w'), call.has(b'c')) {
        (true, ..) => rows.to_string(),
        (_, true, _) => words.to_string(),
        (.., true) => bytes.len().to_string(),
        _ => format!("{rows:>7} {words:>7} {:>7}", bytes.len()),
    };
    call.print([counts.as_bytes(), &name, b"\n"].concat());
    status
}

pub(super) fn base64(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (mut bytes, status) = content(shell, call, &names);
    if call.has(b'd') || call.args.iter().any(|arg| arg == b"--decode") {
        bytes.retain(|b| !b.is_ascii_whitespace());
        if let Ok(decoded) = STANDARD.decode(&bytes) {
            call.print(decoded);
        } else {
            call.complain("invalid input");
            return 1;
        }
    } else {
        for row in STANDARD.encode(&bytes).as_bytes().chunks(76) {
            print_lines(call, std::iter::once(row));
        }
    }
    status
}
