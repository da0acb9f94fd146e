//! An answer, and how it becomes bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{
    face::{Face, Place},
    request::Version,
};

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The value of `Content-Type`.
    pub(super) media: &'static str,
    /// Header fields of this answer alone.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// Whether it is a file, with a time of its last change.
    pub(super) file: bool,
    /// Whether the connection ends with it.
    pub(super) close: bool,
}

impl Answer {
    /// A page that a program makes.
    pub(super) fn page(status: u16, body: String) -> Self {
        Self {
            status,
            media: "text/html; charset=UTF-8",
            fields: vec![],
            body,
            file: false,
            close: false,
        }
    }

    /// A file.
    pub(super) fn file(body: String) -> Self {
        Self {
            media: "text/html",
            file: true,
            ..Self::page(200, body)
        }
    }

    /// Sends the visitor elsewhere.
    pub(super) fn redirect(to: &str) -> Self {
        let mut answer = Self::page(302, String::new());
        answer.fields.push(("Location", to.to_owned()));
        answer
    }

    /// Its own field of that name.
    pub(super) fn take<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (&'static str, String)> {
        self.fields
            .iter()
            .filter(move |field| field.0 == name)
            .cloned()
    }

    /// Its own fields, but for those of that name.
    pub(super) fn without<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (&'static str, String)> {
        self.fields
            .iter()
            .filter(move |field| field.0 != name)
            .cloned()
    }

    /// The bytes to send.
    pub(super) fn bytes(&self, face: &dyn Face, delivery: &Delivery<'_>) -> Vec<u8> {
        let mut bytes = String::new();
        if delivery.version != Version::Simple {
            let reason = face.reason(self.status);
            bytes = format!("HTTP/1.1 {} {reason}\r\n", self.status);
            for (name, value) in face.fields(self, delivery) {
                bytes.extend([name, ": ", &value, "\r\n"]);
            }
            bytes.push_str("\r\n");
        }
        if !delivery.head_only {
            bytes.push_str(&self.body);
        }
        bytes.into_bytes()
    }
}

/// The time, as header fields have it.
pub(super) fn date() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}

/// How an answer is sent.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    pub(super) place: &'a Place,
    pub(super) version: Version,
    /// Whether only the head is sent.
    pub(super) head_only: bool,
    /// Whether the connection ends with it.
    pub(super) close: bool,
    /// Whether the request asks in words that the connection goes on.
    pub(super) asked: bool,
    /// How many more requests the connection may have.
    pub(super) left: u32,
}

impl Delivery<'_> {
    /// When files were last changed, as header fields have it.
    pub(super) fn modified(&self) -> String {
        httpdate::fmt_http_date(self.place.installed)
    }

    /// When files were last changed, in seconds since 1970.
    pub(super) fn modified_seconds(&self) -> u64 {
        self.place
            .installed
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}
