//! A request as it came: its line, its header fields, and how long its body is.

use skep_model::InteractionKind;

/// The longest request line, in bytes.
pub(super) const LINE: usize = 8 * 1024;
/// The longest head, in bytes.
pub(super) const HEAD: usize = 32 * 1024;
/// The most header fields.
const FIELDS: usize = 256;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It breaks the grammar.
    Malformed,
    /// Its line is too long.
    LongLine,
    /// Its header fields are too many or too long.
    LongHead,
    /// Its version is one that nobody here speaks.
    Version,
    /// Its body is coded in an unknown way.
    Coding,
}

impl Problem {
    /// The status that answers it.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::LongHead => 400,
            Self::LongLine => 414,
            Self::Coding => 501,
            Self::Version => 505,
        }
    }
}

/// The version of the protocol that a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// A line without a version, as HTTP/0.9 has it.
    Simple,
    /// HTTP/1 with this digit.
    One(u8),
}

impl Version {
    /// The version in its own words.
    pub(super) fn text(self) -> String {
        match self {
            Self::Simple => "HTTP/0.9".to_owned(),
            Self::One(minor) => format!("HTTP/1.{minor}"),
        }
    }
}

/// A request without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: Vec<u8>,
    /// The target as it was sent.
    pub(super) target: Vec<u8>,
    pub(super) version: Version,
    pub(super) fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Every byte of it, with the empty line at its end and those before its beginning.
    pub(super) raw: Vec<u8>,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
}

/// Looks for a head at the beginning of what was received; `None` until there is enough to tell. The answer is
/// the same however the bytes are cut into pieces. `searched` keeps how far the end was looked for.
pub(super) fn find(received: &[u8], searched: &mut usize) -> Option<Result<Head, Problem>> {
    let start = received.iter().take_while(|b| b"\r\n".contains(b)).count();
    let rest = received.get(start..)?;
    let line_end = memchr::memchr(b'\n', rest);
    let method_end = rest.iter().position(|b| !is_token(*b));
    if let Some(end) = method_end
        && (end == 0 || rest[end] != b' ')
    {
        return Some(Err(Problem::Malformed));
    }
    if start > HEAD {
        return Some(Err(Problem::LongHead));
    }
    if line_end.unwrap_or(rest.len()) > LINE {
        return Some(Err(Problem::LongLine));
    }
    let line_end = line_end?;
    let line = &rest[..line_end];
    let (method, target, version) = match split(line.strip_suffix(b"\r").unwrap_or(line)) {
        Ok(parts) => parts,
        Err(problem) => return Some(Err(problem)),
    };
    let head = |fields, end| Head {
        method: method.to_vec(),
        target: target.to_vec(),
        version,
        fields,
        raw: received[..end].to_vec(),
    };
    if version == Version::Simple {
        return Some(Ok(head(vec![], start + line_end + 1)));
    }
    let from = (start + line_end).max(*searched);
    let end = end_of_head(received, from);
    *searched = received.len().saturating_sub(2);
    if end.unwrap_or(received.len()) > HEAD {
        return Some(Err(Problem::LongHead));
    }
    let end = end?;
    let mut found = vec![httparse::EMPTY_HEADER; FIELDS];
    let fields = &received[start + line_end + 1..end];
    Some(match httparse::parse_headers(fields, &mut found) {
        Ok(httparse::Status::Complete((length, found))) if length == fields.len() => Ok(head(
            found
                .iter()
                .map(|field| (field.name.as_bytes().to_vec(), field.value.to_vec()))
                .collect(),
            end,
        )),
        Err(httparse::Error::TooManyHeaders) => Err(Problem::LongHead),
        _ => Err(Problem::Malformed),
    })
}

/// Where the first empty line after `from` ends; there is a line's end at `from` or later.
fn end_of_head(received: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', &received[from..])
        .map(|at| from + at + 1)
        .find_map(|next| match &received[next..] {
            [b'\n', ..] => Some(next + 1),
            [b'\r', b'\n', ..] => Some(next + 2),
            _ => None,
        })
}

