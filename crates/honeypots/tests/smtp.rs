//! The SMTP honeypot, as clients of all sorts meet it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    Client, Pot, attributes, bytes, closed, commands, contains, login, none, run, steps_of, verb,
};
use proptest::prelude::*;
use serde_json::json;
use skep_model::{Bytes, Direction, InteractionKind, LoginMethod, limits};
use tokio::io::AsyncWriteExt;

use LoginMethod::Password;

fn data(bytes: &[u8]) -> InteractionKind {
    InteractionKind::Data {
        direction: Direction::In,
        bytes: bytes.into(),
    }
}

fn attribute(name: &str, value: &str) -> InteractionKind {
    InteractionKind::Attribute {
        name: name.into(),
        value: value.into(),
    }
}

fn logins(steps: &[InteractionKind]) -> Vec<&InteractionKind> {
    let is_login = |kind: &&InteractionKind| matches!(kind, InteractionKind::Login { .. });
    steps.iter().filter(is_login).collect()
}

#[tokio::test]
async fn a_session_is_recorded_line_by_line_while_it_lasts() {
    let mut pot = Pot::start("smtp", json!({"hostname": "mail-01"})).await;
    let mut client = Client::connect(pot.address()).await;
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    assert_eq!(client.line().await, "220 mail-01 ESMTP Postfix (Ubuntu)");
    for (line, answer) in [
        ("HELO", "501 Syntax: HELO hostname"),
        ("helo x", "250 mail-01"),
        ("AUTH PLAIN", "503 5.5.1 Error: authentication not enabled"),
        ("EHLO x", "250 SMTPUTF8"),
        ("NOOP", "250 2.0.0 Ok"),
        ("RSET", "250 2.0.0 Ok"),
        ("VRFY", "501 5.5.4 Syntax: VRFY address"),
        ("VRFY root", "252 2.0.0 root"),
        (
            "VRFY jim",
            "550 5.1.1 <jim>: Recipient address rejected: User unknown in local recipient table",
        ),
        ("EXPN root", "502 5.5.2 Error: command not recognized"),
        ("ETRN example.org", "459 <example.org>: service unavailable"),
        ("BDAT 5 LAST", "502 5.5.1 Error: command not implemented"),
        ("RCPT TO:<root>", "503 5.5.1 Error: need MAIL command"),
        ("DATA", "503 5.5.1 Error: need RCPT command"),
        ("MAIL FROM", "501 5.5.4 Syntax: MAIL FROM:<address>"),
        ("MAIL FROM:<a b>", "501 5.1.7 Bad sender address syntax"),
        (
            "MAIL FROM:<a@b> SIZE=99999999999999999999",
            "552 5.3.4 Message size exceeds fixed limit",
        ),
        ("MAIL FROM:<a@b> X=1", "555 5.5.4 Unsupported option: X=1"),
        ("MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME", "250 2.1.0 Ok"),
        ("MAIL FROM:<a@b>", "503 5.5.1 Error: nested MAIL command"),
        ("RCPT TO:<c@d>", "554 5.7.1 <c@d>: Relay access denied"),
        ("DATA", "554 5.5.1 Error: no valid recipients"),
        ("RCPT TO:<root@mail-01>", "250 2.1.5 Ok"),
        ("RCPT TO:<postmaster>", "250 2.1.5 Ok"),
        ("DATA now", "501 5.5.4 Syntax: DATA"),
    ] {
        assert_eq!(client.ask(line).await, answer, "{line}");
        assert_eq!(pot.step().await, verb(line));
    }
    assert_eq!(
        client.ask("DATA").await,
        "354 End data with <CR><LF>.<CR><LF>"
    );
    assert_eq!(pot.step().await, verb("DATA"));
    assert_eq!(pot.step().await, attribute("mail_from", "a@b"));
    assert_eq!(pot.step().await, attribute("rcpt_to", "root@mail-01"));
    assert_eq!(pot.step().await, attribute("rcpt_to", "postmaster"));
    client
        .say(b"Subject: a\r\n b\r\n\r\n..dot\r\n.\0\xff\nbare\r\n.\r\nQUIT\r\n")
        .await;
    let queued = client.answer().await;
    assert!(queued.starts_with("250 2.0.0 Ok: queued as "), "{queued}");
    assert_eq!(client.answer().await, "221 2.0.0 Bye");
    assert_eq!(client.rest().await, b"");
    let steps = pot.rest().await;
    assert_eq!(
        steps[0],
        data(b"Subject: a\r\n b\r\n\r\n.dot\r\n\0\xff\nbare\r\n")
    );
    assert_eq!(steps[1], attribute("subject", "a b"));
    assert_eq!(steps[2], verb("QUIT"));
    assert_eq!(closed(&steps), "the source said goodbye");
}

