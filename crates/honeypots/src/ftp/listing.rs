//! Directories as vsftpd lists them.

use skep_model::{Timestamp, time::DAY};

use super::account::Account;
use crate::shell::{
    date::Date,
    filesystem::{Kind, Node},
};

/// What a listing shows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// All there is to know.
    Long,
    /// The name alone.
    Names,
}

/// Lists what an argument of `LIST`, `NLST` or `STAT` asks for: options first, then a directory or a pattern.
/// `None` when there is no such directory.
pub(super) fn list(account: &Account, argument: &[u8], style: Style) -> Option<Vec<u8>> {
    let (options, wanted) = match argument.strip_prefix(b"-") {
        Some(rest) => split_once(rest, b' ').unwrap_or((rest, b"")),
        None => (b"".as_slice(), argument),
    };
    let style = if options.contains(&b'l') {
        Style::Long
    } else {
        style
    };
    let (directory, pattern) = whole_or_part(account, wanted);
    let mut entries = account.files.list(&account.locate(directory)).ok()?;
    let here = account.files.get(&account.locate(directory));
    if options.contains(&b'a') {
        let dots = [b".".to_vec(), b"..".to_vec()];
        entries.splice(
            0..0,
            here.into_iter()
                .flat_map(|node| dots.clone().map(|dot| (dot, node))),
        );
    } else {
        entries.retain(|(name, _)| !name.starts_with(b".") || pattern.starts_with(b"."));
    }
    entries.retain(|(name, _)| pattern.is_empty() || matches(name, pattern));
    if options.contains(&b'r') {
        entries.reverse();
    }
    let now = Timestamp::now();
    let mut text = vec![];
    for (name, node) in &entries {
        match style {
            Style::Long => text.extend_from_slice(&long(name, node, now)),
            // Names stand behind their directory, so that they can be asked for as they are.
            Style::Names => {
                if !directory.is_empty() {
                    text.extend_from_slice(directory);
                    if !directory.ends_with(b"/") {
                        text.push(b'/');
                    }
                }
                text.extend_from_slice(name);
                text.extend_from_slice(b"\r\n");
            }
        }
    }
    Some(text)
}

/// The directory that is meant, and the pattern that names in it must match.
fn whole_or_part<'a>(account: &Account, wanted: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let node = account.files.get(&account.locate(wanted));
    if wanted.is_empty() || node.is_some_and(Node::is_directory) {
        return (wanted, b"");
    }
    match wanted.iter().rposition(|b| *b == b'/') {
        Some(0) => (b"/", &wanted[1..]),
        Some(slash) => (&wanted[..slash], &wanted[slash + 1..]),
        None => (b"", wanted),
    }
}

fn split_once(bytes: &[u8], by: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == by)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// Whether a name fits a pattern with `*` and `?`.
fn matches(name: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut next) = (0, 0);
    // Where the last star stands, and up to where it reaches so far.
    let mut star = None;
    while at < name.len() {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[at] => {
                at += 1;
                next += 1;
            }
            _ => match &mut star {
                Some((place, reach)) => {
                    *reach += 1;
                    (next, at) = (*place + 1, *reach);
                }
                None => return false,
            },
        }
    }
    pattern[next..].iter().all(|byte| *byte == b'*')
}

fn long(name: &[u8], node: &Node, now: Timestamp) -> Vec<u8> {
    let date = Date::new(node.modified);
    let last = if now.0 - node.modified.0 > 182 * DAY {
        format!(" {}", date.year)
    } else {
        date.time.get(..5).unwrap_or_default().to_owned()
    };
    let head = format!(
        "{} {:>4} {owner:<8} {owner:<8} {:>8} {} {} {last} ",
        node.permissions(),
        if node.is_directory() { 2 } else { 1 },
        node.size(),
        date.month_name,
        date.day,
        owner = node.owner,
    );
    let target = match &node.kind {
        Kind::Link(target) => [b" -> ", &target[..]].concat(),
        _ => vec![],
    };
    [head.as_bytes(), name, &target, b"\r\n"].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::shell::Machine;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (name, pattern, fits) in [
            ("index.html", "*.html", true),
            ("index.html", "index.????", true),
            ("index.html", "*x*h*", true),
            ("index.html", "*.htm", false),
            ("index.html", "?", false),
            ("", "*", true),
            ("a", "", false),
            ("aab", "a*ab", true),
        ] {
            assert_eq!(
                matches(name.as_bytes(), pattern.as_bytes()),
                fits,
                "{name} {pattern}"
            );
        }
        let stars = "*a".repeat(2000);
        assert!(!matches(&[b'a'; 250], stars.as_bytes()));
    }

    #[test]
    fn a_file_stands_in_vsftpds_columns() {
        let machine = Arc::new(Machine::new(
            &[0; 32],
            "",
            crate::shell::Personality::find("ubuntu"),
        ));
        let account = Account::user(&machine, "root");
        let text = |argument: &str, style| {
            String::from_utf8(list(&account, argument.as_bytes(), style).unwrap()).unwrap()
        };
        let line = text("/etc/passwd", Style::Long);
        assert!(
            line.starts_with("-rw-r--r--    1 0        0            "),
            "{line}"
        );
        assert!(line.ends_with(" passwd\r\n"), "{line}");
        assert_eq!(
            text("/srv/ftp", Style::Names),
            "/srv/ftp/backup\r\n/srv/ftp/pub\r\n/srv/ftp/upload\r\n"
        );
        assert!(text("-al", Style::Names).contains(" .bashrc\r\n"));
        assert!(!text("", Style::Names).contains(".bashrc"));
        assert_eq!(list(&account, b"/nowhere/x", Style::Long), None);
    }
}
