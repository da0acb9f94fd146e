//! Commands that look at files and change them.

use super::Call;
use crate::shell::{
    Shell,
    filesystem::{Node, Refusal},
};

pub(super) fn pwd(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print([shell.directory.as_slice(), b"\n"].concat());
    0
}

pub(super) fn cd(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let to = match call.args.first().map(Vec::as_slice) {
        None | Some(b"") => shell.home.clone(),
        Some(b"-") => shell
            .variables
            .get(b"OLDPWD".as_slice())
            .cloned()
            .unwrap_or_else(|| shell.home.clone()),
        Some(path) => path.to_vec(),
    };
    match shell.change_directory(&to) {
        Ok(()) => 0,
        Err(refusal) => {
            shell.complain(
                call.streams,
                &[
                    b"cd: ",
                    to.as_slice(),
                    b": ",
                    refusal.to_string().as_bytes(),
                ]
                .concat(),
            );
            1
        }
    }
}

pub(super) fn cat(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    if names.is_empty() {
        call.streams.print(call.input);
    }
    each(shell, call, names, |shell, path, call| {
        let bytes = shell.files.read(path)?;
        call.streams.print(bytes);
        Ok(())
    })
}

/// Does something with each path; complains about those where it cannot.
fn each(
    shell: &mut Shell,
    call: &mut Call<'_>,
    names: Vec<&[u8]>,
    mut act: impl FnMut(&mut Shell, &[u8], &mut Call<'_>) -> Result<(), Refusal>,
) -> u8 {
    let mut status = 0;
    for name in names {
        let path = shell.files.resolve(&shell.directory, name);
        if let Err(refusal) = act(shell, &path, call) {
            call.refuse(name, refusal);
            status = 1;
        }
    }
    status
}

pub(super) fn touch(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    each(shell, call, names, |shell, path, _| {
        match shell.files.get(path) {
            Some(_) => Ok(()),
            None => shell.files.write(path, b"", true, Shell::now()),
        }
    })
}

pub(super) fn tee(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (names, append, input) = (call.operands(), call.has(b'a'), call.input);
    call.streams.print(input);
    each(shell, call, names, |shell, path, _| {
        shell.files.write(path, input, append, Shell::now())
    })
}

pub(super) fn mkdir(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let parents = call.has(b'p');
    let mut status = 0;
    for name in call.operands() {
        let path = shell.files.resolve(&shell.directory, name);
        let ends = path
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, b)| **b == b'/')
            .map(|(at, _)| at);
        let steps: Vec<usize> = ends
            .filter(|_| parents)
            .take(64)
            .chain([path.len()])
            .collect();
        for end in steps {
            match shell.files.make_directory(&path[..end], Shell::now()) {
                Err(Refusal::Exists) if parents => {}
                Err(refusal) => {
                    call.complain(
                        [
                            b"cannot create directory \xe2\x80\x98",
                            name,
                            format!("\u{2019}: {refusal}").as_bytes(),
                        ]
                        .concat(),
                    );
                    status = 1;
                    break;
                }
                Ok(()) => {}
            }
        }
    }
    status
}

pub(super) fn rm(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (force, all) = (call.has(b'f'), call.has(b'r') || call.has(b'R'));
    let mut status = 0;
    for name in call.operands() {
        let path = shell.files.resolve(&shell.directory, name);
        if path == b"/" {
            call.complain("it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe");
            return 1;
        }
        match shell.files.remove(&path, all) {
            Ok(()) => {}
            Err(Refusal::Missing) if force => {}
            Err(refusal) => {
                call.complain(
                    [b"cannot remove '", name, format!("': {refusal}").as_bytes()].concat(),
                );
                status = 1;
            }
        }
    }
    status
}

pub(super) fn rmdir(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    each(shell, call, names, |shell, path, _| {
        shell.files.remove_directory(path)
    })
}

