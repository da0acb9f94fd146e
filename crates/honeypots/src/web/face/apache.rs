//! The Apache HTTP Server, as Ubuntu 22.04 has it.

use std::time::Duration;

use super::{Asked, Face, Place, Target};
use crate::web::{
    answer::{Answer, Delivery, date},
    pages,
};

const SERVER: &str = "Apache/2.4.52 (Ubuntu)";
const ALLOW: &str = "GET,POST,OPTIONS,HEAD";

pub(super) struct Apache;

impl Face for Apache {
    fn cookie(&self) -> (&'static str, &'static str) {
        ("PHPSESSID", "; path=/")
    }

    fn keep_alive(&self) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }

    fn fields(&self, answer: &Answer, delivery: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let mut fields = vec![("Date", date()), ("Server", SERVER.to_owned())];
        fields.extend(answer.fields.iter().cloned());
        if answer.file {
            fields.push(("Last-Modified", delivery.modified()));
            let micros = delivery.modified_seconds() * 1_000_000 + 321_987;
            fields.push(("ETag", format!("\"{:x}-{micros:x}\"", answer.body.len())));
            fields.push(("Accept-Ranges", "bytes".to_owned()));
        }
        fields.push(("Content-Length", answer.body.len().to_string()));
        if answer.file {
            fields.push(("Vary", "Accept-Encoding".to_owned()));
        }
        if delivery.close {
            fields.push(("Connection", "close".to_owned()));
        } else if delivery.asked {
            let keep = format!("timeout=5, max={}", delivery.left);
            fields.push(("Keep-Alive", keep));
            fields.push(("Connection", "Keep-Alive".to_owned()));
        }
        if !answer.body.is_empty() {
            fields.push(("Content-Type", answer.media.to_owned()));
        }
        fields
    }

    fn error(&self, status: u16, asked: &Asked) -> Answer {
        let text = match status {
            400 => BAD,
            401 => {
                "<p>This server could not verify that you\nare authorized to access the document\n\
                 requested.</p>"
            }
            404 => "<p>The requested URL was not found on this server.</p>",
            405 => "<p>The requested method is not allowed for this URL.</p>",
            414 => {
                "<p>The requested URL's length exceeds the capacity\nlimit for this server.<br />\n</p>"
            }
            501 => "<p>The method is not supported for the current URL.<br />\n</p>",
            _ => "<p>The server cannot answer this request.</p>",
        };
        let mut answer = self.page(status, text, asked);
        if matches!(status, 405 | 501) {
            answer.fields.push(("Allow", ALLOW.to_owned()));
        }
        answer
    }

    fn refuse(&self, method: &[u8], _target: Target, asked: &Asked) -> Option<Answer> {
        const KNOWN: [&[u8]; 14] = [
            b"PUT",
            b"DELETE",
            b"PATCH",
            b"TRACE",
            b"CONNECT",
            b"PROPFIND",
            b"PROPPATCH",
            b"MKCOL",
            b"COPY",
            b"MOVE",
            b"LOCK",
            b"UNLOCK",
            b"REPORT",
            b"SEARCH",
        ];
        match method {
            b"GET" | b"HEAD" | b"POST" => None,
            b"OPTIONS" => {
                let mut answer = Answer::page(200, String::new());
                answer.fields.push(("Allow", ALLOW.to_owned()));
                Some(answer)
            }
            _ if KNOWN.contains(&method) => Some(self.error(405, asked)),
            _ => Some(self.error(501, asked)),
        }
    }

    fn front(&self, _place: &Place) -> Answer {
        let text = "<h1>Apache2 Default Page</h1>\n<p><b>It works!</b> This is the default page of the \
            Apache2 server on Ubuntu. Put your own site into <code>/var/www/html</code>.</p>";
        let mut answer = Answer::file(pages::plain("Apache2 Ubuntu Default Page: It works", text));
        answer.media = "text/html";
        answer
    }

    fn plain(&self, asked: &Asked) -> Option<Answer> {
        let text = "<p>Your browser sent a request that this server could not understand.<br />\n\
            Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n \
            Instead use the HTTPS scheme to access this URL, please.<br />\n</p>";
        Some(self.page(400, text, asked))
    }
}

const BAD: &str =
    "<p>Your browser sent a request that this server could not understand.<br />\n</p>";

impl Apache {
    fn page(&self, status: u16, text: &str, asked: &Asked) -> Answer {
        let reason = self.reason(status);
        let Asked { host, port } = asked;
        let mut answer = Answer::page(
            status,
            format!(
                "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
                 <title>{status} {reason}</title>\n</head><body>\n<h1>{reason}</h1>\n{text}\n<hr>\n\
                 <address>{SERVER} Server at {host} Port {port}</address>\n</body></html>\n"
            ),
        );
        answer.media = "text/html; charset=iso-8859-1";
        answer
    }
}