#[tokio::test]
async fn passwords_are_recorded_decoded_and_the_right_one_opens_the_relay() {
    let mut pot = Pot::start("smtp", json!({"delay": 0, "accept": ["info/Info123"]})).await;
    let mut client = Client::connect(pot.address()).await;
    client.answer().await;
    client.ask("EHLO x").await;
    let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
    let hostile = base64(b"\0a\xff\0 \x01\xfe\0'");
    let refused = "535 5.7.8 Error: authentication failed: authentication failure";
    for (line, answer) in [
        (format!("AUTH PLAIN {hostile}"), refused),
        ("AUTH PLAIN".into(), "334 "),
        (base64(b"root\0root\0toor"), refused),
        ("AUTH LOGIN".into(), "334 VXNlcm5hbWU6"),
        (base64(b"admin"), "334 UGFzc3dvcmQ6"),
        (base64(b"p w"), refused),
        (
            format!("auth login {}", base64(b"info")),
            "334 UGFzc3dvcmQ6",
        ),
        ("not base64!".into(), "501 5.5.2 Error: invalid base64 data"),
        ("AUTH LOGIN".into(), "334 VXNlcm5hbWU6"),
        ("*".into(), "501 5.7.0 Authentication aborted"),
        ("AUTH PLAIN =".into(), refused),
        (
            "AUTH CRAM-MD5".into(),
            "535 5.7.8 Error: authentication failed: Invalid authentication mechanism",
        ),
        ("AUTH".into(), "501 5.5.4 Syntax: AUTH mechanism"),
        ("AUTH LOGIN".into(), "334 VXNlcm5hbWU6"),
        // Without its padding.
        ("aW5mbw".into(), "334 UGFzc3dvcmQ6"),
        (base64(b"Info123"), "235 2.7.0 Authentication successful"),
        (
            "AUTH LOGIN".into(),
            "503 5.5.1 Error: already authenticated",
        ),
        ("MAIL FROM:<info@example.org>".into(), "250 2.1.0 Ok"),
        ("RCPT TO:<victim@example.net>".into(), "250 2.1.5 Ok"),
        ("QUIT".into(), "221 2.0.0 Bye"),
    ] {
        assert_eq!(client.ask(&line).await, answer, "{line}");
    }
    pot.opened().await;
    let steps = pot.rest().await;
    let first = InteractionKind::Login {
        user: Bytes(b"a\xff".to_vec()),
        secret: Bytes(b" \x01\xfe\0'".to_vec()),
        method: Password,
        accepted: false,
    };
    assert_eq!(
        logins(&steps),
        [
            &first,
            &login("root", "toor", Password, false),
            &login("admin", "p w", Password, false),
            &login("info", "Info123", Password, true),
        ]
    );
    assert_eq!(attributes(&steps, "authorization_identity"), [b"root"]);
    assert_eq!(attributes(&steps, "user"), [b"info"]);
    assert_eq!(bytes(&steps, Direction::In), b"not base64!*aW5mbw");
    assert!(commands(&steps).contains(&format!("AUTH PLAIN {hostile}").into_bytes()));
}

