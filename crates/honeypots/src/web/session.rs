//! One connection: requests, what is recorded of them, and answers.

use std::{io, time::Duration};

use skep_model::{Direction, InteractionKind, LoginMethod};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{
    Site,
    answer::{Answer, Delivery},
    face::{Asked, Target},
    logins::{self, Pair},
    request::{Framing, Head, Problem, Version},
    visits::Visitor,
    wire::{Body, Wire},
};
use crate::stream::reason;

/// The most requests of one connection, as nginx and Apache have it.
const REQUESTS: u32 = 100;
/// How long the first request may take.
const FIRST: Duration = Duration::from_mins(1);

/// One connection.
pub(super) struct Session<'a, 'v, S> {
    pub(super) site: &'a Site,
    pub(super) visitor: &'v mut Visitor<'a>,
    pub(super) wire: Wire<S>,
    /// The port that was called.
    pub(super) port: u16,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, '_, S> {
    /// Talks until there is nothing more to say; returns why.
    pub(super) async fn run(&mut self) -> String {
        let end = match self.talk().await {
            Ok(end) => end.to_owned(),
            Err(error) => reason(Some(&error)),
        };
        let unused = self.wire.unused();
        let length = unused.len();
        self.record_bytes(unused, length).await;
        end
    }

    async fn talk(&mut self) -> io::Result<&'static str> {
        let mut wait = FIRST;
        for left in (0..REQUESTS).rev() {
            let head = self.visitor.wait(self.wire.head());
            let Ok(found) = timeout(wait, head).await else {
                return Ok("no request in time");
            };
            let head = match found? {
                None => return Ok("closed by the source"),
                Some(Err(problem)) => {
                    self.refuse(problem).await?;
                    return Ok("a malformed request");
                }
                Some(Ok(head)) => head,
            };
            if !self.exchange(&head, left).await? {
                self.finish().await;
                return Ok("closed after the answer");
            }
            wait = self.site.face.keep_alive().unwrap_or_default();
        }
        Ok("too many requests")
    }

    /// Answers what is no request.
    async fn refuse(&mut self, problem: Problem) -> io::Result<()> {
        let unused = self.wire.unused();
        let length = unused.len();
        self.record_bytes(unused, length).await;
        let answer = self.site.face.error(problem.status(), &self.asked(None));
        let bytes = answer.bytes(self.site.face, &self.site.last_delivery());
        self.wire.write(&bytes).await?;
        self.finish().await;
        Ok(())
    }

    /// Closes the connection and records what is still on its way.
    async fn finish(&mut self) {
        let (rest, length) = self.wire.finish().await;
        self.record_bytes(rest, length).await;
    }

    async fn record_bytes(&mut self, bytes: Vec<u8>, length: usize) {
        if !bytes.is_empty() {
            let kind = InteractionKind::Data {
                direction: Direction::In,
                bytes: bytes.into(),
            };
            self.visitor.record_part(kind, length).await;
        }
    }

    /// Takes one request and answers it; whether the connection goes on.
    async fn exchange(&mut self, head: &Head, left: u32) -> io::Result<bool> {
        let face = self.site.face;
        self.visitor.recognise(head.cookies(face.cookie().0)).await;
        let mut body = Body::default();
        let read = self.read_body(head, &mut body).await;
        self.record(head, &mut body).await;
        let mut answer = match read? {
            Ok(()) => self.answer(head, &body).await,
            Err(status) => {
                let mut answer = face.error(status, &self.asked(Some(head)));
                answer.close = true;
                answer
            }
        };
        if matches!(answer.status, 200 | 302) && head.method != b"OPTIONS" {
            self.hand_cookie(head, &mut answer).await;
        }
        let close = answer.close || left == 0 || !head.keeps_alive() || face.keep_alive().is_none();
        let delivery = Delivery {
            place: &self.site.place,
            version: head.version,
            head_only: head.method == b"HEAD",
            close,
            asked: head.has("connection", "keep-alive"),
            left,
        };
        self.wire.write(&answer.bytes(face, &delivery)).await?;
        Ok(!close)
    }

    /// Reads the body, or says with which status it is refused.
    async fn read_body(&mut self, head: &Head, body: &mut Body) -> io::Result<Result<(), u16>> {
        let framing = match head.framing() {
            _ if head.version == Version::Simple => Framing::Length(0),
            Ok(framing) => framing,
            Err(problem) => return Ok(Err(problem.status())),
        };
        if let (Framing::Length(length), Some(most)) = (framing, self.site.face.body_limit())
            && length > most
        {
            return Ok(Err(413));
        }
        if framing != Framing::Length(0) && head.has("expect", "100-continue") {
            self.wire.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let read = self.wire.body(framing, body).await?;
        Ok(read.map_err(Problem::status))
    }

    /// Records a request. Where its parts do not say exactly what came, the bytes follow: of a head that is
    /// written in an unusual way, and of a body in chunks.
    async fn record(&mut self, head: &Head, body: &mut Body) {
        self.visitor
            .record_part(head.step(&body.bytes), body.length)
            .await;
        if head.version != Version::One(1) {
            let version = InteractionKind::Attribute {
                name: "version".to_owned(),
                value: head.version.text().into_bytes().into(),
            };
            self.visitor.record(version).await;
        }
        if !head.is_ordinary() {
            self.record_bytes(head.raw.clone(), head.raw.len()).await;
        }
        let raw = std::mem::take(&mut body.raw);
        self.record_bytes(raw, body.raw_length).await;
    }

    async fn answer(&mut self, head: &Head, body: &Body) -> Answer {
        let (site, face) = (self.site, self.site.face);
        let asked = self.asked(Some(head));
        let path = path(&head.target);
        let target = path
            .as_deref()
            .map_or(Target::Missing, |path| face.target(path));
        let basic = self.try_basic(head, target).await;
        let form = self.try_form(head, body, target).await;
        if face.needs_host() && !head.names_host() {
            let mut answer = face.error(400, &asked);
            answer.close = true;
            return answer;
        }
        if let Some(refusal) = face.refuse(&head.method, target, &asked) {
            return refusal;
        }
        if path.is_none() {
            return face.error(400, &asked);
        }
        let user = self.visitor.user().await;
        let inside = |user: &[u8]| face.inside(&site.place, &String::from_utf8_lossy(user));
        let (form_path, inside_path) = face.paths();
        match (target, form, basic.or(user)) {
            (Target::Front, ..) => face.front(&site.place),
            (Target::Login, Some(true), _) => Answer::redirect(inside_path),
            (Target::Login, Some(false), _) => face.login(&site.place, true),
            (Target::Login, None, None) => face.login(&site.place, false),
            (Target::Login | Target::Inside | Target::Protected, _, Some(user)) => inside(&user),
            (Target::Inside, _, None) => Answer::redirect(form_path),
            (Target::Logout, ..) => {
                self.visitor.set_user(None).await;
                Answer::redirect(form_path)
            }
            (Target::Protected, _, None) => {
                let mut answer = face.error(401, &asked);
                let realm = format!("Basic realm=\"{}\"", face.realm());
                answer.fields.push(("WWW-Authenticate", realm));
                answer
            }
            (Target::Missing, ..) => face.error(404, &asked),
        }
    }

    /// Records Basic credentials; returns who they let in.
    async fn try_basic(&mut self, head: &Head, target: Target) -> Option<Vec<u8>> {
        let pair = logins::basic(head)?;
        let accepted = target == Target::Protected && self.accepts(&pair);
        self.visitor.record_login(login(&pair, accepted)).await;
        accepted.then_some(pair.user)
    }

    /// Records the credentials of a form; returns whether they are right.
    async fn try_form(&mut self, head: &Head, body: &Body, target: Target) -> Option<bool> {
        let pair = logins::form(head, &body.bytes)?;
        let accepted = target == Target::Login && self.accepts(&pair);
        self.visitor.record(login(&pair, accepted)).await;
        if accepted {
            self.visitor.set_user(Some(pair.user)).await;
        }
        Some(accepted)
    }

    fn accepts(&self, pair: &Pair) -> bool {
        self.site.accept.accept(&pair.user, &pair.password)
    }

    /// Gives the visitor a cookie, unless the request has it already.
    async fn hand_cookie(&mut self, head: &Head, answer: &mut Answer) {
        let (name, attributes) = self.site.face.cookie();
        let cookie = self.visitor.cookie().await;
        if head.cookies(name).all(|known| known != cookie.as_bytes()) {
            let value = format!("{name}={cookie}{attributes}");
            answer.fields.insert(0, ("Set-Cookie", value));
        }
    }

    /// Which server was asked, as the request has it.
    fn asked(&self, head: Option<&Head>) -> Asked {
        let host = head.filter(|head| head.names_host());
        let host = host.map_or(b"".as_slice(), |head| head.field("host"));
        let host = String::from_utf8_lossy(host);
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host.as_ref(), None),
        };
        let name = if name.is_empty() {
            &self.site.place.hostname
        } else {
            name
        };
        Asked {
            host: name.to_owned(),
            port: port.unwrap_or(self.port),
        }
    }
}

