//! Addresses and parameters of `MAIL FROM` and `RCPT TO`.

/// Users to whom mail is delivered without being sent anywhere.
const USERS: [&[u8]; 7] = [
    b"root",
    b"postmaster",
    b"abuse",
    b"admin",
    b"info",
    b"webmaster",
    b"www-data",
];

/// An argument of `MAIL` or `RCPT`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope<'a> {
    /// The address, without angle brackets.
    pub(super) address: &'a [u8],
    /// `SIZE=…`, `BODY=…` and the like.
    pub(super) parameters: Vec<&'a [u8]>,
}

/// Reads `FROM:<address> parameters`; the brackets and a space behind the colon are taken as they come.
pub(super) fn parse<'a>(argument: &'a [u8], keyword: &[u8]) -> Option<Envelope<'a>> {
    let (word, rest) = argument.split_at_checked(keyword.len())?;
    let rest = rest.strip_prefix(b":")?.trim_ascii();
    if !word.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, rest) = if let Some(inside) = rest.strip_prefix(b"<") {
        let end = inside.iter().position(|b| *b == b'>')?;
        (&inside[..end], &inside[end + 1..])
    } else {
        let end = rest.iter().position(|b| *b == b' ').unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        rest.split_at(end)
    };
    let parameters = rest.split(|b| *b == b' ').filter(|word| !word.is_empty());
    Some(Envelope {
        address,
        parameters: parameters.collect(),
    })
}

/// Whether it could be an address: a name, and then perhaps a domain, without spaces and control characters.
pub(super) fn is_address(address: &[u8]) -> bool {
    !address.is_empty()
        && !address.starts_with(b"@")
        && !address.ends_with(b"@")
        && !address.iter().any(|b| *b <= b' ' || *b == 127)
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To a user of this machine.
    Here,
    /// To a user of this machine that it does not have.
    Nobody,
    /// To another machine.
    Elsewhere,
}

pub(super) fn route(address: &[u8], hostname: &str) -> Route {
    let (name, domain) = match address.iter().rposition(|b| *b == b'@') {
        Some(at) => (&address[..at], Some(&address[at + 1..])),
        None => (address, None),
    };
    let here = domain.is_none_or(|domain| {
        [hostname.as_bytes(), b"localhost", b"localhost.localdomain"]
            .iter()
            .any(|own| domain.eq_ignore_ascii_case(own))
    });
    if !here {
        Route::Elsewhere
    } else if USERS.iter().any(|user| name.eq_ignore_ascii_case(user)) {
        Route::Here
    } else {
        Route::Nobody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_read_as_postfix_reads_them() {
        let read = |argument: &'static str| {
            parse(argument.as_bytes(), b"FROM")
                .map(|envelope| (envelope.address, envelope.parameters.len()))
        };
        assert_eq!(read("FROM:<a@b>"), Some((b"a@b".as_slice(), 0)));
        assert_eq!(
            read("from: <> SIZE=9  BODY=8BITMIME"),
            Some((b"".as_slice(), 2))
        );
        assert_eq!(read("FROM:a@b SIZE=1"), Some((b"a@b".as_slice(), 1)));
        for wrong in [
            "",
            "FROM",
            "FROM:",
            "FROM: ",
            "FROM <a@b>",
            "FROM:<a@b",
            "TO:<a@b>",
            "FRO",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_lead_here_or_elsewhere() {
        for (address, to) in [
            ("root", Route::Here),
            ("Postmaster@MAIL-01", Route::Here),
            ("root@localhost", Route::Here),
            ("nosuch@mail-01", Route::Nobody),
            ("root@example.org", Route::Elsewhere),
            ("a@mail-01@example.org", Route::Elsewhere),
        ] {
            assert_eq!(route(address.as_bytes(), "mail-01"), to, "{address}");
        }
    }
}
