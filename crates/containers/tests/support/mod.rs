//! A sensor's containers under test, and images made of one small program.
#![allow(dead_code, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod surroundings;

use std::{
    collections::HashMap,
    env,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
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

pub use surroundings::*;

/// The engine that `scripts/engine.sh` started.
pub fn engine() -> Engine {
    Engine::at(&engine_host())
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
        Self::start_with(id, store, vec![])
    }

    /// Starts with what it already knows that it shall run.
    pub fn start_with(id: SensorId, store: &Arc<Store>, wanted: Vec<Wanted>) -> Self {
        let (reports, reported) = mpsc::channel(100);
        let containers = Arc::new(Containers::new(Setup {
            sensor: id,
            engine: engine(),
            layers: store.clone(),
            reports,
            clock: Clock::default(),
        }));
        let (wanted, told) = watch::channel(wanted);
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
        for path in ["/containers/json?all=1&", "/networks?"] {
            let left = labelled(path, &self.id.to_string());
            assert_eq!(left, Vec::<Value>::new(), "{path}");
        }
        let owner = skep_containers::Owner::new(self.id);
        let rules = shell("nft list ruleset");
        assert!(
            !rules.contains(&owner.table()) && !rules.contains(&owner.bridges()),
            "{rules}"
        );
    }
}
