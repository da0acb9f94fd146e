//! A real engine, images made of one small program, and a network that attackers come from.
#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use skep_containers::{
    Containers, Engine, Layers, Permissions, Setup, State, Wanted,
    archive::{BlobStream, FetchError},
};
use skep_honeypots::record::{Clock, Report};
use skep_model::ids::{InstanceId, SensorId};
use skep_protocol::{manifest::Digest, message::InstanceConfiguration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// The engine that `scripts/engine.sh` started.
pub fn engine() -> Engine {
    let host = env::var("DOCKER_HOST").expect(
        "DOCKER_HOST is not set: these tests need a container engine, run them by scripts/engine.sh cargo test …",
    );
    Engine::at(&host)
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

/// Blobs in memory, handed out as slowly and as wrongly as a test wants it.
#[derive(Default)]
pub struct Store {
    pub blobs: Mutex<HashMap<String, Bytes>>,
    pub fetched: AtomicUsize,
    pub pause: Mutex<Duration>,
    pub damaged: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Layers for Store {
    async fn fetch(&self, digest: &Digest) -> Result<BlobStream, FetchError> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        let blob = self.blobs.lock().unwrap().get(digest.as_str()).cloned();
        let blob = blob.ok_or_else(|| FetchError(format!("there is no {digest}")))?;
        let pause = *self.pause.lock().unwrap();
        let damaged = self.damaged.load(Ordering::SeqCst);
        let pieces: Vec<_> = blob.chunks(64 * 1024).map(Bytes::copy_from_slice).collect();
        Ok(Box::pin(futures::stream::unfold(
            pieces.into_iter(),
            move |mut pieces| async move {
                let mut piece = pieces.next()?.to_vec();
                tokio::time::sleep(pause).await;
                if damaged {
                    piece[0] ^= 1;
                }
                Some((Ok(piece.into()), pieces))
            },
        )))
    }
}

impl Store {
    fn put(&self, bytes: Vec<u8>) -> (String, usize) {
        let digest = format!("sha256:{:x}", Sha256::digest(&bytes));
        let size = bytes.len();
        self.blobs
            .lock()
            .unwrap()
            .insert(digest.clone(), bytes.into());
        (digest, size)
    }

    /// An image whose only file is the program; run with these words.
    pub fn image(&self, words: &[&str], gzip: bool) -> Value {
        let mut layer = tar::Builder::new(Vec::new());
        layer.append_path_with_name(program(), "honeypot").unwrap();
        for folder in ["tmp", "run"] {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(0o755);
            header.set_size(0);
            layer
                .append_data(&mut header, folder, std::io::empty())
                .unwrap();
        }
        let layer = layer.into_inner().unwrap();
        let plain = format!("sha256:{:x}", Sha256::digest(&layer));
        let (layer, kind) = if gzip {
            (zip(&layer), "tar+gzip")
        } else {
            (layer, "tar")
        };
        let (layer, layer_size) = self.put(layer);
        let arguments: Vec<_> = ["/honeypot"].iter().chain(words).collect();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": { "Entrypoint": arguments },
            "rootfs": { "type": "layers", "diff_ids": [plain] },
        });
        let (config, config_size) = self.put(config.to_string().into_bytes());
        json!({
            "manifest": format!("sha256:{:x}", Sha256::digest(&config)),
            "config": { "digest": config, "size": config_size },
            "layers": [{
                "digest": layer,
                "size": layer_size,
                "media_type": format!("application/vnd.oci.image.layer.v1.{kind}"),
            }],
            "architecture": env::consts::ARCH,
        })
    }
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("layer");
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("gzip")
        .args(["-1", "-n", "-c"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

/// A service on one port that answers `hello`.
pub fn serving(store: &Store, inside: u16) -> Value {
    json!({
        "image": store.image(&["serve", &inside.to_string()], false),
        "profile": { "kind": "hardened", "capabilities": ["NET_BIND_SERVICE"] },
        "ports": [
            { "number": inside, "published": inside },
            { "number": inside, "published": inside, "protocol": "udp" },
        ],
        "events": { "kind": "json_lines" },
        "ready": { "kind": "answer", "port": inside, "expect": "aGVsbG8g" },
    })
}

/// An instance of a manifest: all its ports published as this one.
pub fn wanted(manifest: Value, address: &str, port: u16) -> Wanted {
    let ports: Vec<_> = manifest["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|inside| json!({ "number": port, "transport": inside.get("protocol").unwrap_or(&json!("tcp")) }))
        .collect();
    let configuration = json!({
        "id": InstanceId::new(),
        "service": "imitation",
        "revision": 1,
        "address": address,
        "ports": ports,
        "settings": {},
    });
    Wanted {
        configuration: serde_json::from_value::<InstanceConfiguration>(configuration).unwrap(),
        manifest: serde_json::from_value(manifest).unwrap(),
        allowed: Permissions {
            capabilities: [skep_protocol::manifest::Capability::NetBindService].into(),
            raw_network: None,
        },
    }
}

/// A sensor's containers, and the task that runs them.
pub struct Sensor {
    pub id: SensorId,
    pub containers: Arc<Containers>,
    pub wanted: watch::Sender<Vec<Wanted>>,
    pub running: JoinHandle<()>,
    pub reported: mpsc::Receiver<Report>,
}

impl Sensor {
    pub fn start(id: SensorId, store: &Arc<Store>) -> Self {
        let (reports, reported) = mpsc::channel(100);
        let containers = Arc::new(Containers::new(Setup {
            sensor: id,
            engine: engine(),
            layers: store.clone(),
            reports,
            clock: Clock::default(),
        }));
        let (wanted, told) = watch::channel(Vec::new());
        let run = containers.clone();
        let running = tokio::spawn(async move { run.run(told).await });
        Self {
            id,
            containers,
            wanted,
            running,
            reported,
        }
    }

    /// Waits until an instance is in a state that fits.
    pub async fn until(&self, wanted: &Wanted, fits: impl Fn(&State) -> bool) -> State {
        let mut states = self.containers.states();
        let id = wanted.configuration.id;
        let fitting = states.wait_for(|states| states.get(&id).is_some_and(&fits));
        if let Ok(states) = timeout(Duration::from_mins(1), fitting).await {
            return states.unwrap()[&id].clone();
        }
        panic!("it stays {:?}", self.containers.states().borrow().get(&id))
    }

    pub async fn until_running(&self, wanted: &Wanted) {
        self.until(wanted, |state| *state == State::Running).await;
    }

    pub async fn until_failed(&self, wanted: &Wanted) -> String {
        match self
            .until(wanted, |state| matches!(state, State::Failed(_)))
            .await
        {
            State::Failed(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Removes everything, and sees that nothing of it is left.
    pub async fn end(self) {
        self.running.abort();
        self.containers.converge(&[]).await;
        let label = format!("{{\"label\":[\"skep.sensor={}\"]}}", self.id);
        for path in ["/containers/json?all=1&", "/networks?"] {
            let left = ask_engine(&format!("{path}filters={}", encode(&label)));
            assert_eq!(left, json!([]), "{path}");
        }
        let owner = skep_containers::Owner::new(self.id);
        let rules = shell("nft list ruleset");
        assert!(
            !rules.contains(&owner.table()) && !rules.contains(&owner.bridges()),
            "{rules}"
        );
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
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

    fn run(&self, words: &[&str], lines: &[&str]) -> Output {
        Command::new("ip")
            .args(["netns", "exec", &self.name])
            .arg(program())
            .args(words)
            .args(lines)
            .output()
            .unwrap()
    }

    /// Serves there, until it is dropped.
    pub fn serve(&self, port: u16) -> Serving {
        let serving = Command::new("ip")
            .args(["netns", "exec", &self.name])
            .arg(program())
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
