use super::*;
use crate::LoginMethod;

fn login(user: &str, secret: &str, accepted: bool) -> InteractionKind {
    InteractionKind::Login {
        user: user.into(),
        secret: secret.into(),
        method: LoginMethod::Password,
        accepted,
    }
}

#[test]
fn no_subject_is_longer_than_a_row_can_show() {
    let mut digest = Digest::default();
    digest.add(&login(&"u".repeat(500), &"s".repeat(500), true));
    assert_eq!(digest.subject.0.len(), SUBJECT - 1);
}

#[test]
fn a_session_rises_from_a_touch_to_critical() {
    let mut digest = Digest::default();
    let mut seen = vec![];
    for kind in [
        InteractionKind::Connect,
        login("root", "admin", false),
        login("root", "root", true),
        InteractionKind::Command {
            line: "uname -a".into(),
            protocol: false,
        },
    ] {
        digest.add(&kind);
        seen.push((digest.classification(), digest.severity()));
    }
    assert_eq!(
        seen,
        [
            (Classification::Connection, Severity::Low),
            (Classification::Honeypot, Severity::Medium),
            (Classification::Honeypot, Severity::High),
            (Classification::Honeypot, Severity::Critical),
        ]
    );
    assert_eq!(digest.summary(), "Login accepted: root / root, 1 command");
}

#[test]
fn a_request_is_a_honeypots_event_whatever_bytes_come_with_it() {
    let request = |path: &str| InteractionKind::Request {
        method: "GET".into(),
        path: path.into(),
        headers: vec![],
        body: Bytes::default(),
    };
    let mut digest = Digest::default();
    digest.add(&InteractionKind::Connect);
    digest.add(&request("/"));
    assert_eq!(digest.classification(), Classification::Honeypot);
    assert_eq!(digest.summary(), "1 request: GET /");
    digest.add(&InteractionKind::Data {
        direction: Direction::In,
        bytes: "0\r\n\r\n".into(),
    });
    digest.add(&request("/admin"));
    assert_eq!(digest.summary(), "2 requests: GET /admin");
    digest.add(&login("admin", "admin", false));
    digest.add(&request("/login"));
    assert_eq!(digest.summary(), "1 login tried: admin / admin");
}

#[test]
fn a_mail_is_described_by_its_subject_and_not_by_the_farewell() {
    let command = |line: &str| InteractionKind::Command {
        line: line.into(),
        protocol: true,
    };
    let mut digest = Digest::default();
    digest.add(&command("QUIT"));
    assert_eq!(digest.summary(), "1 request: QUIT");
    digest.add(&command("DATA"));
    digest.add(&InteractionKind::Attribute {
        name: InteractionKind::SUBJECT.to_owned(),
        value: "relay test".into(),
    });
    digest.add(&command("quit"));
    assert_eq!(digest.summary(), "3 requests: relay test");
    digest.add(&login("root", "root", true));
    assert_eq!(digest.summary(), "Login accepted: root / root, 3 requests");
}

#[test]
fn an_address_is_not_said_to_be_a_file() {
    let mut digest = Digest::default();
    digest.add(&login("root", "root", true));
    let url = InteractionKind::Attribute {
        name: InteractionKind::URL.to_owned(),
        value: "http://192.0.2.9/x".into(),
    };
    digest.add(&url);
    let said = "Login accepted: root / root, 1 file or URL";
    assert_eq!(digest.summary(), said);
    digest.add(&url);
    assert_eq!(
        digest.summary(),
        said.replace("1 file or URL", "2 files or URLs")
    );
}

#[test]
fn severity_follows_what_was_done() {
    let command = |protocol| InteractionKind::Command {
        line: "x".into(),
        protocol,
    };
    let file = InteractionKind::File {
        name: "shell.php".into(),
        size: 9,
        sha256: String::new(),
    };
    let request = InteractionKind::Request {
        method: "POST".into(),
        path: "/upload.php".into(),
        headers: vec![],
        body: Bytes::default(),
    };
    let let_in = login("root", "root", true);
    for (kinds, severity) in [
        (vec![&request], Severity::Medium),
        (vec![&command(true)], Severity::Medium),
        (vec![&request, &file], Severity::High),
        (vec![&command(false)], Severity::High),
        (
            vec![&command(true), &let_in, &command(true)],
            Severity::High,
        ),
        (vec![&let_in, &command(false)], Severity::Critical),
        (vec![&command(true), &let_in, &file], Severity::Critical),
    ] {
        let mut digest = Digest::default();
        for kind in &kinds {
            digest.add(kind);
        }
        assert_eq!(digest.severity(), severity, "{kinds:?}");
    }
}

#[test]
fn one_probe_is_a_connection_and_two_are_a_scan_that_names_its_ports() {
    let probe = |port, payload: &str, repeated| InteractionKind::Probe {
        port,
        transport: Transport::Tcp,
        flags: None,
        payload: payload.into(),
        repeated,
    };
    let mut digest = Digest::default();
    digest.add(&probe(80, "", false));
    assert_eq!(digest.classification(), Classification::Connection);
    assert_eq!(digest.summary(), "Connection without data: 80");
    digest.add(&probe(80, "GET /", true));
    assert_eq!(digest.classification(), Classification::Connection);
    assert_eq!(digest.summary(), "5 bytes: 80: GET /");
    digest.add(&probe(443, "", false));
    assert_eq!(digest.classification(), Classification::Scan);
    digest.add(&InteractionKind::Probe {
        port: 53,
        transport: Transport::Udp,
        flags: None,
        payload: "a".into(),
        repeated: false,
    });
    digest.add(&probe(443, "b", true));
    assert_eq!(digest.summary(), "3 ports scanned: 80, 443, 53/udp");
    for port in 10_000..10_100 {
        digest.add(&probe(port, "", false));
    }
    let summary = digest.summary();
    assert!(summary.starts_with("103 ports scanned: 80, 443, 53/udp, 10000, "));
    assert!(summary.ends_with(", …"), "{summary}");
    assert!(digest.subject.0.len() <= SUBJECT);
}
