//! The program itself, as a process.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown},
        net::UnixListener,
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};

/// The group of an engine's socket.
const GROUP: u32 = 4242;

/// A token that nobody gave out.
const TOKEN: &str = "skep1.secret.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn sensor(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skep-sensor"));
    command
        .arg("run")
        .arg("--data")
        .arg(data)
        .args(arguments)
        .env_clear()
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped());
    command
}

/// What it says before it fails.
fn failure(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// Starts a sensor whose server does not answer, and waits until it has said so.
fn waiting(data: &Path, arguments: &[&str]) -> Child {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    drop(listener);
    let mut child = sensor(data, &["--server", &server, "--token", TOKEN])
        .args(arguments)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    let said = lines
        .map(Result::unwrap)
        .any(|line| line.contains("cannot be reached"));
    assert!(said, "it ended before it waited: {:?}", child.wait());
    child
}

/// The first word of a field of what the system says of a process.
fn field(child: &Child, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let mut words = line.unwrap().split_whitespace();
    words.next().unwrap_or_default().to_owned()
}

fn end(mut child: Child, signal: Signal) -> Option<i32> {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    child.wait().unwrap().code()
}

#[test]
fn it_says_what_it_needs() {
    let data = tempfile::tempdir().unwrap();
    let said = failure(sensor(data.path(), &["--user", "root"]));
    assert!(said.contains("--server and --token"), "{said}");
    let remote = [
        "--server",
        "http://192.0.2.1:3000",
        "--token",
        TOKEN,
        "--user",
        "root",
    ];
    let said = failure(sensor(data.path(), &remote));
    assert!(said.contains("--insecure-http"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn it_waits_for_the_server_and_stops_when_told() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(end(waiting(data.path(), &[]), signal), Some(0));
    }
}

#[test]
fn it_keeps_no_more_of_root_than_it_needs() {
    let data = tempfile::tempdir().unwrap();
    let child = waiting(data.path(), &["--engine", "none"]);
    let field = |name| field(&child, name);
    if Uid::effective().is_root() {
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        assert_eq!(field("Uid:"), nobody.uid.to_string());
        assert_eq!(field("Gid:"), nobody.gid.to_string());
        // Only the rights to open low ports and to administer the network, which a container may have taken away as well.
        let effective = u64::from_str_radix(&field("CapEff:"), 16).unwrap();
        assert_eq!(effective & !(1 << 10 | 1 << 12), 0);
        assert_eq!(field("CapPrm:"), field("CapEff:"));
        // What `nft` gets: the right to administer the network, and no other.
        let handed_down = u64::from_str_radix(&field("CapAmb:"), 16).unwrap();
        assert_eq!(handed_down, effective & (1 << 12));
        assert_eq!(field("Groups:"), "");
        assert_eq!(field("NoNewPrivs:"), "1");
    } else {
        assert_eq!(field("Uid:"), Uid::effective().to_string());
    }
    assert_eq!(end(child, Signal::SIGTERM), Some(0));
}

#[test]
fn with_an_engine_it_joins_the_group_of_its_socket() {
    let (data, engine) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let socket = engine.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let root = Uid::effective().is_root();
    if root {
        chown(&socket, None, Some(GROUP)).unwrap();
    }
    let child = waiting(data.path(), &["--engine", socket.to_str().unwrap()]);
    if root {
        assert_eq!(field(&child, "Groups:"), GROUP.to_string());
    }
    assert_eq!(end(child, Signal::SIGTERM), Some(0));
}

#[test]
fn a_folder_of_somebody_elses_stays_so() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("precious"), "").unwrap();
    if Uid::effective().is_root() {
        let said = failure(sensor(data.path(), &[]));
        assert!(said.contains("nobody cannot use the data folder"), "{said}");
    }
    let owner = fs::metadata(data.path()).unwrap().uid();
    assert_eq!(owner, Uid::effective().as_raw());
}
