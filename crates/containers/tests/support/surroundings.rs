//! What is around the code under test: a real engine, one small program, and a network that attackers come from.
//!
//! The tests of other crates use this, too: it asks for nothing of this one.
#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Where the engine that `scripts/engine.sh` started is.
pub fn engine_host() -> String {
    env::var("DOCKER_HOST").expect(
        "DOCKER_HOST is not set: these tests need a container engine, run them by scripts/engine.sh cargo test …",
    )
}

/// Kills the engine, which `scripts/engine.sh` then starts again.
pub fn kill_engine() {
    let file = env::var("SKEP_TEST_ENGINE_PID")
        .expect("SKEP_TEST_ENGINE_PID is not set: use scripts/engine.sh");
    let id = fs::read_to_string(file).unwrap();
    shell(&format!("kill -9 {id}"));
}

/// Waits until the engine answers again.
pub fn engine_is_back() {
    let socket = env::var("DOCKER_HOST").unwrap().replacen("unix://", "", 1);
    let end = Instant::now() + Duration::from_mins(1);
    let mut ping = Command::new("curl");
    ping.args(["-fs", "--unix-socket", &socket, "http://engine/_ping"]);
    while !ping.output().unwrap().status.success() {
        assert!(Instant::now() < end, "the engine does not come back");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Calls the engine by its own socket, to see what there is without the code under test.
pub fn ask_engine(path: &str) -> Value {
    let socket = env::var("DOCKER_HOST").unwrap().replacen("unix://", "", 1);
    let output = Command::new("curl")
        .args([
            "-gfs",
            "--unix-socket",
            &socket,
            &format!("http://engine{path}"),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{path}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The containers (`/containers/json?all=1&`) or networks (`/networks?`) of a sensor.
pub fn labelled(path: &str, sensor: &str) -> Vec<Value> {
    let filter = format!(r#"{{"label":["skep.sensor={sensor}"]}}"#);
    let filter = filter.bytes().map(|byte| format!("%{byte:02X}"));
    let answer = ask_engine(&format!("{path}filters={}", filter.collect::<String>()));
    answer.as_array().unwrap().clone()
}

/// The program of `honeypot.rs`, compiled once.
pub fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = folder.join(format!("honeypot-{}", std::process::id()));
        let source = folder.join(format!("honeypot-{}.rs", std::process::id()));
        std::fs::write(&source, include_str!("honeypot.rs")).unwrap();
        let status = Command::new("rustc")
            .args([
                "--edition",
                "2024",
                "-C",
                "opt-level=s",
                "-C",
                "strip=symbols",
            ])
            .args(["-C", "target-feature=+crt-static", "-o"])
            .args([&program, &source])
            .status()
            .unwrap();
        assert!(status.success());
        program
    });
    &PROGRAM
}

/// What a command prints; it has to succeed.
pub fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A network namespace with a cable to here: the outside. Gone when dropped.
pub struct Outside {
    name: String,
    number: u8,
}

impl Outside {
    pub fn new(number: u8) -> Self {
        let outside = Self {
            name: format!("outside-{number}-{}", std::process::id()),
            number,
        };
        let (name, n) = (&outside.name, number);
        shell(&format!(
            "ip netns add {name}
             ip link add out{n} type veth peer name eth0 netns {name}
             ip addr add 203.0.{n}.1/24 dev out{n}
             ip addr add 2001:db8:{n}::1/64 dev out{n} nodad
             ip link set out{n} up
             ip -n {name} addr add 203.0.{n}.99/24 dev eth0
             ip -n {name} addr add 2001:db8:{n}::99/64 dev eth0 nodad
             ip -n {name} link set lo up
             ip -n {name} link set eth0 up
             ip -n {name} route add default via 203.0.{n}.1
             ip -n {name} route add default via 2001:db8:{n}::1"
        ));
        outside
    }

    /// This machine, as seen from there.
    pub fn here(&self) -> [String; 2] {
        [
            format!("203.0.{}.1", self.number),
            format!("2001:db8:{}::1", self.number),
        ]
    }

    /// The attacker.
    pub fn there(&self) -> [String; 2] {
        [
            format!("203.0.{}.99", self.number),
            format!("2001:db8:{}::99", self.number),
        ]
    }

    /// Connects from there as soon as that can be done, and returns the greeting. An address of IPv6 is of no use for a
    /// second or two after it was given: first everybody is asked whether it is theirs.
    pub fn greeting(&self, address: &str, port: u16) -> String {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            match self.connect(address, port, &[]) {
                Some(greeting) => return greeting,
                None => assert!(Instant::now() < end, "nobody answers at {address}"),
            }
        }
    }

    /// Sends a datagram from there as soon as that can be done, and returns the answer.
    pub fn datagram(&self, address: &str, port: u16) -> String {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let output = self.run(&["ask", &socket(address, port)], &[]);
            if output.status.success() {
                return String::from_utf8(output.stdout).unwrap();
            }
            assert!(Instant::now() < end, "{address} says nothing: {output:?}");
        }
    }

    /// Connects from there, says the lines, and returns what comes back; `None` without a connection.
    pub fn connect(&self, address: &str, port: u16, lines: &[&str]) -> Option<String> {
        let output = self.run(&["connect", &socket(address, port)], lines);
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// A program that is run there.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.name])
            .arg(program.as_ref());
        command
    }

    fn run(&self, words: &[&str], lines: &[&str]) -> Output {
        self.command(program())
            .args(words)
            .args(lines)
            .output()
            .unwrap()
    }

    /// Serves there, until it is dropped.
    pub fn serve(&self, port: u16) -> Serving {
        let serving = self
            .command(program())
            .args(["serve", &port.to_string()])
            .stdout(std::process::Stdio::null())
            .spawn();
        let serving = Serving(serving.unwrap());
        let end = Instant::now() + Duration::from_secs(5);
        while self.connect("::1", port, &[]).is_none() {
            assert!(Instant::now() < end, "nobody serves outside");
            std::thread::sleep(Duration::from_millis(20));
        }
        serving
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
    }
}

/// A program that serves outside.
pub struct Serving(std::process::Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn socket(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}
