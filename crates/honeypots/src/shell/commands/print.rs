//! Commands that print what they are told.

use std::fmt::Write as _;

use super::Call;
use crate::shell::{OUTPUT, Shell, escape::unescape};

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

/// `printf format words`: the format is used again while words are left.
pub(super) fn printf(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let Some((format, words)) = call.args.split_first() else {
        call.complain("usage: printf [-v var] format [arguments]");
        return 2;
    };
    let format = unescape(format);
    let mut words = words.iter();
    let mut out = vec![];
    loop {
        let left = words.len();
        let mut rest = format.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            if *first != b'%' {
                out.push(*first);
                continue;
            }
            let flags = rest
                .iter()
                .take_while(|b| b"-+ 0123456789.".contains(b))
                .count();
            let (flags, after) = rest.split_at(flags);
            let Some((letter, after)) = after.split_first().filter(|_| out.len() <= OUTPUT) else {
                break;
            };
            rest = after;
            if *letter == b'%' {
                out.push(b'%');
                continue;
            }
            let word = words.next().map_or(b"".as_slice(), Vec::as_slice);
            let number = || std::str::from_utf8(word).ok()?.trim().parse::<i64>().ok();
            let value = match letter {
                b'd' | b'i' | b'u' => number().unwrap_or(0).to_string().into_bytes(),
                b'x' => format!("{:x}", number().unwrap_or(0)).into_bytes(),
                b'X' => format!("{:X}", number().unwrap_or(0)).into_bytes(),
                b'o' => format!("{:o}", number().unwrap_or(0)).into_bytes(),
                b'c' => word[..word.len().min(1)].to_vec(),
                b'b' => unescape(word),
                _ => word.to_vec(),
            };
            pad(&mut out, &value, flags);
        }
        // Without a conversion the words would never end.
        if words.len() == 0 || words.len() == left || out.len() > OUTPUT {
            break;
        }
    }
    call.print(out);
    0
}

/// Adds a value with as many blanks or zeros as its flags say.
fn pad(out: &mut Vec<u8>, value: &[u8], flags: &[u8]) {
    let text = String::from_utf8_lossy(flags);
    let digits = text.trim_start_matches(['-', '+', ' ']);
    let width = digits.split('.').next().and_then(|n| n.parse().ok());
    let blanks = width
        .unwrap_or(0usize)
        .min(1000)
        .saturating_sub(value.len());
    let left = text.starts_with('-');
    let sign = if digits.starts_with('0') && !left {
        b'0'
    } else {
        b' '
    };
    let padding = std::iter::repeat_n(sign, blanks);
    if left {
        out.extend_from_slice(value);
        out.extend(padding);
    } else {
        out.extend(padding);
        out.extend_from_slice(value);
    }
}

/// `seq first step last`
pub(super) fn seq(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let numbers: Option<Vec<i64>> = call
        .args
        .iter()
        .map(|arg| std::str::from_utf8(arg).ok()?.parse().ok())
        .collect();
    let (mut number, step, last) = match numbers.as_deref() {
        Some([last]) => (1, 1, *last),
        Some([first, last]) => (*first, 1, *last),
        Some([first, step, last]) => (*first, *step, *last),
        _ => {
            call.complain("missing operand\nTry 'seq --help' for more information.");
            return 1;
        }
    };
    let mut out = String::new();
    while out.len() < OUTPUT
        && step != 0
        && (step > 0 && number <= last || step < 0 && number >= last)
    {
        let _ = writeln!(out, "{number}");
        number = number.saturating_add(step);
    }
    call.print(out);
    0
}

/// `yes`: as much as is printed of anything.
pub(super) fn yes(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let line = if call.args.is_empty() {
        b"y\n".to_vec()
    } else {
        [call.args.join(&b' ').as_slice(), b"\n"].concat()
    };
    call.print(line.repeat(4096 / line.len() + 1));
    0
}

pub(super) fn basename(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    for path in call.operands() {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let at = path.iter().rposition(|b| *b == b'/');
        let part = match (call.name, at) {
            (b"basename", at) => &path[at.map_or(0, |at| at + 1)..],
            (_, Some(0)) => b"/",
            (_, Some(at)) => &path[..at],
            (_, None) => b".",
        };
        call.print([part, b"\n"].concat());
    }
    0
}
