//! Commands that work on lines.

use super::{Call, files::content, lines};
use crate::shell::{Shell, escape::unescape};

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
            count = args
                .next()
                .and_then(|arg| number(digits(arg)))
                .unwrap_or(count);
        } else if let Some(option) = arg.strip_prefix(b"-") {
            count = number(digits(option)).unwrap_or(count);
        } else {
            names.push(arg.as_slice());
        }
    }
    (count, names)
}

/// A count without the letter or sign before it.
fn digits(text: &[u8]) -> &[u8] {
    let start = text.iter().take_while(|b| b"nc+".contains(b)).count();
    &text[start..]
}

pub(super) fn head(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (count, names) = count(call.args);
    let (bytes, status) = content(shell, call, &names);
    if by_bytes(call) {
        call.print(&bytes[..count.min(bytes.len())]);
    } else {
        print_lines(call, lines(&bytes).take(count));
    }
    status
}

pub(super) fn tail(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (count, names) = count(call.args);
    let (bytes, status) = content(shell, call, &names);
    if by_bytes(call) {
        call.print(&bytes[bytes.len().saturating_sub(count)..]);
        return status;
    }
    let all: Vec<_> = lines(&bytes).collect();
    let from_start = call.args.iter().any(|arg| arg.contains(&b'+'));
    let start = if from_start {
        count.saturating_sub(1).min(all.len())
    } else {
        all.len().saturating_sub(count)
    };
    print_lines(call, all[start..].iter().copied());
    status
}

fn by_bytes(call: &Call<'_>) -> bool {
    call.args.iter().any(|arg| arg.starts_with(b"-c"))
}

pub(super) fn print_lines<'a>(call: &mut Call<'_>, lines: impl Iterator<Item = &'a [u8]>) {
    for line in lines {
        call.streams.print(line);
        call.streams.print(b"\n");
    }
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
    let by_bytes = option(b"-c").or(option(b"-b"));
    let ranges = ranges(option(b"-f").or(by_bytes).unwrap_or(b"1"));
    let names: Vec<_> = call
        .operands()
        .into_iter()
        .filter(|name| name.len() > 1 && !name.iter().all(|b| b"0123456789,-".contains(b)))
        .collect();
    let (bytes, status) = content(shell, call, &names);
    if !call.run.may_read(bytes.len().saturating_mul(ranges.len())) {
        return 1;
    }
    for line in lines(&bytes) {
        let chosen = |n: usize| {
            ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&(n + 1)))
        };
        let value: Vec<u8> = if by_bytes.is_some() {
            let bytes = line.iter().enumerate().filter(|(n, _)| chosen(*n));
            bytes.map(|(_, b)| *b).collect()
        } else if line.contains(&delimiter) {
            let fields = line.split(|b| *b == delimiter).enumerate();
            let fields: Vec<&[u8]> = fields.filter(|(n, _)| chosen(*n)).map(|(_, f)| f).collect();
            fields.join(&delimiter)
        } else {
            line.to_vec()
        };
        print_lines(call, std::iter::once(value.as_slice()));
    }
    status
}

/// `1,3-5,7-`
fn ranges(text: &[u8]) -> Vec<(usize, usize)> {
    let text = String::from_utf8_lossy(text);
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        (from.parse().unwrap_or(1), to.parse().unwrap_or(usize::MAX))
    };
    text.split(',').take(64).map(range).collect()
}

pub(super) fn sort(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (bytes, status) = content(shell, call, &names);
    let mut all: Vec<_> = lines(&bytes).collect();
    if call.has(b'n') || call.has(b'h') {
        all.sort_by_key(|line| {
            let text = String::from_utf8_lossy(line.trim_ascii_start());
            let end = text
                .char_indices()
                .find(|(n, c)| !(c.is_ascii_digit() || *n == 0 && *c == '-'))
                .map_or(text.len(), |(n, _)| n);
            text[..end].parse::<i64>().unwrap_or(0)
        });
    } else {
        all.sort_unstable();
    }
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
    let all: Vec<_> = lines(&bytes).collect();
    for group in all.chunk_by(|a, b| a == b) {
        let count = if call.has(b'c') {
            format!("{:>7} ", group.len())
        } else {
            String::new()
        };
        call.print([count.as_bytes(), group[0], b"\n"].concat());
    }
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

/// `tr a-z A-Z`, `tr -d '\n'`, `tr -s ' '`
pub(super) fn tr(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let sets: Vec<Vec<u8>> = call.operands().into_iter().map(set).collect();
    let input = call.input.rest().to_vec();
    let Some(from) = sets.first() else {
        call.complain("missing operand\nTry 'tr --help' for more information.");
        return 1;
    };
    let complement = call.has(b'c') || call.has(b'C');
    let (delete, squeeze) = (call.has(b'd'), call.has(b's') || sets.len() == 1);
    // What becomes of each byte that is in the set.
    let mut table = [None; 256];
    for byte in 0..=255u8 {
        let at = from.iter().position(|b| *b == byte);
        if at.is_some() != complement {
            let to = sets.get(1);
            let new = to.and_then(|to| to.get(at.unwrap_or(usize::MAX)).or(to.last()));
            table[usize::from(byte)] = Some(*new.unwrap_or(&byte));
        }
    }
    let mut out = Vec::with_capacity(input.len());
    for byte in input {
        match table[usize::from(byte)] {
            None => out.push(byte),
            Some(_) if delete => {}
            Some(new) if squeeze && out.last() == Some(&new) => {}
            Some(new) => out.push(new),
        }
    }
    call.print(out);
    0
}

/// The bytes of a set such as `a-z\n` or `[:upper:]`.
fn set(text: &[u8]) -> Vec<u8> {
    let class: Option<fn(&u8) -> bool> = match text {
        b"[:upper:]" => Some(u8::is_ascii_uppercase),
        b"[:lower:]" => Some(u8::is_ascii_lowercase),
        b"[:digit:]" => Some(u8::is_ascii_digit),
        b"[:alpha:]" => Some(u8::is_ascii_alphabetic),
        b"[:alnum:]" => Some(u8::is_ascii_alphanumeric),
        b"[:space:]" => Some(u8::is_ascii_whitespace),
        b"[:punct:]" => Some(u8::is_ascii_punctuation),
        _ => None,
    };
    if let Some(class) = class {
        return (0..=255).filter(class).collect();
    }
    let text = unescape(&text[..text.len().min(1024)]);
    let mut bytes = vec![];
    let mut rest = text.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if let [b'-', last, tail @ ..] = after {
            bytes.extend(*first..=*last);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

pub(super) fn rev(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (bytes, status) = content(shell, call, &names);
    for line in lines(&bytes) {
        let reversed: Vec<u8> = line.iter().rev().copied().collect();
        print_lines(call, std::iter::once(reversed.as_slice()));
    }
    status
}
