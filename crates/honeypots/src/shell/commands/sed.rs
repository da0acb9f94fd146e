//! `sed`: substitution, deletion, printing and appending, with addresses.

use regex::bytes::{NoExpand, Regex};

use super::{Call, files::content, grep::expression, lines};
use crate::shell::{OUTPUT, Shell};

/// The most commands of one script.
const COMMANDS: usize = 64;

enum Address {
    /// None was given.
    Every,
    Line(usize),
    Last,
    Fits(Regex),
}

enum Action {
    Substitute {
        what: Regex,
        with: Vec<u8>,
        all: bool,
        print: bool,
    },
    Delete,
    Print,
    Quit,
    Append(Vec<u8>),
    Insert(Vec<u8>),
    Change(Vec<u8>),
}

struct Edit {
    from: Address,
    to: Option<Address>,
    negated: bool,
    action: Action,
    /// Whether a range has begun.
    inside: bool,
}

pub(super) fn sed(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (mut scripts, mut names, mut in_place, mut quiet, mut extended) =
        (vec![], vec![], false, false, false);
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        match arg.as_slice() {
            b"-e" => scripts.extend(args.next().map(Vec::as_slice)),
            b"-n" => quiet = true,
            b"-r" | b"-E" => extended = true,
            option if option.starts_with(b"-i") || option == b"--in-place" => in_place = true,
            option if option.starts_with(b"-") && option.len() > 1 => {}
            name => names.push(name),
        }
    }
    if scripts.is_empty() && !names.is_empty() {
        scripts.push(names.remove(0));
    }
    if scripts.is_empty() {
        call.streams
            .complain(b"Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n");
        return 1;
    }
    let Some(mut edits) = parse(&scripts.join(&b'\n'), extended) else {
        call.complain("-e expression #1, char 1: unknown command");
        return 1;
    };
    if !in_place {
        let (bytes, status) = content(shell, call, &names);
        if !call.run.may_read(bytes.len().saturating_mul(edits.len())) {
            call.complain("couldn't allocate memory");
            return 4;
        }
        let out = run(&mut edits, &bytes, quiet);
        call.print(out);
        return status * 2;
    }
    let mut status = 0;
    for name in names {
        let (bytes, failed) = content(shell, call, &[name]);
        if failed > 0 || !call.run.may_read(bytes.len().saturating_mul(edits.len())) {
            status = 2;
            continue;
        }
        let out = run(&mut edits, &bytes, quiet);
        let path = shell.files.resolve(&shell.directory, name);
        if let Err(refusal) = shell.files.write(&path, &out, false, Shell::now()) {
            call.refuse(name, refusal);
            status = 4;
        }
    }
    status
}

fn parse(script: &[u8], extended: bool) -> Option<Vec<Edit>> {
    let mut edits = vec![];
    let mut rest = script;
    loop {
        while let Some((b' ' | b';' | b'\n' | b'\t', after)) = rest.split_first() {
            rest = after;
        }
        if rest.is_empty() || edits.len() >= COMMANDS {
            return Some(edits);
        }
        let from = address(&mut rest, extended)?;
        let to = match rest.strip_prefix(b",") {
            Some(after) => {
                rest = after;
                Some(address(&mut rest, extended)?)
            }
            None => None,
        };
        rest = rest.trim_ascii_start();
        let negated = rest.starts_with(b"!");
        rest = rest.strip_prefix(b"!").unwrap_or(rest);
        let (letter, after) = rest.split_first()?;
        rest = after;
        let action = match letter {
            b'd' => Action::Delete,
            b'p' => Action::Print,
            b'q' => Action::Quit,
            b's' => substitution(&mut rest, extended)?,
            b'a' | b'i' | b'c' => {
                let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                let text = rest[..length].trim_ascii_start();
                let text = text.strip_prefix(b"\\").unwrap_or(text).to_vec();
                rest = &rest[length..];
                match letter {
                    b'a' => Action::Append(text),
                    b'i' => Action::Insert(text),
                    _ => Action::Change(text),
                }
            }
            _ => return None,
        };
        edits.push(Edit {
            from,
            to,
            negated,
            action,
            inside: false,
        });
    }
}

/// An address; `None` if it makes no sense.
fn address(rest: &mut &[u8], extended: bool) -> Option<Address> {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits > 0 {
        let (number, after) = rest.split_at(digits);
        *rest = after;
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        return Some(Address::Line(number));
    }
    if let Some(after) = rest.strip_prefix(b"$") {
        *rest = after;
        return Some(Address::Last);
    }
    if let Some(after) = rest.strip_prefix(b"/") {
        *rest = after;
        let pattern = delimited(rest, b'/')?;
        return Some(Address::Fits(expression(&pattern, extended, false)?));
    }
    Some(Address::Every)
}

