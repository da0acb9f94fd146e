//! What kind of machine clients and scanners take the honeypots for.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::{Pot, commands, contains, openssh::ssh};
use serde_json::json;
use skep_model::InteractionKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::timeout,
};

/// What `nmap -sV` says of a honeypot's port.
async fn scanned(pot: &Pot) -> String {
    let output = Command::new("nmap")
        .args([
            "-Pn",
            "-n",
            "-sV",
            "-p",
            &pot.port().to_string(),
            "127.0.0.1",
        ])
        .output()
        .await
        .expect("nmap is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find(|line| line.contains("/tcp"));
    line.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn nmap_names_the_server_that_is_imitated() {
    for (personality, ssh, telnet) in [
        (
            "ubuntu",
            "OpenSSH 8.9p1 Ubuntu 3ubuntu0.10",
            "Linux telnetd",
        ),
        ("debian", "OpenSSH 9.2p1 Debian 2+deb12u3", "Linux telnetd"),
        ("centos", "OpenSSH 7.4 (protocol 2.0)", "Linux telnetd"),
        ("busybox-router", "Dropbear sshd 2019.78", "BusyBox telnetd"),
    ] {
        for (name, wanted) in [("ssh", ssh), ("telnet", telnet)] {
            let pot = Pot::start(name, json!({"personality": personality})).await;
            let said = scanned(&pot).await;
            assert!(said.contains(wanted), "{personality}: {said}");
        }
    }
}

#[tokio::test]
async fn a_banner_of_ones_own_comes_before_the_personalitys() {
    let settings = json!({"personality": "centos", "banner": "SSH-2.0-OpenSSH_6.6"});
    let pot = Pot::start("ssh", settings).await;
    let mut stream = TcpStream::connect(pot.address()).await.unwrap();
    let mut answer = [0; 21];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"SSH-2.0-OpenSSH_6.6\r\n");
}

#[tokio::test]
async fn every_personality_lets_openssh_in() {
    for (personality, said) in [
        ("debian", "x86_64 Debian"),
        ("centos", "x86_64 CentOS Linux"),
        ("busybox-router", "mips OpenWrt"),
    ] {
        let mut pot = Pot::start("ssh", json!({"delay": 1, "personality": personality})).await;
        let line = ". /etc/os-release; echo $(uname -m) $NAME";
        let output = ssh(&pot, "root", "root", &[line]).output().await.unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.starts_with(said), "{personality}: {shown}");
        pot.opened().await;
        assert_eq!(commands(&pot.rest().await), [line.as_bytes()]);
    }
}

#[tokio::test]
async fn a_bot_meets_a_router_and_types_a_here_document() {
    let settings = json!({"delay": 1, "personality": "busybox-router", "hostname": "TL-WR841N"});
    let mut pot = Pot::start("telnet", settings).await;
    let mut stream = TcpStream::connect(pot.address()).await.unwrap();
    let mut seen = vec![];
    let mut until = async |text: &[u8], stream: &mut TcpStream| {
        while !contains(&seen, text) {
            let mut buffer = [0; 4096];
            let read = timeout(Duration::from_secs(10), stream.read(&mut buffer)).await;
            let length = read.expect("an answer in time").unwrap();
            assert!(length > 0, "{}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..length]);
        }
        std::mem::take(&mut seen)
    };
    until(b"TL-WR841N login: ", &mut stream).await;
    stream.write_all(b"root\r\n").await.unwrap();
    until(b"Password: ", &mut stream).await;
    stream.write_all(b"root\r\n").await.unwrap();
    let greeting = until(b"root@TL-WR841N:~# ", &mut stream).await;
    assert!(contains(
        &greeting,
        b"BusyBox v1.30.1 () built-in shell (ash)"
    ));
    stream.write_all(b"/bin/busybox MIRAI\r\n").await.unwrap();
    let answer = until(b"# ", &mut stream).await;
    assert!(contains(&answer, b"\r\nMIRAI: applet not found\r\n"));
    for line in [
        "cat > /tmp/x <<EOF",
        "echo $((40 + 2)) > /tmp/y",
        "cat /tmp/y",
    ] {
        stream
            .write_all(format!("{line}\r\n").as_bytes())
            .await
            .unwrap();
        until(b"\r\n> ", &mut stream).await;
    }
    stream
        .write_all(b"EOF\r\nsh /tmp/x; cat /tmp/x\r\nexit\r\n")
        .await
        .unwrap();
    // What stood in the document was expanded when it was written.
    until(b"\r\n42\r\necho 42 > /tmp/y\r\ncat /tmp/y\r\n", &mut stream).await;
    pot.opened().await;
    let steps = pot.rest().await;
    assert!(matches!(steps.last(), Some(InteractionKind::Close { .. })));
    assert_eq!(
        commands(&steps)[1..],
        [
            b"cat > /tmp/x <<EOF".to_vec(),
            b"echo $((40 + 2)) > /tmp/y".to_vec(),
            b"cat /tmp/y".to_vec(),
            b"EOF".to_vec(),
            b"sh /tmp/x; cat /tmp/x".to_vec(),
            b"exit".to_vec(),
        ]
    );
}
