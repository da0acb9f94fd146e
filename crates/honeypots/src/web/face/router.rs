//! A home router's web pages: a TP-Link TL-WR841N.

use std::time::Duration;

use super::{Asked, Face, Place, Target};
use crate::web::{
    answer::{Answer, Delivery},
    pages,
};

const REALM: &str = "TP-LINK Wireless N Router WR841N";

pub(super) struct Router;

impl Face for Router {
    fn cookie(&self) -> (&'static str, &'static str) {
        ("Session", "; path=/")
    }

    fn keep_alive(&self) -> Option<Duration> {
        None
    }

    fn needs_host(&self) -> bool {
        false
    }

    fn reason(&self, status: u16) -> &'static str {
        match status {
            401 => "N/A",
            _ => super::reason(status),
        }
    }

    fn fields(&self, answer: &Answer, _delivery: &Delivery<'_>) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("Server", "Router Webserver".to_owned()),
            ("Connection", "close".to_owned()),
            ("Content-Type", answer.media.to_owned()),
        ];
        if answer.status != 401 {
            fields.push(("WWW-Authenticate", format!("Basic realm=\"{REALM}\"")));
        }
        fields.extend(answer.fields.iter().cloned());
        fields
    }

    fn error(&self, status: u16, _asked: &Asked) -> Answer {
        let reason = match status {
            401 => "You have no authority to access this device!",
            _ => self.reason(status),
        };
        let mut answer = Answer::page(status, pages::plain(reason, &format!("<h1>{reason}</h1>")));
        answer.media = "text/html";
        answer
    }

    fn refuse(&self, method: &[u8], _target: Target, asked: &Asked) -> Option<Answer> {
        match method {
            b"GET" | b"HEAD" | b"POST" => None,
            _ => Some(self.error(501, asked)),
        }
    }

    fn target(&self, path: &[u8]) -> Target {
        match path {
            b"/" | b"/index.htm" | b"/index.html" | b"/userRpm/LoginRpm.htm" => Target::Login,
            b"/userRpm/LogoutRpm.htm" => Target::Logout,
            b"/userRpm/Index.htm" => Target::Inside,
            _ => match super::target(path) {
                Target::Login => Target::Login,
                _ => Target::Protected,
            },
        }
    }

    fn realm(&self) -> &'static str {
        REALM
    }

    fn front(&self, place: &Place) -> Answer {
        self.login(place, false)
    }

    fn login(&self, place: &Place, failed: bool) -> Answer {
        let mut answer = Answer::page(200, pages::router_login(place, failed));
        answer.media = "text/html";
        answer
    }

    fn inside(&self, place: &Place, user: &str) -> Answer {
        let mut answer = Answer::page(200, pages::router_status(place, user));
        answer.media = "text/html";
        answer
    }

    fn paths(&self) -> (&'static str, &'static str) {
        ("/userRpm/LoginRpm.htm", "/userRpm/Index.htm")
    }

    fn certificate_name(&self, _place: &Place) -> String {
        "tplinkwifi.net".to_owned()
    }
}
