//! What a web server looks like: the products that the honeypot can pass for.

use std::time::{Duration, SystemTime};

use super::{
    answer::{Answer, Delivery},
    pages,
};
use crate::shell::{Machine, Personality};

mod apache;
mod iis;
mod nginx;
mod router;

/// The faces' names; the first is the default.
pub(super) const NAMES: [&str; 4] = ["nginx", "apache", "iis", "router"];

/// The face of that name.
pub(super) fn find(name: &str) -> &'static dyn Face {
    match name {
        "apache" => &apache::Apache,
        "iis" => &iis::Iis,
        "router" => &router::Router,
        _ => &nginx::Nginx,
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The page that everybody sees.
    Front,
    /// The log-in form.
    Login,
    /// What is behind the form.
    Inside,
    /// The way out.
    Logout,
    /// What asks for Basic credentials.
    Protected,
    /// Nothing.
    Missing,
}

/// What is the same for all visitors.
#[derive(Debug)]
pub(super) struct Place {
    /// The machine's name.
    pub(super) hostname: String,
    /// The title of the log-in page, if it is not the face's own.
    pub(super) title: String,
    /// When it was installed.
    pub(super) installed: SystemTime,
}

/// Which server was asked.
#[derive(Debug)]
pub(super) struct Asked {
    /// The host, as the request has it.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

/// A product, as its visitors see it.
pub(super) trait Face: Send + Sync {
    /// The session cookie's name, and its attributes.
    fn cookie(&self) -> (&'static str, &'static str);

    /// How long it waits for a connection's next request, if it does.
    fn keep_alive(&self) -> Option<Duration>;

    /// The longest body that it takes, in bytes.
    fn body_limit(&self) -> Option<u64> {
        None
    }

    /// Whether requests must name their host, as HTTP/1.1 has it.
    fn needs_host(&self) -> bool {
        true
    }

    /// The words of a status.
    fn reason(&self, status: u16) -> &'static str {
        reason(status)
    }

    /// The header fields of an answer, in the product's order.
    fn fields(&self, answer: &Answer, delivery: &Delivery<'_>) -> Vec<(&'static str, String)>;

    /// The page of an error.
    fn error(&self, status: u16, asked: &Asked) -> Answer;

    /// The answer to a method that does not fit, or that says all by itself.
    fn refuse(&self, method: &[u8], target: Target, asked: &Asked) -> Option<Answer>;

    /// What a path leads to.
    fn target(&self, path: &[u8]) -> Target {
        target(path)
    }

    /// What the Basic credentials are for.
    fn realm(&self) -> &'static str {
        "Restricted"
    }

    /// The page that everybody sees.
    fn front(&self, place: &Place) -> Answer;

    /// The log-in page, after a wrong password or before any.
    fn login(&self, place: &Place, failed: bool) -> Answer {
        Answer::page(200, pages::login(place, failed))
    }

    /// The page that a log-in leads to.
    fn inside(&self, place: &Place, user: &str) -> Answer {
        Answer::page(200, pages::inside(place, user))
    }

    /// Where the log-in form is, and where it leads to.
    fn paths(&self) -> (&'static str, &'static str) {
        ("/login", "/dashboard")
    }

    /// The answer to plain HTTP on a port for TLS; some just hang up.
    fn plain(&self, _asked: &Asked) -> Option<Answer> {
        None
    }

    /// The name of a machine that runs it.
    fn hostname(&self, identity: &[u8; 32]) -> String {
        Machine::new(identity, "", Personality::find("ubuntu")).hostname
    }

    /// The name that its certificate is for.
    fn certificate_name(&self, place: &Place) -> String {
        place.hostname.clone()
    }
}

/// What a path leads to on an ordinary web server.
fn target(path: &[u8]) -> Target {
    let path = path.to_ascii_lowercase();
    let first = path.split(|b| *b == b'/').nth(1).unwrap_or_default();
    let last = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let stem = last.split(|b| *b == b'.').next().unwrap_or_default();
    match (path.as_slice(), first, stem) {
        (b"/" | b"/index.html" | b"/index.htm", ..) => Target::Front,
        (_, b"admin" | b"administrator" | b"manage" | b"manager", _) => Target::Protected,
        (.., b"login" | b"signin" | b"logon" | b"auth") => Target::Login,
        (_, b"dashboard", _) => Target::Inside,
        (_, b"logout", _) => Target::Logout,
        _ => Target::Missing,
    }
}

/// The words of a status that most products use.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        501 => "Not Implemented",
        505 => "HTTP Version Not Supported",
        _ => "Internal Server Error",
    }
}
