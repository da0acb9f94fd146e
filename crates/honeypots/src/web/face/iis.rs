//! Microsoft's Internet Information Services, as Windows Server 2019 has it.

use std::time::Duration;

use super::{Asked, Face, Place, Target};
use crate::{
    shell::machine::derive,
    web::{
        answer::{Answer, Delivery, date},
        pages,
    },
};

pub(super) struct Iis;

impl Face for Iis {
    fn cookie(&self) -> (&'static str, &'static str) {
        ("ASP.NET_SessionId", "; path=/; HttpOnly; SameSite=Lax")
    }

    fn keep_alive(&self) -> Option<Duration> {
        Some(Duration::from_mins(2))
    }

    fn reason(&self, status: u16) -> &'static str {
        match status {
            414 => "URI Too Long",
            _ => super::reason(status),
        }
    }

    fn fields(&self, answer: &Answer, delivery: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let kernel = by_kernel(answer.status);
        let mut fields = vec![];
        if !answer.body.is_empty() {
            fields.push(("Content-Type", answer.media.to_owned()));
        }
        if answer.file {
            fields.push(("Last-Modified", delivery.modified()));
            fields.push(("Accept-Ranges", "bytes".to_owned()));
            // The change's time as Windows counts it, from 1601 in steps of 100 ns.
            let time = (delivery.modified_seconds() + 11_644_473_600) * 10_000_000;
            fields.push(("ETag", format!("\"{:x}:0\"", time.swap_bytes())));
        }
        let server = if kernel {
            "Microsoft-HTTPAPI/2.0"
        } else {
            "Microsoft-IIS/10.0"
        };
        fields.push(("Server", server.to_owned()));
        fields.extend(answer.fields.iter().cloned());
        if !kernel {
            fields.push(("X-Powered-By", "ASP.NET".to_owned()));
        }
        fields.push(("Date", date()));
        if delivery.close {
            fields.push(("Connection", "close".to_owned()));
        }
        fields.push(("Content-Length", answer.body.len().to_string()));
        fields
    }

    fn error(&self, status: u16, _asked: &Asked) -> Answer {
        let reason = self.reason(status);
        let (title, text) = match status {
            401 => (
                "401 - Unauthorized: Access is denied due to invalid credentials.",
                "You do not have permission to view this page with these credentials.",
            ),
            404 => (
                "404 - File or directory not found.",
                "What you are looking for might have been removed or renamed, or is unavailable.",
            ),
            405 => (
                "405 - HTTP verb used to access this page is not allowed.",
                "This page cannot be shown, because the method is not allowed.",
            ),
            _ if by_kernel(status) => return kernel(status, reason),
            _ => (reason, "The request cannot be answered."),
        };
        let text = format!("<h1>Server Error</h1>\r\n<h2>{title}</h2>\r\n<h3>{text}</h3>");
        let mut answer = Answer::page(status, pages::plain(title, &text));
        answer.media = "text/html";
        if status == 405 {
            answer
                .fields
                .push(("Allow", "GET, HEAD, OPTIONS, TRACE".to_owned()));
        }
        answer
    }

    fn refuse(&self, method: &[u8], target: Target, asked: &Asked) -> Option<Answer> {
        match method {
            b"GET" | b"HEAD" => None,
            b"POST" if target != Target::Front => None,
            b"OPTIONS" => {
                let methods = "OPTIONS, TRACE, GET, HEAD, POST".to_owned();
                let mut answer = Answer::page(200, String::new());
                answer.fields = vec![("Allow", methods.clone()), ("Public", methods)];
                Some(answer)
            }
            b"CONNECT" => Some(self.error(400, asked)),
            b"TRACE" => Some(self.error(501, asked)),
            _ => Some(self.error(405, asked)),
        }
    }

    fn front(&self, _place: &Place) -> Answer {
        let text = "<h1>Internet Information Services</h1>\n<p>This server runs IIS on Windows Server.</p>";
        let mut answer = Answer::file(pages::plain("IIS Windows Server", text));
        answer.media = "text/html";
        answer
    }

    fn hostname(&self, identity: &[u8; 32]) -> String {
        const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let seed = derive(identity, "windows name");
        let letters = seed.iter().take(11);
        let letters = letters.map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()]));
        format!("WIN-{}", letters.collect::<String>())
    }

    fn certificate_name(&self, place: &Place) -> String {
        format!("WMSvc-SHA2-{}", place.hostname.to_ascii_uppercase())
    }
}

/// Whether the answer comes from http.sys, which hears requests before IIS does.
fn by_kernel(status: u16) -> bool {
    matches!(status, 400 | 411 | 414 | 501 | 505)
}

fn kernel(status: u16, reason: &str) -> Answer {
    let mut answer = Answer::page(
        status,
        format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n\
             <HTML><HEAD><TITLE>{reason}</TITLE>\r\n\
             <META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n\
             <BODY><h2>{reason}</h2>\r\n<hr><p>HTTP Error {status}. The request is badly formed.</p>\r\n\
             </BODY></HTML>\r\n"
        ),
    );
    answer.media = "text/html; charset=us-ascii";
    answer
}
