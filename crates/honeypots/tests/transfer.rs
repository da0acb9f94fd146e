//! Files that OpenSSH's programs copy to and from the SSH honeypot, and ports that it is to forward.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path, process::Output, time::Duration};

use common::{
    Pot, attributes, bytes, command, commands, files,
    openssh::{copy, ssh},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use skep_model::{Direction, InteractionKind};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn payload(length: u32) -> Vec<u8> {
    (0..length).map(|n| (n ^ (n >> 8)) as u8).collect()
}

/// Runs `scp` or `sftp` and expects it to succeed.
async fn run(pot: &Pot, name: &str, args: &[&OsStr]) -> Output {
    let output = copy(pot, name, args)
        .output()
        .await
        .expect("OpenSSH and sshpass are installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

async fn recorded(pot: &mut Pot) -> Vec<InteractionKind> {
    pot.opened().await;
    pot.rest().await
}

#[tokio::test]
async fn scp_leaves_a_file_both_ways() {
    let mut pot = Pot::start("ssh", json!({"delay": 1})).await;
    let folder = tempfile::tempdir().unwrap();
    let bot = payload(300_000);
    let local = folder.path().join(OsStr::from_bytes(b"bot\xff<b>"));
    std::fs::write(&local, &bot).unwrap();
    for (mode, wanted) in [
        (
            "-O",
            [b"scp -t /tmp/".as_slice(), b"scp: put /tmp/bot\xff<b>"].as_slice(),
        ),
        ("-s", &[b"sftp: stat /tmp/", b"sftp: put /tmp/bot\xff<b>"]),
    ] {
        let args = [
            OsStr::new(mode),
            local.as_os_str(),
            OsStr::new("root@127.0.0.1:/tmp/"),
        ];
        run(&pot, "scp", &args).await;
        let steps = recorded(&mut pot).await;
        let done = commands(&steps);
        for line in wanted {
            assert!(done.iter().any(|done| done == line), "{done:?}");
        }
        assert_eq!(
            files(&steps),
            [(b"/tmp/bot\xff<b>".to_vec(), 300_000, sha256(&bot))]
        );
        assert_eq!(bytes(&steps, Direction::In), bot);
    }
}

#[tokio::test]
async fn scp_copies_folders_both_ways() {
    let mut pot = Pot::start("ssh", json!({"delay": 1})).await;
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("tools");
    std::fs::create_dir_all(tools.join("x")).unwrap();
    std::fs::write(tools.join("a.sh"), "echo a").unwrap();
    std::fs::write(tools.join("x/b"), "").unwrap();
    for mode in ["-O", "-s"] {
        let to = OsStr::new("root@127.0.0.1:/var/tmp");
        run(
            &pot,
            "scp",
            &[OsStr::new(mode), OsStr::new("-rp"), tools.as_os_str(), to],
        )
        .await;
        let steps = recorded(&mut pot).await;
        let mut left = files(&steps);
        left.sort();
        let wanted = [
            (b"/var/tmp/tools/a.sh".to_vec(), 6, sha256(b"echo a")),
            (b"/var/tmp/tools/x/b".to_vec(), 0, sha256(b"")),
        ];
        assert_eq!(left, wanted, "{mode}");
        let back = folder.path().join(format!("back{mode}"));
        let from = OsStr::new("root@127.0.0.1:/etc/ssh");
        run(
            &pot,
            "scp",
            &[OsStr::new(mode), OsStr::new("-r"), from, back.as_os_str()],
        )
        .await;
        let got = std::fs::read(back.join("sshd_config")).unwrap();
        let steps = recorded(&mut pot).await;
        assert_eq!(bytes(&steps, Direction::Out), got);
    }
}

#[tokio::test]
async fn sftp_does_what_it_is_told() {
    let mut pot = Pot::start("ssh", json!({"delay": 1, "hostname": "gate"})).await;
    let folder = tempfile::tempdir().unwrap();
    let local = |name: &str| folder.path().join(name);
    std::fs::write(local("x"), b"\x7fELF\0\xff").unwrap();
    let batch = format!(
        "pwd
ls -la /etc/ssh
get /etc/hostname {got}
mkdir /tmp/.d
put {put} /tmp/.d/x
chmod 755 /tmp/.d/x
rename /tmp/.d/x /tmp/.d/y
symlink /tmp/.d/y /tmp/l
ls /tmp/.d
rm /tmp/l
-rm /tmp/none
-get /etc/none {got}2
",
        got = local("hostname").display(),
        put = local("x").display()
    );
    std::fs::write(local("batch"), batch).unwrap();
    let batch = local("batch");
    let args = [
        OsStr::new("-oBatchMode=no"),
        OsStr::new("-b"),
        batch.as_os_str(),
        OsStr::new("root@127.0.0.1"),
    ];
    let output = run(&pot, "sftp", &args).await;
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("Remote working directory: /root"), "{shown}");
    assert!(
        shown.contains("-rw-r--r--    1 root     root") || shown.contains("sshd_config"),
        "{shown}"
    );
    assert!(shown.contains("/tmp/.d/y"), "{shown}");
    assert_eq!(std::fs::read(local("hostname")).unwrap(), b"gate\n");
    assert!(!Path::new(&local("hostname2")).exists());
    let steps = recorded(&mut pot).await;
    assert_eq!(attributes(&steps, "subsystem"), [b"sftp"]);
    let done = commands(&steps);
    for line in [
        "sftp: ls /etc/ssh/",
        "sftp: get /etc/hostname",
        "sftp: mkdir /tmp/.d",
        "sftp: put /tmp/.d/x",
        "sftp: chmod 755 /tmp/.d/x",
        "sftp: rename /tmp/.d/x /tmp/.d/y",
        "sftp: ln -s /tmp/.d/y /tmp/l",
        "sftp: ls /tmp/.d/",
        "sftp: rm /tmp/l",
        "sftp: rm /tmp/none",
    ] {
        assert!(
            done.iter().any(|done| done == line.as_bytes()),
            "{line}: {done:?}"
        );
    }
    let sum = sha256(b"\x7fELF\0\xff");
    assert_eq!(files(&steps), [(b"/tmp/.d/x".to_vec(), 6, sum)]);
    assert_eq!(bytes(&steps, Direction::Out), b"gate\n");
}

#[tokio::test]
async fn what_was_left_is_there_for_the_same_connection() {
    let mut pot = Pot::start("ssh", json!({"delay": 1})).await;
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("run.sh");
    std::fs::write(&script, "echo $((6 * 7))").unwrap();
    let control = format!("-oControlPath={}", folder.path().join("control").display());
    let mut master = ssh(
        &pot,
        "root",
        "root",
        &[&control, "-oControlMaster=yes", "-tt"],
    )
    .spawn()
    .unwrap();
    let mut typed = master.stdin.take().unwrap();
    pot.opened().await;
    while !matches!(pot.step().await, InteractionKind::Attribute { name, .. } if name == "terminal")
    {
    }
    typed.write_all(b"echo here > /tmp/mine\n").await.unwrap();
    assert_eq!(pot.deed().await, command("echo here > /tmp/mine"));
    // The second program goes through the first one's connection.
    let args = [
        OsStr::new(&control),
        script.as_os_str(),
        OsStr::new("root@127.0.0.1:/tmp/run.sh"),
    ];
    run(&pot, "scp", &args).await;
    typed
        .write_all(b"sh /tmp/run.sh; cat /tmp/mine; exit\n")
        .await
        .unwrap();
    let output = timeout(Duration::from_secs(10), master.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("42\r\nhere\r\n"), "{shown}");
    let steps = pot.rest().await;
    assert_eq!(files(&steps).len(), 1);
}

#[tokio::test]
async fn ports_are_not_forwarded_but_noted() {
    let mut pot = Pot::start("ssh", json!({"delay": 1})).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let local = listener.local_addr().unwrap().port();
    drop(listener);
    let forward = format!("-L127.0.0.1:{local}:192.0.2.7:25");
    let mut child = ssh(
        &pot,
        "root",
        "root",
        &[&forward, "-R8080:192.0.2.8:80", "-R/tmp/sock:/tmp/x", "-tt"],
    )
    .spawn()
    .unwrap();
    pot.opened().await;
    while !matches!(pot.step().await, InteractionKind::Attribute { name, .. } if name == "terminal")
    {
    }
    let mut through = TcpStream::connect(("127.0.0.1", local)).await.unwrap();
    through.write_all(b"EHLO x\r\n").await.unwrap();
    let mut noted = vec![];
    while noted.is_empty() {
        noted = attributes(&[pot.step().await], "forward");
    }
    assert_eq!(noted, [b"192.0.2.7:25"]);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"exit\n")
        .await
        .unwrap();
    child.wait_with_output().await.unwrap();
    pot.rest().await;
}

#[tokio::test]
async fn forwarding_back_is_noted_and_refused() {
    let mut pot = Pot::start("ssh", json!({"delay": 1})).await;
    let more = [
        "-R8080:192.0.2.8:80",
        "-R/tmp/sock:/tmp/x",
        "-oStreamLocalBindUnlink=no",
        "id",
    ];
    let output = ssh(&pot, "root", "root", &more).output().await.unwrap();
    assert!(output.status.success());
    let steps = recorded(&mut pot).await;
    assert_eq!(
        attributes(&steps, "remote_forward"),
        [b"localhost:8080".to_vec(), b"/tmp/sock".to_vec()]
    );
}

#[tokio::test]
async fn host_keys_stay_the_same() {
    let mut keys = vec![];
    for _ in 0..2 {
        let pot = Pot::start("ssh", json!({})).await;
        let output = tokio::process::Command::new("ssh-keyscan")
            .args(["-p", &pot.port().to_string(), "127.0.0.1"])
            .output()
            .await
            .expect("ssh-keyscan is installed");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once(' ').map(|(_, key)| key.to_owned()))
            .collect();
        lines.sort();
        keys.push(lines);
    }
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0].len(), 2, "{keys:?}");
}
