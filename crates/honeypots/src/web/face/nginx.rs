//! nginx, as Ubuntu 22.04 has it.

use std::time::Duration;

use super::{Asked, Face, Place, Target};
use crate::web::{
    answer::{Answer, Delivery, date},
    pages,
};

const SERVER: &str = "nginx/1.18.0 (Ubuntu)";

pub(super) struct Nginx;

impl Face for Nginx {
    fn cookie(&self) -> (&'static str, &'static str) {
        ("PHPSESSID", "; path=/")
    }

    fn keep_alive(&self) -> Option<Duration> {
        Some(Duration::from_secs(65))
    }

    fn body_limit(&self) -> Option<u64> {
        Some(1024 * 1024)
    }

    fn reason(&self, status: u16) -> &'static str {
        match status {
            302 => "Moved Temporarily",
            405 => "Not Allowed",
            414 => "Request-URI Too Large",
            _ => super::reason(status),
        }
    }

    fn fields(&self, answer: &Answer, delivery: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("Server", SERVER.to_owned()),
            ("Date", date()),
            ("Content-Type", answer.media.to_owned()),
            ("Content-Length", answer.body.len().to_string()),
        ];
        if answer.file {
            fields.push(("Last-Modified", delivery.modified()));
        }
        fields.extend(answer.take("Location"));
        let connection = if delivery.close {
            "close"
        } else {
            "keep-alive"
        };
        fields.push(("Connection", connection.to_owned()));
        fields.extend(answer.without("Location"));
        if answer.file {
            let tag = format!(
                "\"{:x}-{:x}\"",
                delivery.modified_seconds(),
                answer.body.len()
            );
            fields.push(("ETag", tag));
            fields.push(("Accept-Ranges", "bytes".to_owned()));
        }
        fields
    }

    fn error(&self, status: u16, _asked: &Asked) -> Answer {
        let words = match status {
            401 => "Authorization Required",
            _ => self.reason(status),
        };
        page(
            status,
            &format!("{status} {words}"),
            &format!("{status} {words}"),
            "",
        )
    }

    fn refuse(&self, method: &[u8], target: Target, asked: &Asked) -> Option<Answer> {
        let application = !matches!(target, Target::Front | Target::Missing);
        match method {
            b"GET" | b"HEAD" => None,
            b"POST" if application || target == Target::Missing => None,
            b"CONNECT" => Some(self.error(400, asked)),
            _ if method
                .iter()
                .any(|b| !b"_-".contains(b) && !b.is_ascii_uppercase()) =>
            {
                Some(self.error(400, asked))
            }
            _ => Some(self.error(405, asked)),
        }
    }

    fn front(&self, _place: &Place) -> Answer {
        let text = "<h1>Welcome to nginx!</h1>\n<p>The nginx web server is installed and working. \
            It has not been configured any further yet.</p>";
        Answer::file(pages::plain("Welcome to nginx!", text))
    }

    fn plain(&self, _asked: &Asked) -> Option<Answer> {
        let words = "The plain HTTP request was sent to HTTPS port";
        let title = format!("400 {words}");
        let more = format!("<center>{words}</center>\r\n");
        Some(page(400, &title, "400 Bad Request", &more))
    }
}

fn page(status: u16, title: &str, heading: &str, more: &str) -> Answer {
    let mut answer = Answer::page(
        status,
        format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
             <center><h1>{heading}</h1></center>\r\n{more}<hr><center>{SERVER}</center>\r\n\
             </body>\r\n</html>\r\n"
        ),
    );
    answer.media = "text/html";
    answer
}
