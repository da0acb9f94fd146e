//! Finds credentials in requests.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use memchr::memmem;
use percent_encoding::percent_decode;
use serde_json::Value;

use super::request::Head;

/// Fields of forms that are the user's name.
const USERS: [&str; 16] = [
    "user",
    "username",
    "user_name",
    "userid",
    "user_id",
    "usr",
    "uname",
    "login",
    "loginname",
    "log",
    "name",
    "email",
    "account",
    "j_username",
    "pma_username",
    "user_login",
];
/// Fields of forms that are the password.
const PASSWORDS: [&str; 12] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "psw",
    "passwort",
    "user_password",
    "userpassword",
    "j_password",
    "pma_password",
    "pass_word",
    "loginpassword",
];
/// The most fields of a form that are looked at.
const FIELDS: usize = 100;

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
}

/// The credentials of `Authorization: Basic`.
pub(super) fn basic(head: &Head) -> Option<Pair> {
    // Some tools leave the padding out.
    const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let value = head.field("authorization");
    let (scheme, code) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let pair = ANY_PADDING.decode(code.trim_ascii()).ok()?;
    let colon = memchr::memchr(b':', &pair)?;
    Some(Pair {
        user: pair[..colon].to_vec(),
        password: pair[colon + 1..].to_vec(),
    })
}

/// The credentials in the fields of a posted form: urlencoded, multipart or JSON.
pub(super) fn form(head: &Head, body: &[u8]) -> Option<Pair> {
    if head.method != b"POST" {
        return None;
    }
    let fields = match body.trim_ascii_start() {
        [b'{', ..] => json(body),
        [b'-', b'-', ..] => multipart(body),
        _ => urlencoded(body),
    };
    let find = |names: &[&str]| {
        let known = |name: &[u8]| {
            names
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
        };
        fields
            .iter()
            .find(|(name, _)| known(name))
            .map(|(_, value)| value.clone())
    };
    Some(Pair {
        password: find(&PASSWORDS)?,
        user: find(&USERS).unwrap_or_default(),
    })
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn urlencoded(body: &[u8]) -> Fields {
    let decode = |part: &[u8]| {
        let spaces: Vec<u8> = part
            .iter()
            .map(|b| if *b == b'+' { b' ' } else { *b })
            .collect();
        percent_decode(&spaces).collect()
    };
    body.trim_ascii_end()
        .split(|b| *b == b'&')
        .take(FIELDS)
        .filter_map(|pair| {
            let equals = memchr::memchr(b'=', pair)?;
            Some((decode(&pair[..equals]), decode(&pair[equals + 1..])))
        })
        .collect()
}

/// The parts of a multipart body, whose first line is what stands between them.
fn multipart(body: &[u8]) -> Fields {
    let Some((line, rest)) = split_once(body, b"\r\n") else {
        return vec![];
    };
    let delimiter = [b"\r\n", line].concat();
    let finder = memmem::Finder::new(&delimiter);
    let mut fields = vec![];
    let mut rest = rest;
    while let Some(end) = finder.find(rest)
        && fields.len() < FIELDS
    {
        if let Some((head, value)) = split_once(&rest[..end], b"\r\n\r\n")
            && let Some((_, name)) = split_once(head, b" name=\"")
            && let Some((name, _)) = split_once(name, b"\"")
        {
            fields.push((name.to_vec(), value.to_vec()));
        }
        rest = rest[end + delimiter.len()..]
            .strip_prefix(b"\r\n")
            .unwrap_or_default();
    }
    fields
}

fn split_once<'a>(bytes: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(bytes, by)?;
    Some((&bytes[..at], &bytes[at + by.len()..]))
}

fn json(body: &[u8]) -> Fields {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return vec![];
    };
    let text = |value: Value| match value {
        Value::String(text) => Some(text.into_bytes()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        _ => None,
    };
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_bytes(), text(value)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::web::request;

    fn head(text: &str) -> Head {
        request::find(text.as_bytes(), &mut 0).unwrap().unwrap()
    }

    fn posted(body: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let pair = form(&head("POST /login HTTP/1.0\r\n\r\n"), body)?;
        Some((pair.user, pair.password))
    }

    #[test]
    fn forms_of_every_kind_have_their_exact_bytes() {
        let expected = Some((b"ad min".to_vec(), b"p\xff&=".to_vec()));
        assert_eq!(posted(b"x=1&UserName=ad+min&pwd=p%ff%26%3D"), expected);
        let parts = b"--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nad min\r\n\
            --b\r\nContent-Disposition: form-data; name=\"pass\"; x=\"y\"\r\n\r\np\xff&=\r\n--b--\r\n";
        assert_eq!(posted(parts), expected);
        assert_eq!(
            posted(b"{\"username\": \"root\", \"password\": 1234}"),
            Some((b"root".to_vec(), b"1234".to_vec()))
        );
        assert_eq!(posted(b"password=x"), Some((vec![], b"x".to_vec())));
        assert_eq!(posted(b"username=x"), None);
        assert_eq!(form(&head("PUT / HTTP/1.0\r\n\r\n"), b"password=x"), None);
    }

    #[test]
    fn basic_takes_any_byte_and_any_padding() {
        let pair = |value: &str| {
            let pair = basic(&head(&format!(
                "GET / HTTP/1.0\r\nAuthorization: {value}\r\n\r\n"
            )))?;
            Some((pair.user, pair.password))
        };
        let expected = Some((b"admin".to_vec(), b"a:\xff".to_vec()));
        assert_eq!(pair("Basic YWRtaW46YTr/"), expected);
        assert_eq!(pair("bAsIc  YWRtaW46"), Some((b"admin".to_vec(), vec![])));
        assert_eq!(pair("Basic YTpiYw"), Some((b"a".to_vec(), b"bc".to_vec())));
        for wrong in ["Basic", "Basic !", "Basic YWI=", "Digest YTpi"] {
            assert_eq!(pair(wrong), None);
        }
    }

    proptest! {
        #[test]
        fn no_body_is_too_much(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = posted(&body);
            let _ = posted(&[b"--b\r\n".as_slice(), &body, b"\r\n--b\r\n"].concat());
            let _ = posted(&[b"{".as_slice(), &body].concat());
        }
    }
}