/// `chmod mode file…`: octal modes are followed, of letters only `x`.
pub(super) fn chmod(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut names = call.operands();
    if names.len() < 2 {
        call.complain("missing operand\nTry 'chmod --help' for more information.");
        return 1;
    }
    let mode = names.remove(0);
    let octal = std::str::from_utf8(mode)
        .ok()
        .and_then(|mode| u32::from_str_radix(mode, 8).ok());
    each(shell, call, names, |shell, path, _| {
        let old = shell.files.get(path).ok_or(Refusal::Missing)?.mode;
        let new = octal.map_or(
            if mode.contains(&b'x') {
                old | 0o111
            } else {
                old
            },
            |mode| mode & 0o7777,
        );
        shell.files.set_mode(path, new)
    })
}

pub(super) fn chown(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands().into_iter().skip(1).collect();
    each(shell, call, names, |shell, path, _| {
        shell.files.get(path).map(drop).ok_or(Refusal::Missing)
    })
}

pub(super) fn cp(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    copy(shell, call, false)
}

pub(super) fn mv(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    copy(shell, call, true)
}

fn copy(shell: &mut Shell, call: &mut Call<'_>, and_remove: bool) -> u8 {
    let mut names = call.operands();
    let Some(to) = names.pop().filter(|_| !names.is_empty()) else {
        call.complain("missing file operand");
        return 1;
    };
    let to = shell.files.resolve(&shell.directory, to);
    let into = shell.files.get(&to).is_some_and(Node::is_directory);
    each(shell, call, names, |shell, from, _| {
        let name = from.rsplit(|b| *b == b'/').next().unwrap_or_default();
        let target = if into {
            [to.as_slice(), b"/", name].concat()
        } else {
            to.clone()
        };
        let bytes = shell.files.read(from)?.to_vec();
        let mode = shell.files.get(from).map_or(0o644, |node| node.mode);
        shell.files.write(&target, &bytes, false, Shell::now())?;
        let _ = shell.files.set_mode(&target, mode);
        if and_remove && from != target {
            shell.files.remove(from, false)
        } else {
            Ok(())
        }
    })
}

/// `dd if=… of=… bs=… count=…`
pub(super) fn dd(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let value = |key: &[u8]| call.args.iter().find_map(|arg| arg.strip_prefix(key));
    let number = |key: &[u8]| {
        value(key).and_then(|text| std::str::from_utf8(text).ok()?.parse::<usize>().ok())
    };
    let resolve = |name: &[u8]| shell.files.resolve(&shell.directory, name);
    let bytes = match value(b"if=") {
        Some(name) => match shell.files.read(&resolve(name)) {
            Ok(bytes) => bytes.to_vec(),
            Err(refusal) => {
                let text = [
                    b"failed to open '",
                    name,
                    format!("': {refusal}").as_bytes(),
                ]
                .concat();
                call.complain(text);
                return 1;
            }
        },
        None => call.input.to_vec(),
    };
    let size = number(b"bs=").unwrap_or(512).max(1);
    let length = number(b"count=").map_or(bytes.len(), |count| {
        count.saturating_mul(size).min(bytes.len())
    });
    let bytes = &bytes[..length];
    match value(b"of=").map(resolve) {
        Some(path) => {
            if let Err(refusal) = shell.files.write(&path, bytes, false, Shell::now()) {
                call.complain(refusal.to_string());
                return 1;
            }
        }
        None => call.print(bytes),
    }
    let (whole, part) = (length / size, usize::from(length % size > 0));
    call.streams.complain(
        format!("{whole}+{part} records in\n{whole}+{part} records out\n{length} bytes copied, 0.000118 s, {length} B/s\n").as_bytes(),
    );
    0
}

/// The bytes of all files among the arguments, or of standard input; for the tools that work on text.
pub(super) fn content(shell: &Shell, call: &mut Call<'_>, names: &[&[u8]]) -> (Vec<u8>, u8) {
    if names.is_empty() {
        let bytes = if call.run.may_read(call.input.len()) {
            call.input
        } else {
            b""
        };
        return (bytes.to_vec(), 0);
    }
    let (mut bytes, mut status) = (vec![], 0);
    for name in names {
        let path = shell.files.resolve(&shell.directory, name);
        match shell.files.read(&path) {
            Ok(content) if call.run.may_read(content.len()) => bytes.extend_from_slice(content),
            Ok(_) => {
                call.complain("memory exhausted");
                return (vec![], 2);
            }
            Err(refusal) => {
                call.refuse(name, refusal);
                status = 1;
            }
        }
    }
    (bytes, status)
}
