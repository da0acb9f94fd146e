//! Commands that look at files and change them.

use super::Call;
use crate::shell::{Shell, filesystem::Refusal};

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
    let mut names = call.operands();
    if names.is_empty() {
        names.push(b"-");
    }
    each(shell, call, names, |shell, path, call| {
        let bytes = if path.ends_with(b"/-") {
            call.input.rest()
        } else {
            shell.files.read(path)?
        };
        call.streams.print(bytes);
        Ok(())
    })
}

/// Does something with each path; complains about those where it cannot.
pub(super) fn each(
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
    let (names, append) = (call.operands(), call.has(b'a'));
    let input = call.input.rest().to_vec();
    call.streams.print(&input);
    each(shell, call, names, |shell, path, _| {
        shell.files.write(path, &input, append, Shell::now())
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

pub(super) fn chown(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands().into_iter().skip(1).collect();
    each(shell, call, names, |shell, path, _| {
        shell.files.get(path).map(drop).ok_or(Refusal::Missing)
    })
}

/// The bytes of all files among the arguments, or of standard input; for the tools that work on text.
pub(super) fn content(shell: &Shell, call: &mut Call<'_>, names: &[&[u8]]) -> (Vec<u8>, u8) {
    if names.is_empty() {
        let bytes = call.input.rest();
        let bytes = if call.run.may_read(bytes.len()) {
            bytes.to_vec()
        } else {
            vec![]
        };
        return (bytes, 0);
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
