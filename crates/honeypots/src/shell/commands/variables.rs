//! Variables, history and conditions.

use super::Call;
use crate::shell::{Shell, filesystem::Kind, glob::fits};

pub(super) fn env(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let rest = call
        .args
        .iter()
        .position(|arg| !arg.starts_with(b"-") && !arg.contains(&b'='));
    if let Some(rest) = rest {
        if !call.run.descend() {
            return 1;
        }
        shell.call(&call.args[rest..], call.input, call.streams, call.run);
        call.run.ascend();
        return shell.status;
    }
    for (name, value) in &shell.variables {
        call.streams
            .print(&[name.as_slice(), b"=", value, b"\n"].concat());
    }
    let directory = [b"PWD=", shell.directory.as_slice(), b"\n"].concat();
    call.print(directory);
    0
}

pub(super) fn export(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    for arg in call.args {
        if let Some(equals) = arg.iter().position(|b| *b == b'=') {
            shell.set(&arg[..equals], &arg[equals + 1..]);
        }
    }
    if call.args.is_empty() {
        for (name, value) in &shell.variables {
            call.streams
                .print(&[b"declare -x ", name.as_slice(), b"=\"", value, b"\"\n"].concat());
        }
    }
    0
}

pub(super) fn unset(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    for arg in call.args {
        shell.variables.remove(arg);
    }
    0
}

/// `set -- words` sets the arguments; its options change nothing here.
pub(super) fn set(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if let Some(at) = call.args.iter().position(|arg| arg == b"--") {
        shell.arguments = call.args[at + 1..].to_vec();
    } else if call.args.is_empty() {
        for (name, value) in &shell.variables {
            call.streams
                .print(&[name.as_slice(), b"='", value, b"'\n"].concat());
        }
    }
    0
}

pub(super) fn shift(shell: &mut Shell, _: &mut Call<'_>) -> u8 {
    if shell.arguments.is_empty() {
        return 1;
    }
    shell.arguments.remove(0);
    0
}

/// `read a b`: a line's words, the last variable takes what is left.
pub(super) fn read(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let Some(line) = call.input.line() else {
        return 1;
    };
    let mut rest = line.trim_ascii();
    let names = if names.is_empty() {
        vec![b"REPLY".as_slice()]
    } else {
        names
    };
    for (n, name) in names.iter().enumerate() {
        let length = if n + 1 == names.len() {
            rest.len()
        } else {
            rest.iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(rest.len())
        };
        shell.set(name, &rest[..length]);
        rest = rest[length..].trim_ascii_start();
    }
    0
}

/// `let i=i+1`
pub(super) fn let_(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut value = 0;
    for arg in call.args {
        value = shell.arithmetic(arg);
    }
    u8::from(value == 0)
}

pub(super) fn history(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.has(b'c') {
        shell.history.clear();
    }
    let last = call
        .args
        .first()
        .and_then(|arg| std::str::from_utf8(arg).ok()?.parse().ok());
    let skip = shell
        .history
        .len()
        .saturating_sub(last.unwrap_or(usize::MAX));
    for (n, line) in shell.history.iter().enumerate().skip(skip) {
        call.print([format!("{:>5}  ", n + 1).as_bytes(), line, b"\n"].concat());
    }
    0
}

/// `test` and `[`.
pub(super) fn test(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let args: Vec<&[u8]> = call
        .args
        .iter()
        .map(Vec::as_slice)
        .filter(|arg| !matches!(*arg, b"]" | b"]]"))
        .collect();
    // `-a` binds tighter than `-o`.
    let holds = args.split(|arg| *arg == b"-o").any(|part| {
        let joined = |n: usize| n > 0 && part.get(n) == Some(&b"-a".as_slice());
        let mut conditions = vec![];
        let mut start = 0;
        for n in (0..part.len()).filter(|n| joined(*n)) {
            conditions.push(&part[start..n]);
            start = n + 1;
        }
        conditions.push(&part[start..]);
        conditions
            .into_iter()
            .all(|condition| holds(shell, call, condition))
    });
    u8::from(!holds)
}

fn holds(shell: &Shell, call: &Call<'_>, args: &[&[u8]]) -> bool {
    let (negated, args) = match args.split_first() {
        Some((first, rest)) if *first == b"!" => (true, rest),
        _ => (false, args),
    };
    let number = |text: &[u8]| {
        std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.trim().parse::<i64>().ok())
    };
    let kind = |path: &[u8]| {
        shell
            .files
            .get(&shell.files.resolve(&shell.directory, path))
    };
    let holds = match args {
        [b"-z", text] => text.is_empty(),
        [b"-n", text] | [text] => !text.is_empty(),
        [b"-d", path] => kind(path).is_some_and(|node| matches!(node.kind, Kind::Directory)),
        [b"-f", path] => {
            kind(path).is_some_and(|node| matches!(node.kind, Kind::File(_) | Kind::Lost(_)))
        }
        [b"-s", path] => kind(path).is_some_and(|node| node.size() > 0),
        [b"-x", path] => kind(path).is_some_and(|node| node.mode & 0o111 != 0),
        [b"-e" | b"-r" | b"-w" | b"-a", path] => kind(path).is_some(),
        [a, b"=" | b"==", b] => a == b || call.name == b"[[" && fits(b, a),
        [a, b"!=", b] => a != b,
        [a, operator, b] => match (number(a), *operator, number(b)) {
            (Some(a), b"-eq", Some(b)) => a == b,
            (Some(a), b"-ne", Some(b)) => a != b,
            (Some(a), b"-gt", Some(b)) => a > b,
            (Some(a), b"-ge", Some(b)) => a >= b,
            (Some(a), b"-lt", Some(b)) => a < b,
            (Some(a), b"-le", Some(b)) => a <= b,
            _ => false,
        },
        _ => false,
    };
    holds != negated
}
