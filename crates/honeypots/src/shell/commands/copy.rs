//! `cp`, `mv`, `ln` and `dd`.

use super::{Call, files::each};
use crate::shell::{Shell, filesystem::Node};

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

pub(super) fn ln(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let [target, name] = names.as_slice() else {
        call.complain("missing file operand\nTry 'ln --help' for more information.");
        return 1;
    };
    let mut link = shell.files.resolve_link(&shell.directory, name);
    if shell.files.get(&link).is_some_and(Node::is_directory) {
        let last = target.rsplit(|b| *b == b'/').next().unwrap_or_default();
        link = [link.as_slice(), b"/", last].concat();
    }
    if call.has(b'f') {
        let _ = shell.files.remove(&link, false);
    }
    if let Err(refusal) = shell.files.link(&link, target, Shell::now()) {
        let why = format!("': {refusal}");
        call.complain([b"failed to create symbolic link '", *name, why.as_bytes()].concat());
        return 1;
    }
    0
}

/// `dd if=… of=… bs=… count=…`
pub(super) fn dd(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let value = |key: &[u8]| call.args.iter().find_map(|arg| arg.strip_prefix(key));
    let number = |key: &[u8]| {
        let text = std::str::from_utf8(value(key)?).ok()?;
        let (digits, unit) = match text.chars().last()? {
            'k' | 'K' => (&text[..text.len() - 1], 1024),
            'M' => (&text[..text.len() - 1], 1024 * 1024),
            _ => (text, 1),
        };
        Some(digits.parse::<usize>().ok()?.saturating_mul(unit))
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
        None => call.input.rest().to_vec(),
    };
    let size = number(b"bs=").unwrap_or(512).max(1);
    let skipped = number(b"skip=")
        .unwrap_or(0)
        .saturating_mul(size)
        .min(bytes.len());
    let bytes = &bytes[skipped..];
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