/// The parts of a request line.
fn split(line: &[u8]) -> Result<(&[u8], &[u8], Version), Problem> {
    let mut parts = line.split(|b| *b == b' ');
    let (method, target) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let version = match (parts.next(), parts.next()) {
        (None, _) if method == b"GET" => Version::Simple,
        (Some(version), None) => match version.strip_prefix(b"HTTP/") {
            Some([b'1', b'.', minor @ b'0'..=b'9']) => Version::One(minor - b'0'),
            Some([b'2'..=b'9', b'.', b'0'..=b'9']) => return Err(Problem::Version),
            _ => return Err(Problem::Malformed),
        },
        _ => return Err(Problem::Malformed),
    };
    if target.is_empty() || target.iter().any(|b| *b <= b' ' || *b == 0x7f) {
        return Err(Problem::Malformed);
    }
    Ok((method, target, version))
}

/// Whether a method or a field's name may have it.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Head {
    /// The values of all fields of that name, in their order.
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// The value of the first field of that name, empty if there is none.
    pub(super) fn field(&self, name: &'static str) -> &[u8] {
        self.all(name).next().unwrap_or_default()
    }

    /// Whether a field that is a list of words, such as `Connection`, has that word.
    pub(super) fn has(&self, name: &'static str, word: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(|b| *b == b','))
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether the connection may go on after the answer.
    pub(super) fn keeps_alive(&self) -> bool {
        match self.version {
            Version::Simple => false,
            Version::One(0) => self.has("connection", "keep-alive"),
            Version::One(_) => !self.has("connection", "close"),
        }
    }

    /// Whether it names its host as its version asks for.
    pub(super) fn names_host(&self) -> bool {
        let mut hosts = self.all("host");
        match (hosts.next(), hosts.next()) {
            (None, _) => self.version < Version::One(1),
            (Some(host), None) => host
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(b)),
            (Some(_), Some(_)) => false,
        }
    }

    /// How the body ends. Of two contradicting fields the coding counts, as in RFC 9112.
    pub(super) fn framing(&self) -> Result<Framing, Problem> {
        let mut codings = self.all("transfer-encoding");
        match (codings.next(), codings.next()) {
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => {
                return Ok(Framing::Chunked);
            }
            (Some(_), _) => return Err(Problem::Coding),
            (None, _) => {}
        }
        let mut lengths = self.all("content-length");
        match (lengths.next(), lengths.next()) {
            (None, _) => Ok(Framing::Length(0)),
            (Some(length), None) if length.iter().all(u8::is_ascii_digit) => {
                let length = str::from_utf8(length).ok().and_then(|l| l.parse().ok());
                length.map(Framing::Length).ok_or(Problem::Malformed)
            }
            _ => Err(Problem::Malformed),
        }
    }

    /// Every value of the cookie of that name.
    pub(super) fn cookies(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        self.all("cookie")
            .flat_map(|value| value.split(|b| *b == b';'))
            .filter_map(move |pair| {
                pair.trim_ascii()
                    .strip_prefix(name.as_bytes())?
                    .strip_prefix(b"=")
            })
    }

    /// Whether its parts, written down in the ordinary way, are what came.
    pub(super) fn is_ordinary(&self) -> bool {
        let version = self.version.text();
        let mut bytes = [&self.method, b" ".as_slice(), &self.target].concat();
        if self.version != Version::Simple {
            bytes.push(b' ');
            bytes.extend_from_slice(version.as_bytes());
        }
        for (name, value) in &self.fields {
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
        }
        if self.version != Version::Simple {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes == self.raw
    }

    /// The step that it is in an event.
    pub(super) fn step(&self, body: &[u8]) -> InteractionKind {
        InteractionKind::Request {
            method: self.method.clone().into(),
            path: self.target.clone().into(),
            headers: self
                .fields
                .iter()
                .map(|(name, value)| (name.clone().into(), value.clone().into()))
                .collect(),
            body: body.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn whole(bytes: &[u8]) -> Option<Result<Head, Problem>> {
        find(bytes, &mut 0)
    }

    #[test]
    fn bytes_of_every_kind_stand_as_they_came() {
        let raw =
            b"POST /a\xff?x=\xc3 HTTP/1.1\r\nhOsT: x\r\nX-Odd: \xfe\x80\t\xff\r\nEmpty: \r\n\r\n";
        let head = whole(raw).unwrap().unwrap();
        assert_eq!(head.target, b"/a\xff?x=\xc3");
        assert_eq!(head.field("x-odd"), b"\xfe\x80\t\xff");
        assert_eq!(head.fields[0].0, b"hOsT");
        assert!(head.is_ordinary());
        for odd in [
            "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\nHost:x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x \r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        ] {
            assert!(!whole(odd.as_bytes()).unwrap().unwrap().is_ordinary());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (raw, problem) in [
            ("\x16\x03\x01", Problem::Malformed),
            ("GET /", Problem::Malformed),
            ("GET  / HTTP/1.1\r\n", Problem::Malformed),
            ("POST /\r\n", Problem::Malformed),
            ("GET / HTTP/2.0\r\n", Problem::Version),
            ("GET / RTSP/1.0\r\n", Problem::Malformed),
            ("GET / HTTP/1.1\r\nA : b\r\n\r\n", Problem::Malformed),
            ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", Problem::Malformed),
            ("GET / HTTP/1.1\r\nA: b\0\r\n\r\n", Problem::Malformed),
        ] {
            if raw != "GET /" {
                assert_eq!(whole(raw.as_bytes()), Some(Err(problem)), "{raw:?}");
            }
        }
        assert_eq!(whole(b"GET /"), None);
        let long = [b"GET /".as_slice(), &[b'a'; LINE]].concat();
        assert_eq!(whole(&long), Some(Err(Problem::LongLine)));
        let many = [
            b"GET / HTTP/1.1\r\n".as_slice(),
            &b"A: b\r\n".repeat(FIELDS + 1),
            b"\r\n",
        ];
        assert_eq!(whole(&many.concat()), Some(Err(Problem::LongHead)));
        let simple = whole(b"GET /x\r\n").unwrap().unwrap();
        assert_eq!(
            (simple.version, simple.is_ordinary()),
            (Version::Simple, true)
        );
    }

    #[test]
    fn contradicting_lengths_are_refused_and_chunks_win() {
        let framing = |fields: &str| {
            let raw = format!("POST / HTTP/1.1\r\n{fields}\r\n");
            whole(raw.as_bytes()).unwrap().unwrap().framing()
        };
        let (length, chunked) = ("Content-Length: 5\r\n", "Transfer-Encoding: Chunked\r\n");
        assert_eq!(framing(""), Ok(Framing::Length(0)));
        assert_eq!(framing(length), Ok(Framing::Length(5)));
        assert_eq!(framing(&[length, chunked].concat()), Ok(Framing::Chunked));
        assert_eq!(framing(&[length, length].concat()), Err(Problem::Malformed));
        assert_eq!(framing(&[chunked, chunked].concat()), Err(Problem::Coding));
        for wrong in ["+5", "5 5", "", "0x5", "99999999999999999999", "5, 5"] {
            let field = format!("Content-Length: {wrong}\r\n");
            assert_eq!(framing(&field), Err(Problem::Malformed), "{wrong}");
        }
        assert_eq!(
            framing("Transfer-Encoding: gzip, chunked\r\n"),
            Err(Problem::Coding)
        );
    }

    /// Bytes that often come close to a request.
    fn nearly() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"GET ".to_vec()),
            Just(b"/ HTTP/1.1\r\n".to_vec()),
            Just(b"Host: x\r\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"Content-Length: 3\r\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_is_found(bytes in nearly(), cut in 1usize..9) {
            let mut searched = 0;
            let mut pieces = None;
            for end in (0..bytes.len()).step_by(cut).chain([bytes.len()]) {
                pieces = find(&bytes[..end], &mut searched);
                if pieces.is_some() {
                    break;
                }
            }
            prop_assert_eq!(pieces, whole(&bytes));
        }
    }
}
