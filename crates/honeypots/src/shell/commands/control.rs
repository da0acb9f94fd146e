//! Commands that steer the shell or run other commands.

use super::{Call, NOT_BUSYBOX, path, programs};
use crate::shell::{
    Shell,
    bounds::{Flow, Input},
};

pub(super) fn succeed(_: &mut Shell, _: &mut Call<'_>) -> u8 {
    0
}

pub(super) fn fail(_: &mut Shell, _: &mut Call<'_>) -> u8 {
    1
}

fn number(call: &Call<'_>) -> Option<i64> {
    let arg = call.args.first()?;
    std::str::from_utf8(arg).ok()?.parse().ok()
}

pub(super) fn exit(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.run.ended = true;
    number(call).map_or(shell.status, |status| status as u8)
}

pub(super) fn return_(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.run.flow = Flow::Return;
    number(call).map_or(shell.status, |status| status as u8)
}

pub(super) fn break_(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let depth = number(call).map_or(1, |depth| depth.clamp(1, 100) as u32);
    call.run.flow = if call.name == b"break" {
        Flow::Break(depth)
    } else {
        Flow::Continue(depth)
    };
    0
}

/// `sh -c line name arguments`, `sh file arguments`, or the lines on standard input.
pub(super) fn sh(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let options = call
        .args
        .iter()
        .take_while(|arg| arg.starts_with(b"-") && arg.len() > 1)
        .count();
    let (options, rest) = call.args.split_at(options);
    if options.iter().any(|option| option == b"--version") && call.name.ends_with(b"bash") {
        call.print("GNU bash, version 5.1.16(1)-release (x86_64-pc-linux-gnu)\n");
        return 0;
    }
    if options.iter().any(|option| option.ends_with(b"c")) {
        let Some((line, rest)) = rest.split_first() else {
            call.complain("-c: option requires an argument");
            return 2;
        };
        let (name, args) = match rest.split_first() {
            Some((name, args)) => (name.as_slice(), args),
            None => (call.name, [].as_slice()),
        };
        return shell.run_script(name, line, args, call.input, call.streams, call.run);
    }
    let reads = options.iter().any(|option| option == b"-s");
    if let (Some((file, args)), false) = (rest.split_first(), reads) {
        let path = shell.files.resolve(&shell.directory, file);
        return match shell.files.read(&path) {
            Ok(_) => shell.run_file(file, &path, args, call.input, call.streams, call.run),
            Err(refusal) => {
                call.refuse(file, refusal);
                127
            }
        };
    }
    let script = call.input.rest().to_vec();
    let mut input = Input::default();
    shell.run_script(call.name, &script, rest, &mut input, call.streams, call.run)
}

/// `. file`
pub(super) fn source(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let Some(file) = call.args.first() else {
        return 2;
    };
    let path = shell.files.resolve(&shell.directory, file);
    match shell.files.read(&path).map(<[u8]>::to_vec) {
        Ok(script) => {
            shell.status = 0;
            shell.run_line(&script, call.input, call.streams, call.run);
            if call.run.flow == Flow::Return {
                call.run.flow = Flow::Next;
            }
            shell.status
        }
        Err(refusal) => {
            let text = [file.as_slice(), b": ", refusal.to_string().as_bytes()].concat();
            shell.complain(call.streams, &text);
            1
        }
    }
}

pub(super) fn eval(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let line = call.args.join(&b' ');
    shell.status = 0;
    shell.run_line(&line, call.input, call.streams, call.run);
    shell.status
}

