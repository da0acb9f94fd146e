//! `chmod`

use super::Call;
use crate::shell::{Shell, filesystem::Refusal};

/// `chmod mode file…`
pub(super) fn chmod(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    // A mode such as `-x` looks like an option.
    let is_option =
        |arg: &&Vec<u8>| arg.starts_with(b"-") && arg.iter().any(|b| b"RvfcR".contains(b));
    let mut names: Vec<&[u8]> = call
        .args
        .iter()
        .filter(|arg| !is_option(arg))
        .map(Vec::as_slice)
        .collect();
    if names.len() < 2 {
        call.complain("missing operand\nTry 'chmod --help' for more information.");
        return 1;
    }
    let mode = names.remove(0).to_vec();
    if changed(0, &mode).is_none() {
        call.complain(
            [
                b"invalid mode: '".as_slice(),
                &mode,
                b"'\nTry 'chmod --help' for more information.",
            ]
            .concat(),
        );
        return 1;
    }
    let mut status = 0;
    for name in names {
        let path = shell.files.resolve(&shell.directory, name);
        let old = shell.files.get(&path).map(|node| node.mode);
        let done = match old.and_then(|old| changed(old, &mode)) {
            None => Err(Refusal::Missing),
            Some(new) => shell.files.set_mode(&path, new),
        };
        if let Err(refusal) = done {
            let verb = if refusal == Refusal::Missing {
                "cannot access '"
            } else {
                "changing permissions of '"
            };
            call.complain([verb.as_bytes(), name, format!("': {refusal}").as_bytes()].concat());
            status = 1;
        }
    }
    status
}

/// A mode after a change such as `755`, `+x` or `u=rwx,go-w`.
fn changed(old: u32, change: &[u8]) -> Option<u32> {
    let change = std::str::from_utf8(change).ok()?;
    if change.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(u32::from_str_radix(change, 8).ok()? & 0o7777);
    }
    let mut mode = old;
    for clause in change.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(at);
        let mut bits = 0;
        for letter in rest.chars().skip(1) {
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' | 'X' => 0o111,
                's' => 0o6000,
                't' => 0o1000,
                _ => return None,
            };
        }
        let mut mask = 0o7000;
        for letter in if who.is_empty() { "a" } else { who }.chars() {
            mask |= match letter {
                'u' => 0o700,
                'g' => 0o070,
                'o' => 0o007,
                'a' => 0o777,
                _ => return None,
            };
        }
        mode = match rest.as_bytes().first() {
            Some(b'+') => mode | bits & mask,
            Some(b'-') => mode & !(bits & mask),
            _ => mode & !mask | bits & mask,
        };
    }
    Some(mode)
}
