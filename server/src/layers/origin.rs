//! Whether a request that changes something comes from our own pages.

use axum::http::{HeaderMap, header};

/// Browsers say where a request comes from: by `Sec-Fetch-Site`, older ones by `Origin`. A request that says
/// neither is not one of a page of ours.
pub(super) fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let (Some(origin), Some(host)) = (text(header::ORIGIN.as_str()), text(header::HOST.as_str()))
    else {
        return false;
    };
    origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))
        == Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse().unwrap_or(header::HOST),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn only_our_own_pages_pass() {
        for ours in [
            headers(&[("sec-fetch-site", "same-origin")]),
            headers(&[
                ("origin", "http://127.0.0.1:3000"),
                ("host", "127.0.0.1:3000"),
            ]),
        ] {
            assert!(is_ours(&ours), "{ours:?}");
        }
        for foreign in [
            headers(&[]),
            headers(&[("sec-fetch-site", "cross-site")]),
            headers(&[("sec-fetch-site", "same-site")]),
            headers(&[("sec-fetch-site", "none")]),
            headers(&[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://a"),
                ("host", "a"),
            ]),
            headers(&[("origin", "http://evil"), ("host", "127.0.0.1:3000")]),
            headers(&[("origin", "null"), ("host", "null")]),
            headers(&[("host", "127.0.0.1:3000")]),
        ] {
            assert!(!is_ours(&foreign), "{foreign:?}");
        }
    }
}
