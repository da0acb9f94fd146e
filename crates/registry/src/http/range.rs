//! Ranges: of a blob that somebody wants, and of an upload that somebody sends.

use std::ops::Range;

/// How much of something is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it; also if more than one range was asked for, or if it cannot be understood.
    Whole,
    /// This part; it is not empty, and lies within.
    Part(Range<u64>),
    /// A part that there is not.
    Beyond,
}

/// Reads the header `Range` for something of this length.
#[must_use]
pub fn wanted_range(header: &str, length: u64) -> Wanted {
    let Some((from, to)) = header
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Wanted::Whole;
    };
    let range = match (number(from), number(to)) {
        (Some(from), Some(to)) if from <= to => from..to.saturating_add(1).min(length),
        (Some(from), None) if to.is_empty() => from..length,
        // The last so many bytes.
        (None, Some(count)) if from.is_empty() => length.saturating_sub(count)..length,
        _ => return Wanted::Whole,
    };
    if range.start < range.end {
        Wanted::Part(range)
    } else {
        Wanted::Beyond
    }
}

/// Reads the header `Content-Range` of a part of an upload, which is not that of HTTP: `FIRST-LAST`.
#[must_use]
pub fn content_range(header: &str) -> Option<Range<u64>> {
    let (first, last) = header.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let end = last.checked_add(1)?;
    (first < end).then_some(first..end)
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_ranges() {
        for (header, wanted) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-", Wanted::Part(2..10)),
            ("bytes=2-99", Wanted::Part(2..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-99", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
        ] {
            assert_eq!(wanted_range(header, 10), wanted, "{header}");
        }
        assert_eq!(content_range("0-4"), Some(0..5));
        for bad in [
            "",
            "-",
            "4-0",
            "0-18446744073709551615",
            "bytes 0-4/5",
            " 0-4",
            "0-4-5",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn stays_within(header in "(bytes=)?[0-9]{0,20}-?[0-9]{0,20}", length: u64) {
            if let Wanted::Part(range) = wanted_range(&header, length) {
                prop_assert!(range.start < range.end && range.end <= length);
            }
            if let Some(range) = content_range(&header) {
                prop_assert!(range.start < range.end);
            }
        }

        #[test]
        fn written_is_read(first in 0..1000_u64, more in 0..1000_u64) {
            let last = first + more;
            prop_assert_eq!(content_range(&format!("{first}-{last}")), Some(first..last + 1));
            let wanted = wanted_range(&format!("bytes={first}-{last}"), 5000);
            prop_assert_eq!(wanted, Wanted::Part(first..last + 1));
        }
    }
}