fn login(pair: &Pair, accepted: bool) -> InteractionKind {
    InteractionKind::Login {
        user: pair.user.clone().into(),
        secret: pair.password.clone().into(),
        method: LoginMethod::Password,
        accepted,
    }
}

/// The path that a target names, decoded; `None` if it names none, or one above the root.
fn path(target: &[u8]) -> Option<Vec<u8>> {
    let lower = target.to_ascii_lowercase();
    let rest = match [b"http://".as_slice(), b"https://"]
        .iter()
        .find(|scheme| lower.starts_with(scheme))
    {
        Some(scheme) => {
            let rest = &target[scheme.len()..];
            memchr::memchr(b'/', rest).map_or(b"/".as_slice(), |slash| &rest[slash..])
        }
        None => target,
    };
    let end = memchr::memchr2(b'?', b'#', rest).unwrap_or(rest.len());
    let path: Vec<u8> = percent_encoding::percent_decode(&rest[..end]).collect();
    let mut depth = 0_i32;
    for segment in path.split(|b| *b == b'/') {
        depth += match segment {
            b"" | b"." => 0,
            b".." => -1,
            _ => 1,
        };
        if depth < 0 {
            return None;
        }
    }
    (path.first() == Some(&b'/') && !path.contains(&0)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_path_or_none() {
        let some = |path: &str| Some(path.as_bytes().to_vec());
        assert_eq!(path(b"/a%64min/?x=/../.."), some("/admin/"));
        assert_eq!(path(b"HTTP://h:80/x"), some("/x"));
        assert_eq!(path(b"http://h"), some("/"));
        assert_eq!(path(b"/a/../b"), some("/a/../b"));
        for wrong in ["/..", "/a/%2e%2e/../x", "*", "h:443", "/%00"] {
            assert_eq!(path(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