/// `nohup`, `nice` and the like: runs the rest.
pub(super) fn prefix(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let valued: &[&[u8]] = match call.name {
        b"nice" | b"ionice" => &[b"-n", b"-c"],
        _ => &[],
    };
    let mut rest = call.args;
    while let Some((first, after)) = rest.split_first()
        && first.starts_with(b"-")
    {
        let skip = usize::from(valued.contains(&first.as_slice()));
        rest = after.get(skip..).unwrap_or_default();
    }
    if call.name == b"timeout" {
        rest = rest.get(1..).unwrap_or_default();
    }
    if rest.is_empty() {
        return u8::from(call.args.is_empty());
    }
    if call.name == b"nohup" {
        call.complain("ignoring input and appending output to 'nohup.out'");
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

pub(super) fn again(shell: &mut Shell, call: &mut Call<'_>, args: &[Vec<u8>]) -> u8 {
    // A prefix may stand before itself: each costs a step, so that no line of them runs too deep.
    if !call.run.descend() {
        return 1;
    }
    shell.call(args, call.input, call.streams, call.run);
    call.run.ascend();
    shell.status
}

pub(super) fn busybox(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let personality = shell.machine.personality;
    let is_applet = |name: &str| !NOT_BUSYBOX.contains(&name) && personality.has(name.as_bytes());
    let Some(applet) = call.args.first() else {
        let mut names: Vec<&str> = programs().filter(|name| is_applet(name)).collect();
        names.sort_unstable();
        let mut text = format!(
            "{}
BusyBox is copyrighted by many authors between 1998-2015.
Licensed under GPLv2. See source distribution for detailed
copyright notices.

Usage: busybox [function [arguments]...]
   or: busybox --list[-full]
   or: busybox --install [-s] [DIR]
   or: function [arguments]...

\tBusyBox is a multi-call binary that combines many common Unix
\tutilities into a single executable.  Most people will create a
\tlink to busybox for each function they wish to use and BusyBox
\twill act like whatever it was invoked as.

Currently defined functions:
",
            personality.busybox
        );
        for row in names.chunks(12) {
            text.push('\t');
            text.push_str(&row.join(", "));
            text.push_str(",\n");
        }
        call.print(text.trim_end_matches(",\n").to_owned() + "\n");
        return 0;
    };
    let known =
        std::str::from_utf8(applet).is_ok_and(|name| path(applet).is_some() && is_applet(name));
    if !known {
        call.streams
            .complain(&[applet.as_slice(), b": applet not found\n"].concat());
        return 127;
    }
    again(shell, call, call.args)
}

/// `xargs -n 1 command`: the words of its input behind the command's own, or in the place of `-I`'s.
pub(super) fn xargs(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut command = call.args;
    let (mut most, mut place) = (1000, None);
    while let Some((first, rest)) = command.split_first()
        && first.starts_with(b"-")
    {
        command = rest;
        let (option, glued) = first.split_at(first.len().min(2));
        if !matches!(option, b"-n" | b"-I" | b"-P" | b"-L" | b"-d") {
            continue;
        }
        let mut value = glued;
        if let (true, Some((next, rest))) = (glued.is_empty(), command.split_first()) {
            value = next;
            command = rest;
        }
        match option {
            b"-n" | b"-L" => {
                let number = std::str::from_utf8(value).ok().and_then(|n| n.parse().ok());
                most = number.unwrap_or(most).clamp(1, 1000);
            }
            b"-I" => place = Some(value.to_vec()),
            _ => {}
        }
    }
    let input = call.input.rest().to_vec();
    let words: Vec<Vec<u8>> = input
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .take(1000)
        .map(<[u8]>::to_vec)
        .collect();
    let echo = [b"echo".to_vec()];
    let command = if command.is_empty() { &echo } else { command };
    let groups: Vec<&[Vec<u8>]> = match place {
        _ if words.is_empty() => vec![&[]],
        Some(_) => words.chunks(1).collect(),
        None => words.chunks(most).collect(),
    };
    let mut status = 0;
    for group in groups {
        let args = match (&place, group) {
            (Some(place), [word]) => command
                .iter()
                .map(|arg| {
                    if arg == place {
                        word.clone()
                    } else {
                        arg.clone()
                    }
                })
                .collect(),
            _ => [command, group].concat(),
        };
        if again(shell, call, &args) != 0 {
            status = 123;
        }
    }
    status
}

/// `which`, `type` and `command -v`.
pub(super) fn which(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut status = 0;
    for name in call.operands() {
        let there = shell.program(name).is_some();
        let found = path(name).filter(|_| there);
        match (call.name, found) {
            (b"type", Some(found)) => call.print([name, b" is ", found.as_bytes(), b"\n"].concat()),
            (b"type", None) if there => {
                call.print([name, b" is a shell builtin\n"].concat());
            }
            (b"type", None) => {
                shell.complain(call.streams, &[b"type: ", name, b": not found"].concat());
                status = 1;
            }
            (b"command", None) if there => call.print([name, b"\n"].concat()),
            (_, Some(found)) => call.print(found + "\n"),
            (_, None) => status = 1,
        }
    }
    status
}
