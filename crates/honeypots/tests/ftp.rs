//! The FTP honeypot's control connection, as clients of all sorts meet it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{
    Client, Pot, attributes, closed, contains, ftp::logged_in, login, none, severity, steps_of,
    verb,
};
use proptest::prelude::*;
use serde_json::json;
use skep_model::{Bytes, Direction, InteractionKind, LoginMethod, Severity, limits};
use tokio::io::AsyncWriteExt;

use LoginMethod::Password;

#[tokio::test]
async fn a_session_is_recorded_line_by_line_while_it_lasts() {
    let mut pot = Pot::start("ftp", json!({"delay": 1})).await;
    let mut client = Client::connect(pot.address()).await;
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    assert_eq!(client.line().await, "220 (vsFTPd 3.0.5)");
    for (line, answer) in [
        ("SYST", "530 Please login with USER and PASS."),
        ("AUTH TLS", "530 Please login with USER and PASS."),
        ("FEAT", "211 End"),
        ("OPTS utf8 on", "200 Always in UTF8 mode."),
        ("user root", "331 Please specify the password."),
    ] {
        assert_eq!(client.ask(line).await, answer, "{line}");
        assert_eq!(pot.step().await, verb(line));
    }
    assert_eq!(client.ask("PASS toor").await, "530 Login incorrect.");
    assert_eq!(pot.step().await, login("root", "toor", Password, false));
    assert_eq!(client.ask("PASS x").await, "503 Login with USER first.");
    assert_eq!(pot.step().await, login("", "x", Password, false));
    client.ask("USER pi").await;
    assert_eq!(pot.step().await, verb("USER pi"));
    assert_eq!(client.ask("PASS raspberry").await, "230 Login successful.");
    assert_eq!(pot.step().await, login("pi", "raspberry", Password, true));
    for (line, answer) in [
        ("SYST", "215 UNIX Type: L8"),
        ("PWD", "257 \"/home/pi\" is the current directory"),
        ("TYPE I", "200 Switching to Binary mode."),
        ("type a", "200 Switching to ASCII mode."),
        ("TYPE E", "500 Unrecognised TYPE command."),
        ("MODE S", "200 Mode set to S."),
        ("MODE B", "504 Bad MODE command."),
        ("STRU F", "200 Structure set to F."),
        ("STRU R", "504 Bad STRU command."),
        ("CWD /root", "550 Failed to change directory."),
        ("CWD /var/log", "250 Directory successfully changed."),
        ("CDUP", "250 Directory successfully changed."),
        ("XPWD", "257 \"/var\" is the current directory"),
        ("CWD ~", "250 Directory successfully changed."),
        ("SIZE /etc/hostname", "213 7"),
        ("SIZE /etc", "550 Could not get file size."),
        ("MKD a\"b", "257 \"/home/pi/a\"\"b\" created"),
        ("MKD /a", "550 Create directory operation failed."),
        ("RNTO c", "503 RNFR required first."),
        ("RNFR a\"b", "350 Ready for RNTO."),
        ("RNTO c", "250 Rename successful."),
        ("RMD c", "250 Remove directory operation successful."),
        ("DELE c", "550 Delete operation failed."),
        ("REST 100", "350 Restart position accepted (100)."),
        ("SITE HELP", "214 CHMOD UMASK HELP"),
        ("SITE UMASK 022", "200 UMASK set to 022"),
        ("SITE CHMOD 600", "500 SITE CHMOD needs 2 arguments."),
        (
            "SITE CHMOD 600 /etc/passwd",
            "550 SITE CHMOD command failed.",
        ),
        ("SITE EXEC id", "500 Unknown SITE command."),
        ("HELP", "214 Help OK."),
        ("STAT", "211 End of status"),
        ("STAT /", "213 End of status"),
        ("NOOP", "200 NOOP ok."),
        ("ALLO 10", "202 ALLO command ignored."),
        ("ABOR", "225 No transfer to ABOR."),
        ("LIST", "425 Use PORT or PASV first."),
        ("EPSV 2", "522 Bad network protocol."),
        ("EPSV ALL", "200 EPSV ALL ok."),
        ("AUTH TLS", "500 Unknown command."),
        ("MLSD", "500 Unknown command."),
        ("USER root", "530 Can't change to another user."),
        ("PASS again", "230 Already logged in."),
        ("QUIT", "221 Goodbye."),
    ] {
        let answered = client.ask(line).await;
        let host = line == "SIZE /etc/hostname";
        assert!(
            answered == answer || host && answered.starts_with("213 "),
            "{line}: {answered}"
        );
        assert_eq!(pot.step().await, verb(line));
    }
    assert_eq!(client.rest().await, b"");
    let steps = pot.rest().await;
    assert_eq!(closed(&steps), "the source said goodbye");
}

#[tokio::test]
async fn nothing_is_ever_connected_to() {
    let mut pot = Pot::start("ftp", none()).await;
    let mut client = logged_in(&pot, "root", "root").await;
    pot.opened().await;
    assert_eq!(
        client.ask("PORT 127,0,0,1,200,1").await,
        "500 Illegal PORT command."
    );
    assert_eq!(
        client.ask("EPRT |1|192.0.2.1|22|").await,
        "500 Illegal EPRT command."
    );
    assert_eq!(client.ask("LIST").await, "425 Use PORT or PASV first.");
    drop(client);
    let steps = pot.rest().await;
    assert_eq!(
        attributes(&steps, "data_address"),
        [b"127,0,0,1,200,1".to_vec(), b"|1|192.0.2.1|22|".to_vec()]
    );
}

