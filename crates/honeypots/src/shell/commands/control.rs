//! Commands that steer the shell or run other commands.

use super::{Call, find, path};
use crate::shell::{Shell, filesystem::Kind};

pub(super) fn succeed(_: &mut Shell, _: &mut Call<'_>) -> u8 {
    0
}

pub(super) fn fail(_: &mut Shell, _: &mut Call<'_>) -> u8 {
    1
}

pub(super) fn exit(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.run.ended = true;
    let status = call
        .args
        .first()
        .and_then(|arg| std::str::from_utf8(arg).ok()?.parse::<i64>().ok());
    status.map_or(shell.status, |status| status as u8)
}

/// `sh -c line`, `sh file`, or the lines on standard input.
pub(super) fn sh(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let line = if let Some(at) = call
        .args
        .iter()
        .position(|arg| arg.starts_with(b"-") && arg.ends_with(b"c"))
    {
        call.args.get(at + 1).cloned().unwrap_or_default()
    } else if let Some(file) = call.operands().first() {
        let path = shell.files.resolve(&shell.directory, file);
        match shell.files.read(&path) {
            Ok(_) => return shell.run_file(file, &path, call.input, call.streams, call.run),
            Err(refusal) => {
                call.refuse(file, refusal);
                return 127;
            }
        }
    } else {
        call.input.to_vec()
    };
    nested(shell, call, &line)
}

/// Runs a line in a shell of its own: its end is not this shell's.
fn nested(shell: &mut Shell, call: &mut Call<'_>, line: &[u8]) -> u8 {
    let directory = shell.directory.clone();
    shell.status = 0;
    shell.run_line(line, b"", call.streams, call.run);
    shell.directory = directory;
    call.run.ended = false;
    shell.status
}

/// `. file`
pub(super) fn source(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let Some(file) = call.args.first() else {
        return 2;
    };
    let path = shell.files.resolve(&shell.directory, file);
    match shell.files.read(&path).map(<[u8]>::to_vec) {
        Ok(script) => {
            shell.run_line(&script, b"", call.streams, call.run);
            shell.status
        }
        Err(refusal) => {
            call.streams.complain(
                &[
                    b"-bash: ",
                    file.as_slice(),
                    b": ",
                    refusal.to_string().as_bytes(),
                    b"\n",
                ]
                .concat(),
            );
            1
        }
    }
}

/// `sudo`, `nohup` and the like: runs the rest.
pub(super) fn prefix(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let options = call
        .args
        .iter()
        .take_while(|arg| arg.starts_with(b"-"))
        .count();
    let rest = &call.args[options..];
    if rest.is_empty() {
        return u8::from(options == 0);
    }
    again(shell, call, rest)
}

/// `command -v name`, or the command without its disguise.
pub(super) fn command(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.has(b'v') {
        which(shell, call)
    } else {
        prefix(shell, call)
    }
}

fn again(shell: &mut Shell, call: &mut Call<'_>, args: &[Vec<u8>]) -> u8 {
    // A prefix may stand before itself: each costs a step, so that no line of them runs too deep.
    if !call.run.descend() {
        return 1;
    }
    shell.call(args, call.input, call.streams, call.run);
    call.run.ascend();
    shell.status
}

pub(super) fn busybox(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let Some(applet) = call.args.first() else {
        call.print(
            "BusyBox v1.30.1 (Ubuntu 1:1.30.1-7ubuntu3) multi-call binary.
BusyBox is copyrighted by many authors between 1998-2015.
Licensed under GPLv2. See source distribution for detailed
copyright notices.

Usage: busybox [function [arguments]...]
   or: busybox --list[-full]
   or: busybox --install [-s] [DIR]
   or: function [arguments]...

Currently defined functions:
\t[, arch, awk, base64, cat, chmod, chown, clear, cp, crontab, cut, date, dd, df, dmesg, echo, env, false,
\tfree, ftpget, grep, head, hostname, id, ifconfig, ip, kill, ls, mkdir, mount, mv, netstat, nproc, ping,
\tprintf, ps, pwd, rm, rmdir, route, sed, sh, sleep, sort, tail, tee, test, tftp, touch, tr, true, uname,
\tuniq, uptime, wc, wget, which, who, whoami, xargs
",
        );
        return 0;
    };
    let missing = [
        "apt",
        "apt-get",
        "bash",
        "curl",
        "sudo",
        "systemctl",
        "busybox",
        "useradd",
        "lscpu",
        "service",
    ];
    if path(applet).is_none()
        || missing
            .iter()
            .any(|name| name.as_bytes() == applet.as_slice())
    {
        call.streams
            .complain(&[applet.as_slice(), b": applet not found\n"].concat());
        return 127;
    }
    again(shell, call, call.args)
}

pub(super) fn xargs(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let more = call
        .input
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .take(1000)
        .map(<[u8]>::to_vec);
    let args: Vec<_> = call
        .args
        .iter()
        .skip_while(|arg| arg.starts_with(b"-"))
        .cloned()
        .chain(more)
        .collect();
    again(shell, call, &args)
}

pub(super) fn env(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let rest = call
        .args
        .iter()
        .position(|arg| !arg.starts_with(b"-") && !arg.contains(&b'='));
    if let Some(rest) = rest {
        return again(shell, call, &call.args[rest..]);
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

/// `for name in words`: the loop's body is run once, with the first word.
pub(super) fn for_each(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if let [name, _, first, ..] = call.args {
        shell.set(name, first);
    }
    0
}

pub(super) fn history(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.has(b'c') {
        shell.history.clear();
    }
    for (n, line) in shell.history.iter().enumerate() {
        call.print([format!("{:>5}  ", n + 1).as_bytes(), line, b"\n"].concat());
    }
    0
}

/// `which`, `type` and `command -v`.
pub(super) fn which(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut status = 0;
    for name in call.operands() {
        let found = path(name);
        match (call.name, found) {
            (b"type", Some(found)) => call.print([name, b" is ", found.as_bytes(), b"\n"].concat()),
            (b"type", None) if find(name).is_some() => {
                call.print([name, b" is a shell builtin\n"].concat());
            }
            (b"type", None) => {
                call.streams
                    .complain(&[b"-bash: type: ", name, b": not found\n"].concat());
                status = 1;
            }
            (_, Some(found)) => call.print(found + "\n"),
            (_, None) => status = 1,
        }
    }
    status
}

/// `test` and `[`, with one condition.
pub(super) fn test(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let args: Vec<&[u8]> = call
        .args
        .iter()
        .map(Vec::as_slice)
        .filter(|arg| *arg != b"]")
        .collect();
    let (negated, args) = match args.split_first() {
        Some((first, rest)) if *first == b"!" => (true, rest),
        _ => (false, args.as_slice()),
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
        [b"-f", path] => kind(path).is_some_and(|node| matches!(node.kind, Kind::File(_))),
        [b"-s", path] => kind(path).is_some_and(|node| node.size() > 0),
        [b"-x", path] => kind(path).is_some_and(|node| node.mode & 0o111 != 0),
        [b"-e" | b"-r" | b"-w", path] => kind(path).is_some(),
        [a, b"=" | b"==", b] => a == b,
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
    u8::from(holds == negated)
}
