//! How a registry says where its tokens are: `WWW-Authenticate: Bearer realm="…",service="…"`.

/// What it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password with each request.
    Basic,
    /// A token, which is asked for there.
    Bearer { realm: String, service: String },
}

impl Challenge {
    /// Reads the header's value.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (scheme, parameters) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, String::new());
        let mut rest = parameters;
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_once(',').unwrap_or((after, "")),
            };
            let name = name.trim_matches([',', ' ']);
            match name.to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value.to_owned()),
                "service" => value.clone_into(&mut service),
                _ => {}
            }
            rest = after;
        }
        realm.map(|realm| Self::Bearer { realm, service })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let bearer = |realm: &str, service: &str| {
            let (realm, service) = (realm.to_owned(), service.to_owned());
            Some(Challenge::Bearer { realm, service })
        };
        for (value, wanted) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull""#,
                bearer("https://auth.docker.io/token", "registry.docker.io"),
            ),
            (
                r#"bearer scope="a,b=c", realm=https://a/t, service=s"#,
                bearer("https://a/t", "s"),
            ),
            ("Bearer service=\"s\"", None),
            ("Bearer realm=\"https://a", None),
            ("Digest realm=\"a\"", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(value), wanted, "{value}");
        }
    }
}
