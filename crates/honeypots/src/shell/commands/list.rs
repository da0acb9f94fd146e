//! `ls` and `find`.

use super::Call;
use crate::shell::{
    Shell,
    date::Date,
    filesystem::{Kind, Node, Refusal},
    glob::fits,
};

pub(super) fn ls(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut paths = call.operands();
    if paths.is_empty() {
        paths.push(b".");
    }
    let several = paths.len() > 1;
    let mut status = 0;
    for name in paths {
        let path = shell.files.resolve(&shell.directory, name);
        let entries = match shell.files.get(&path) {
            Some(node) if node.is_directory() && !call.has(b'd') => shell.files.list(&path),
            Some(node) => Ok(vec![(name.to_vec(), node)]),
            None => Err(Refusal::Missing),
        };
        match entries {
            Ok(mut entries) => {
                let directory = shell
                    .files
                    .get(&path)
                    .filter(|node| node.is_directory() && !call.has(b'd'));
                if let Some(node) = directory {
                    if several {
                        call.print([name, b":\n"].concat());
                    }
                    entries.retain(|(name, _)| {
                        call.has(b'a') || call.has(b'A') || !name.starts_with(b".")
                    });
                    if call.has(b'a') {
                        entries.splice(0..0, [(b".".to_vec(), node), (b"..".to_vec(), node)]);
                    }
                }
                show(shell, call, &entries, directory.is_some());
            }
            Err(refusal) => {
                let verb = if refusal == Refusal::Denied {
                    "open directory"
                } else {
                    "access"
                };
                call.streams.complain(
                    &[
                        format!("ls: cannot {verb} '").as_bytes(),
                        name,
                        format!("': {refusal}\n").as_bytes(),
                    ]
                    .concat(),
                );
                status = 2;
            }
        }
    }
    status
}

fn show(shell: &Shell, call: &mut Call<'_>, entries: &[(Vec<u8>, &Node)], total: bool) {
    if call.has(b'l') {
        if total {
            let blocks: usize = entries
                .iter()
                .map(|(_, node)| node.size().div_ceil(4096) * 4)
                .sum();
            call.print(format!("total {blocks}\n"));
        }
        for (name, node) in entries {
            let mut line = long(node, name, shell.files.owner(node));
            if let Kind::Link(target) = &node.kind {
                line.extend_from_slice(b" -> ");
                line.extend_from_slice(target);
            }
            line.push(b'\n');
            call.print(line);
        }
    } else {
        let width: usize = entries.iter().map(|(name, _)| name.len() + 2).sum();
        let separator: &[u8] = if width <= 80 && !call.has(b'1') {
            b"  "
        } else {
            b"\n"
        };
        let names: Vec<&[u8]> = entries.iter().map(|(name, _)| name.as_slice()).collect();
        if !names.is_empty() {
            call.print([names.join(separator).as_slice(), b"\n"].concat());
        }
    }
}

/// A line of `ls -l`.
pub(crate) fn long(node: &Node, name: &[u8], owner: &str) -> Vec<u8> {
    let links = if node.is_directory() { 2 } else { 1 };
    let date = Date::new(node.modified).listing(&Date::new(Shell::now()));
    let head = format!(
        "{} {links} {owner} {owner} {:>6} {date} ",
        node.permissions(),
        node.size()
    );
    [head.as_bytes(), name].concat()
}

/// `find paths -name pattern -type f -delete`, and what is done with what is found is printed.
pub(super) fn find(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let start = call
        .args
        .iter()
        .take_while(|arg| !arg.starts_with(b"-"))
        .count();
    let (paths, tests) = call.args.split_at(start);
    let value = |name: &[u8]| {
        let at = tests.iter().position(|arg| arg == name)?;
        tests.get(at + 1).cloned()
    };
    let pattern = value(b"-name").or_else(|| value(b"-iname"));
    let kind = value(b"-type");
    let delete = tests.iter().any(|arg| arg == b"-delete");
    let here = [b".".to_vec()];
    let mut status = 0;
    for name in if paths.is_empty() { &here } else { paths } {
        let top = shell.files.resolve(&shell.directory, name);
        if shell.files.get(&top).is_none() {
            call.complain(
                [
                    b"\xe2\x80\x98",
                    name.as_slice(),
                    "\u{2019}: No such file or directory".as_bytes(),
                ]
                .concat(),
            );
            status = 1;
            continue;
        }
        let mut found = vec![];
        for path in std::iter::once(top.clone()).chain(shell.files.below(&top)) {
            let Some(node) = shell.files.get(&path) else {
                continue;
            };
            let last = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
            let fits_kind = match kind.as_deref() {
                Some(b"f") => matches!(node.kind, Kind::File(_) | Kind::Lost(_)),
                Some(b"d") => node.is_directory(),
                Some(b"l") => matches!(node.kind, Kind::Link(_)),
                _ => true,
            };
            if fits_kind && pattern.as_ref().is_none_or(|pattern| fits(pattern, last)) {
                found.push(path);
            }
        }
        for path in found {
            if delete {
                let _ = shell.files.remove(&path, false);
            } else {
                let below = path.strip_prefix(top.as_slice()).unwrap_or_default();
                let base = name.strip_suffix(b"/").unwrap_or(name);
                let shown = if below.is_empty() {
                    name.as_slice()
                } else {
                    base
                };
                call.print([shown, below, b"\n"].concat());
            }
        }
    }
    status
}