#[tokio::test]
async fn an_open_relay_takes_mail_for_everybody_in_one_go() {
    let mut pot = Pot::start("smtp", json!({"relay": "everybody"})).await;
    let mut client = Client::connect(pot.address()).await;
    client
        .say("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<nobody>\r\nDATA\r\n.\r\nMAIL FROM:<x@y>\nRCPT TO:z@example.org\nDATA\nSUBJECT: 2\n\nx\n.\nQUIT\n")
        .await;
    let mut said = String::from_utf8(client.rest().await).unwrap();
    for (at, _) in said
        .clone()
        .match_indices("queued as ")
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        said.replace_range(at + 10..at + 20, "?");
    }
    let ok = "250 2.1.0 Ok\r\n";
    let to = "250 2.1.5 Ok\r\n";
    let mail = "354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Ok: queued as ?\r\n";
    let expected = [ok, to, to, mail, ok, to, mail, "221 2.0.0 Bye\r\n"].concat();
    assert!(said.ends_with(&expected), "{said}");
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(attributes(&steps, "mail_from"), [b"".as_slice(), b"x@y"]);
    assert_eq!(
        attributes(&steps, "rcpt_to"),
        [b"a@example.org".as_slice(), b"nobody", b"z@example.org"]
    );
    assert_eq!(attributes(&steps, "subject"), [b"2"]);
    assert_eq!(bytes(&steps, Direction::In), b"SUBJECT: 2\n\nx\n");
}

#[tokio::test]
async fn everything_is_bounded() {
    let mut pot = Pot::start("smtp", none()).await;
    let mut client = Client::connect(pot.address()).await;
    let long = [b"MAIL FROM:<".as_slice(), &vec![b'a'; 1024 * 1024], b">"].concat();
    client.answer().await;
    assert_eq!(
        client.ask(&long).await,
        "501 5.5.4 Syntax: MAIL FROM:<address>"
    );
    client.ask("MAIL FROM:<a@b>").await;
    client.ask("RCPT TO:<root>").await;
    client.ask("DATA").await;
    let line = b"0123456789abcdef0123456789abcde\n";
    for _ in 0..11 {
        client.say(line.repeat(32 * 1024)).await;
    }
    assert_eq!(
        client.ask(".").await,
        "552 5.3.4 Error: message file too big"
    );
    // With the two before them, these are twenty complaints.
    client.say("boo\r\n".repeat(18)).await;
    let said = client.rest().await;
    assert!(said.starts_with(b"502 ") && contains(&said, b"\r\n421 4.7.0 "));
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(closed(&steps), "too many errors");
    assert_eq!(commands(&steps)[0], long[..limits::VALUE]);
    let kept = bytes(&steps, Direction::In);
    assert!(kept.len() < limits::EVENT && kept.len() > limits::EVENT - 1024 * 1024);
    let text = format!(
        "the first {} of {} bytes were kept",
        kept.len(),
        11 * 1024 * 1024
    );
    assert!(steps.contains(&InteractionKind::Note { text }));
    assert_eq!(
        commands(&steps)
            .iter()
            .filter(|line| *line == b"boo")
            .count(),
        18
    );
}

#[tokio::test]
async fn what_breaks_off_is_recorded_as_far_as_it_came() {
    let mut pot = Pot::start("smtp", none()).await;
    let mut client = Client::connect(pot.address()).await;
    client
        .say("MAIL FROM:<a@b>\r\nRCPT TO:<root>\r\nDATA\r\nSubject: half\r\n\r\nhal")
        .await;
    client.stream.shutdown().await.unwrap();
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(bytes(&steps, Direction::In), b"Subject: half\r\n\r\nhal");
    assert_eq!(attributes(&steps, "subject"), [b"half"]);
    assert_eq!(closed(&steps), "closed by the source");

    let mut client = Client::connect(pot.address()).await;
    client.say("EHLO x\r\nEHL\0").await;
    client.stream.shutdown().await.unwrap();
    pot.opened().await;
    assert_eq!(bytes(&pot.rest().await, Direction::In), b"EHL\0");

    let mut client = Client::connect(pot.address()).await;
    client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let said = client.rest().await;
    assert!(contains(
        &said,
        b"221 2.7.0 Error: I can break rules, too. Goodbye.\r\n"
    ));
}