#[tokio::test]
async fn hostile_bytes_are_recorded_exactly() {
    let mut pot = Pot::start("ftp", json!({"delay": 0})).await;
    let mut client = Client::connect(pot.address()).await;
    let user = b"<b>\0\xfe\xff\xe2\x80\xae \x1b[31m";
    let secret = b" \t\0\xff\xff'\"=cmd ";
    client
        .say(
            [
                b"USER ".as_slice(),
                user,
                b"\r\npAsS ",
                secret,
                b"\nDELE \0\xff\r\r\nunfinished\0",
            ]
            .concat(),
        )
        .await;
    client.stream.shutdown().await.unwrap();
    pot.opened().await;
    let steps = pot.rest().await;
    let recorded = InteractionKind::Login {
        user: Bytes(user.to_vec()),
        secret: Bytes(secret.to_vec()),
        method: Password,
        accepted: false,
    };
    assert_eq!(
        steps[1..5],
        [
            verb([b"USER ".as_slice(), user].concat()),
            recorded,
            verb(b"DELE \0\xff\r".as_slice()),
            InteractionKind::Data {
                direction: Direction::In,
                bytes: b"unfinished\0".into()
            },
        ]
    );
    assert_eq!(closed(&steps), "closed by the source");
}

#[tokio::test]
async fn long_lines_are_cut_counted_and_the_end() {
    for line in ["USER", "PASS", "X"] {
        let mut pot = Pot::start("ftp", none()).await;
        let mut client = Client::connect(pot.address()).await;
        let long = [line.as_bytes(), b" ", &vec![b'A'; 1024 * 1024], b"\r\n"].concat();
        client.say(&long).await;
        pot.opened().await;
        let steps = pot.rest().await;
        let kept = match &steps[1] {
            InteractionKind::Login { secret, .. } => secret,
            InteractionKind::Command { line, .. } => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(kept.0.len(), limits::VALUE);
        let length = if line == "PASS" {
            1024 * 1024
        } else {
            long.len() - 2
        };
        let text = format!("cut to {} of {length} bytes", limits::VALUE);
        assert_eq!(steps[2], InteractionKind::Note { text });
        assert_eq!(closed(&steps), "a command line was too long");
        assert!(contains(
            &client.rest().await,
            b"500 Input line too long.\r\n"
        ));
    }
}

#[tokio::test]
async fn guessing_ends_after_three_tries() {
    let mut pot = Pot::start("ftp", json!({"delay": 0})).await;
    let mut client = Client::connect(pot.address()).await;
    client.say(b"USER root\r\nPASS wrong\r\n".repeat(5)).await;
    pot.opened().await;
    let steps = pot.rest().await;
    let tries = steps
        .iter()
        .filter(|kind| matches!(kind, InteractionKind::Login { .. }));
    assert_eq!(tries.count(), 3);
    assert_eq!(closed(&steps), "too many wrong passwords");
}

const WORDS: [&[u8]; 22] = [
    b"USER ",
    b"PASS ",
    b"root",
    b"123456",
    b"anonymous",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b" ",
    b"CWD ",
    b"/tmp",
    b"MKD x",
    b"RNFR x",
    b"RNTO /tmp/y",
    b"STAT -a ../..",
    b"SITE CHMOD 777 ",
    b"REST 9999999999999999999999",
    b"PASV",
    b"RETR x",
    b"\xff\xf4\xff\xf2ABOR",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_recorded_does_not_depend_on_how_the_bytes_came(
        logged_in: bool,
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..60),
        cuts in prop::collection::vec(0..60_usize, 0..8),
    ) {
        let start: &[u8] = if logged_in { b"USER root\r\nPASS root\r\n" } else { b"" };
        let whole = [start, &words.concat()].concat();
        let mut pieces = vec![];
        let mut rest = whole.as_slice();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        // Without a wait for data connections that never come.
        let settings = json!({"delay": 0});
        prop_assert_eq!(steps_of("ftp", &settings, &[&whole]), steps_of("ftp", &settings, &pieces));
    }
}

#[tokio::test]
async fn a_login_with_commands_of_the_protocol_alone_is_high_and_with_a_shells_critical() {
    for (settings, service, lines, expected) in [
        (
            json!({}),
            "ftp",
            ["USER pi", "PASS raspberry", "CWD /var/log", "QUIT"].as_slice(),
            Severity::High,
        ),
        (
            json!({"delay": 0}),
            "smtp",
            &["EHLO x", "AUTH PLAIN AHJvb3QAcm9vdA==", "NOOP", "QUIT"],
            Severity::High,
        ),
        (
            json!({}),
            "telnet",
            &["root", "root", "id", "exit"],
            Severity::Critical,
        ),
    ] {
        let mut pot = Pot::start(service, settings).await;
        let mut client = Client::connect(pot.address()).await;
        for line in lines {
            client.say(format!("{line}\r\n")).await;
        }
        client.rest().await;
        pot.opened().await;
        let steps = pot.rest().await;
        assert!(
            steps
                .iter()
                .any(|step| matches!(step, InteractionKind::Login { accepted: true, .. })),
            "{service}: {steps:?}"
        );
        assert_eq!(severity(&steps), expected, "{service}");
    }
}
