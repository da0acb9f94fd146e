//! Which hosts the server may ask: everybody on the internet over TLS, and in its own network those that are listed.
//! Whoever could name any host would ask through the server what only the server can reach.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// A host that may be asked wherever it is: `registry.example:5000`, or `http://10.0.0.5:5000` without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedHost(Url);

/// What is no host to be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a registry is listed as HOST, HOST:PORT, or http://HOST:PORT if it has no TLS")]
pub struct WrongHost;

impl FromStr for ListedHost {
    type Err = WrongHost;

    fn from_str(text: &str) -> Result<Self, WrongHost> {
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&whole).map_err(|_| WrongHost)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let bare = bare && url.username().is_empty() && url.password().is_none();
        if bare && matches!(url.scheme(), "http" | "https") && url.host_str().is_some() {
            Ok(Self(url))
        } else {
            Err(WrongHost)
        }
    }
}

impl fmt::Display for ListedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Whom the server may ask.
#[derive(Clone, Debug, Default)]
pub struct Reach(Arc<Vec<ListedHost>>);

impl Reach {
    /// The internet, and these.
    #[must_use]
    pub fn new(listed: Vec<ListedHost>) -> Self {
        Self(Arc::new(listed))
    }

    /// The address of a registry by its host.
    pub(super) fn base(&self, host: &str) -> Option<Url> {
        let with = |scheme: &str| Url::parse(&format!("{scheme}://{host}")).ok();
        let plain = with("http").filter(|url| self.lists(url));
        plain.or_else(|| with("https"))
    }

    fn lists(&self, url: &Url) -> bool {
        self.0
            .iter()
            .any(|listed| listed.0.origin() == url.origin())
    }

    /// Whether this address may be asked, as far as that can be told without its name being resolved.
    pub(super) fn allows(&self, url: &Url) -> bool {
        if self.lists(url) {
            return true;
        }
        let host = url.host_str().unwrap_or_default();
        // Of a host that is listed, nothing but what is listed: its name resolves to wherever it is.
        let listed = self
            .0
            .iter()
            .any(|listed| listed.0.host_str() == Some(host));
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        let private = literal.is_ok_and(|address: IpAddr| !is_public(address));
        url.scheme() == "https" && !listed && !private
    }
}

/// Gives no addresses that the server may not ask.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let listed = self
            .0
            .iter()
            .any(|listed| listed.0.host_str() == Some(&host));
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            let found: Vec<SocketAddr> = found
                .filter(|address| listed || is_public(address.ip()))
                .collect();
            if found.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A name that leads nowhere that may be asked.
#[derive(Debug, thiserror::Error)]
#[error("it is in a private network, and not listed with --registry")]
pub(super) struct NotPublic;

/// Whether an address is one of the internet's.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    !special && !shared && !benchmark && a != 0 && a < 240 && (a, b, c) != (192, 0, 0)
}

/// What is given out (`2000::/3`), but for what leads to IPv4, and for documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || a == 0x3fff;
    (0x2000..0x4000).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "192.0.0.8",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn what_is_listed_is_asked_and_no_more_of_that_host() {
        let listed = ["http://10.0.0.5:5000", "registry.example"];
        let reach = Reach::new(listed.map(|host| host.parse().unwrap()).into());
        let allows = |url: &str| reach.allows(&Url::parse(url).unwrap());
        for good in [
            "http://10.0.0.5:5000/v2/",
            "https://registry.example/v2/",
            "https://1.1.1.1/",
            "https://ghcr.io/",
        ] {
            assert!(allows(good), "{good}");
        }
        for bad in [
            "https://10.0.0.5:5000/",
            "http://10.0.0.5/",
            "https://registry.example:8443/",
            "http://registry.example/",
            "http://ghcr.io/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "ftp://ghcr.io/",
        ] {
            assert!(!allows(bad), "{bad}");
        }
        let base = |host| reach.base(host).map(|url| url.to_string());
        assert_eq!(
            base("10.0.0.5:5000").as_deref(),
            Some("http://10.0.0.5:5000/")
        );
        assert_eq!(base("ghcr.io").as_deref(), Some("https://ghcr.io/"));
        for wrong in ["", "ftp://a", "a/b", "http://u@a", "a?b"] {
            assert!(wrong.parse::<ListedHost>().is_err(), "{wrong}");
        }
    }
}
