//! What `\n` and the like stand for.

/// Follows `\n`, `\x41`, `\101` and the like.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let Some((kind, after)) = rest.split_first() else {
            out.push(b'\\');
            break;
        };
        rest = after;
        match kind {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' => out.push(27),
            b'\\' => out.push(b'\\'),
            b'x' => number(&mut out, &mut rest, 16, 2, b"\\x"),
            b'0' => number(&mut out, &mut rest, 8, 3, b"\0"),
            b'1'..=b'7' => {
                rest = &text[text.len() - rest.len() - 1..];
                number(&mut out, &mut rest, 8, 3, b"");
            }
            other => out.extend_from_slice(&[b'\\', *other]),
        }
    }
    out
}

/// Reads up to `most` digits as one byte; without any, `otherwise` stands for itself.
fn number(out: &mut Vec<u8>, rest: &mut &[u8], radix: u32, most: usize, otherwise: &[u8]) {
    let digits = rest
        .iter()
        .take(most)
        .map_while(|b| char::from(*b).to_digit(radix));
    let (count, value) = digits.fold((0, 0), |(count, value), digit| {
        (count + 1, value * radix + digit)
    });
    if count == 0 {
        out.extend_from_slice(otherwise);
    } else {
        out.push(value as u8);
    }
    *rest = &rest[count..];
}