/// Everything up to a delimiter, which is stepped over.
fn delimited(rest: &mut &[u8], delimiter: u8) -> Option<Vec<u8>> {
    let mut text = vec![];
    while let Some((first, after)) = rest.split_first() {
        *rest = after;
        match (*first, after.first()) {
            (byte, _) if byte == delimiter => return Some(text),
            (b'\\', Some(next)) => {
                if *next != delimiter {
                    text.push(b'\\');
                }
                text.push(*next);
                *rest = &after[1..];
            }
            (byte, _) => text.push(byte),
        }
    }
    None
}

fn substitution(rest: &mut &[u8], extended: bool) -> Option<Action> {
    let (delimiter, after) = rest.split_first()?;
    *rest = after;
    let pattern = delimited(rest, *delimiter)?;
    let with = delimited(rest, *delimiter)?;
    let flags = rest.iter().take_while(|b| b"gpiI".contains(b)).count();
    let (flags, after) = rest.split_at(flags);
    *rest = after;
    let fold = flags.iter().any(|b| b"iI".contains(b));
    Some(Action::Substitute {
        what: expression(&pattern, extended, fold)?,
        with,
        all: flags.contains(&b'g'),
        print: flags.contains(&b'p'),
    })
}

fn run(edits: &mut [Edit], bytes: &[u8], quiet: bool) -> Vec<u8> {
    let all: Vec<&[u8]> = lines(bytes).collect();
    let mut out = vec![];
    for (n, line) in all.iter().enumerate() {
        let mut line = line.to_vec();
        let (mut keep, mut after, mut last) = (!quiet, vec![], false);
        for edit in edits.iter_mut() {
            if !applies(edit, &line, n + 1, all.len()) {
                continue;
            }
            match &edit.action {
                Action::Substitute {
                    what,
                    with,
                    all,
                    print,
                } => {
                    if what.is_match(&line) {
                        line = substituted(&line, what, with, *all);
                        if *print {
                            push(&mut out, &line);
                        }
                    }
                }
                Action::Print => push(&mut out, &line),
                Action::Append(text) => push(&mut after, text),
                Action::Insert(text) => push(&mut out, text),
                Action::Change(text) => {
                    push(&mut out, text);
                    keep = false;
                    break;
                }
                Action::Delete => {
                    keep = false;
                    break;
                }
                Action::Quit => last = true,
            }
        }
        if keep {
            push(&mut out, &line);
        }
        out.extend(after);
        if last || out.len() > 16 * OUTPUT {
            break;
        }
    }
    out
}

fn push(out: &mut Vec<u8>, line: &[u8]) {
    out.extend_from_slice(line);
    out.push(b'\n');
}

fn applies(edit: &mut Edit, line: &[u8], number: usize, count: usize) -> bool {
    let fits = |address: &Address| match address {
        Address::Line(n) => *n == number,
        Address::Every => true,
        Address::Last => number == count,
        Address::Fits(regex) => regex.is_match(line),
    };
    let inside = match &edit.to {
        None => fits(&edit.from),
        Some(to) if edit.inside => {
            edit.inside = !fits(to);
            true
        }
        Some(to) => {
            let begins = fits(&edit.from);
            edit.inside = begins && !matches!(to, Address::Line(n) if *n <= number);
            begins
        }
    };
    inside != edit.negated
}

/// Puts `with`, in which `&` and `\1` stand for what was found, in the place of what is found.
fn substituted(line: &[u8], what: &Regex, with: &[u8], all: bool) -> Vec<u8> {
    if !with.iter().any(|b| b"&\\".contains(b)) {
        let most = usize::from(!all);
        return bounded(what.replacen(line, most, NoExpand(with)).into_owned());
    }
    let mut out = vec![];
    let mut at = 0;
    for found in what.captures_iter(line) {
        let group = |n: usize| found.get(n).map_or(b"".as_slice(), |part| part.as_bytes());
        let Some(whole) = found.get(0) else { break };
        out.extend_from_slice(&line[at..whole.start()]);
        let mut rest = with;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            match (first, after.split_first()) {
                (b'&', _) => out.extend_from_slice(group(0)),
                (b'\\', Some((digit @ b'0'..=b'9', after))) => {
                    out.extend_from_slice(group(usize::from(digit - b'0')));
                    rest = after;
                }
                (b'\\', Some((b'n', after))) => {
                    out.push(b'\n');
                    rest = after;
                }
                (b'\\', Some((next, after))) => {
                    out.push(*next);
                    rest = after;
                }
                (byte, _) => out.push(*byte),
            }
        }
        at = whole.end();
        if !all || out.len() > OUTPUT {
            break;
        }
    }
    out.extend_from_slice(&line[at..]);
    bounded(out)
}

fn bounded(mut line: Vec<u8>) -> Vec<u8> {
    line.truncate(16 * OUTPUT);
    line
}