#[tokio::test]
async fn swaks_logs_in_and_leaves_mail() {
    for mechanism in ["PLAIN", "LOGIN"] {
        let mut pot = Pot::start("smtp", json!({"delay": 0})).await;
        let at = pot.port().to_string();
        let say = |password: &'static str| {
            let at = at.clone();
            async move {
                run(
                    "swaks",
                    &[
                        "--server",
                        "127.0.0.1",
                        "--port",
                        &at,
                        "--ehlo",
                        "client.example",
                        "--auth",
                        mechanism,
                        "--auth-user",
                        "admin",
                        "--auth-password",
                        password,
                        "--from",
                        "admin@example.org",
                        "--to",
                        "a@example.net,b@example.net",
                        "--header",
                        "Subject: swaks test",
                        "--body",
                        "one\n.two\n..three",
                    ],
                )
                .await
            }
        };
        let (done, text) = say("nope").await;
        assert!(!done, "{text}");
        pot.opened().await;
        assert_eq!(
            logins(&pot.rest().await),
            [&login("admin", "nope", Password, false)]
        );
        let (done, text) = say("admin").await;
        assert!(done, "{text}");
        pot.opened().await;
        let steps = pot.rest().await;
        assert_eq!(logins(&steps), [&login("admin", "admin", Password, true)]);
        assert_eq!(
            attributes(&steps, "rcpt_to"),
            [b"a@example.net", b"b@example.net"]
        );
        assert_eq!(attributes(&steps, "subject"), [b"swaks test"]);
        let message = steps.iter().rev().find_map(|kind| match kind {
            InteractionKind::Data { bytes, .. } => Some(bytes.0.clone()),
            _ => None,
        });
        assert!(contains(
            &message.unwrap(),
            b"\r\n\r\none\r\n.two\r\n..three\r\n"
        ));
    }
}

#[tokio::test]
async fn curl_sends_mail() {
    let mut pot = Pot::start("smtp", json!({"relay": "everybody"})).await;
    let file = std::env::temp_dir().join(format!("skep-smtp-curl-{}", std::process::id()));
    let message = b"From: a@example.org\r\nSubject: curl\r\n\r\n.\r\n.a\r\nb\r\n";
    std::fs::write(&file, message).unwrap();
    let url = format!("smtp://127.0.0.1:{}/client.example", pot.port());
    let (done, text) = run(
        "curl",
        &[
            "-sS",
            &url,
            "--mail-from",
            "a@example.org",
            "--mail-rcpt",
            "b@example.net",
            "-T",
            file.to_str().unwrap(),
        ],
    )
    .await;
    assert!(done, "{text}");
    std::fs::remove_file(&file).unwrap();
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(bytes(&steps, Direction::In), message);
    assert_eq!(attributes(&steps, "mail_from"), [b"a@example.org"]);
}

#[tokio::test]
async fn nmap_takes_it_for_postfix() {
    let pot = Pot::start("smtp", json!({"hostname": "mail-01"})).await;
    let at = pot.port().to_string();
    let (_, text) = run("nmap", &["-Pn", "-n", "-sV", "-p", &at, "127.0.0.1"]).await;
    assert!(text.contains("Postfix smtpd"), "{text}");
    assert!(text.contains("mail-01"), "{text}");
}

const WORDS: [&[u8]; 20] = [
    b"EHLO x\r\n",
    b"MAIL FROM:<a@b>\r\n",
    b"RCPT TO:<root>\r\n",
    b"DATA\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b".",
    b"..",
    b"\0",
    b"\xff",
    b" ",
    b"AUTH PLAIN ",
    b"AUTH LOGIN\r\n",
    b"AGEAYg==",
    b"YWRtaW4=\r\n",
    b"*\r\n",
    b"RSET\r\n",
    b"Subject: ",
    b"x",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_recorded_does_not_depend_on_how_the_bytes_came(
        mail: bool,
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..60),
        cuts in prop::collection::vec(0..60_usize, 0..8),
    ) {
        let start: &[u8] = if mail { b"MAIL FROM:<a@b>\r\nRCPT TO:<root>\r\nDATA\r\n" } else { b"EHLO x\r\n" };
        let whole = [start, &words.concat()].concat();
        let mut pieces = vec![];
        let mut rest = whole.as_slice();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        let settings = json!({"delay": 0});
        prop_assert_eq!(steps_of("smtp", &settings, &[&whole]), steps_of("smtp", &settings, &pieces));
    }
}
