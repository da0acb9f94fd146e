//! Patterns of file names.

use super::{Shell, bounds::Run};

/// The most names that a pattern comes to.
const NAMES: usize = 1000;
/// The most steps of one comparison.
const WORK: usize = 1 << 22;

/// Whether a pattern of `*`, `?`, `[a-z]` and backslashes fits a whole text.
pub(super) fn fits(pattern: &[u8], text: &[u8]) -> bool {
    if pattern.len().saturating_mul(text.len()) > WORK {
        return false;
    }
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last star does not fit.
    let mut star = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, t));
            continue;
        }
        let Some(&byte) = text.get(t) else {
            return p == pattern.len();
        };
        match one(&pattern[p..], byte) {
            Some(length) => {
                p += length;
                t += 1;
            }
            None => match star {
                Some((after, from)) => {
                    p = after;
                    t = from + 1;
                    star = Some((after, t));
                }
                None => return false,
            },
        }
    }
}

/// How long the beginning of a pattern is, if it fits one byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', literal, ..] => (*literal == byte).then_some(2),
        [b'[', rest @ ..] => {
            let negated = matches!(rest.first(), Some(b'!' | b'^'));
            let start = usize::from(negated);
            // A bracket at the beginning stands for itself.
            let end = rest.iter().skip(start + 1).position(|b| *b == b']');
            let Some(end) = end.map(|n| n + start + 1) else {
                return (byte == b'[').then_some(1);
            };
            let mut set = &rest[start..end];
            let mut found = false;
            while let Some((&first, after)) = set.split_first() {
                if let [b'-', last, tail @ ..] = after {
                    found |= (first..=*last).contains(&byte);
                    set = tail;
                } else {
                    found |= first == byte;
                    set = after;
                }
            }
            (found != negated).then_some(end + 2)
        }
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

impl Shell {
    /// The files whose names fit a pattern, sorted.
    pub(super) fn glob(&self, pattern: &[u8], run: &mut Run) -> Vec<Vec<u8>> {
        let mut found: Vec<Vec<u8>> = vec![vec![]];
        for (n, part) in pattern.split(|b| *b == b'/').enumerate() {
            let is_pattern = part.iter().any(|b| b"*?[".contains(b));
            let mut next = vec![];
            for base in found {
                let prefix = if n == 0 {
                    vec![]
                } else {
                    [base.as_slice(), b"/"].concat()
                };
                if !is_pattern {
                    let literal: Vec<u8> = part.iter().copied().filter(|b| *b != b'\\').collect();
                    next.push([prefix, literal].concat());
                    continue;
                }
                if !run.step() || next.len() >= NAMES {
                    break;
                }
                let folder: &[u8] = if prefix.is_empty() { b"." } else { &prefix };
                let path = self.files.resolve(&self.directory, folder);
                let names = self.files.list(&path).unwrap_or_default();
                let hidden = part.starts_with(b".");
                next.extend(
                    names
                        .into_iter()
                        .filter(|(name, _)| hidden || !name.starts_with(b"."))
                        .filter(|(name, _)| fits(part, name))
                        .map(|(name, _)| [prefix.as_slice(), &name].concat()),
                );
            }
            found = next;
        }
        found.retain(|name| {
            let path = self.files.resolve(&self.directory, name);
            self.files.get(&path).is_some()
        });
        found.truncate(NAMES);
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*.sh", ".sh", true),
            ("[a-c]?", "bz", true),
            ("[!a-c]?", "bz", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("[", "[", true),
            ("*a*b*", "xxaxxbxx", true),
        ] {
            assert_eq!(
                fits(pattern.as_bytes(), text.as_bytes()),
                wanted,
                "{pattern} {text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[a*?\\[\\]!\\\\-]{0,12}", text in "[a\\[\\]*]{0,12}") {
            fits(pattern.as_bytes(), text.as_bytes());
        }
    }
}
