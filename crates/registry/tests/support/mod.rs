//! A registry on a real port, images made from nothing, and programs that push and pull them.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::expect_used, reason = "what fails here fails the test")]

pub mod archives;
pub mod client;

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use skep_registry::{
    Action, Authorise, Credentials, Denied, Digest, Limits, Pushed, Receive, RegistryError,
    Repository, Storage, Tag, router,
};
use tempfile::TempDir;
use tokio::sync::mpsc;

pub const USER: &str = "pusher";
pub const READER: &str = "reader";
pub const PASSWORD: &str = "correct:horse";

/// The pusher may do everything but in `forbidden`, the reader may read; nobody else may anything.
struct Rules;

#[async_trait::async_trait]
impl Authorise for Rules {
    async fn authorise(
        &self,
        credentials: &Credentials,
        repository: Option<&Repository>,
        action: Action,
    ) -> Result<(), Denied> {
        let unknown = Err(Denied::Unknown {
            realm: "skep".to_owned(),
        });
        let user = match credentials {
            Credentials::Basic { user, password } if password == PASSWORD => user.as_str(),
            Credentials::Bearer(token) if token == PASSWORD => USER,
            _ => return unknown,
        };
        let forbidden = repository.is_some_and(|name| name.as_str() == "forbidden");
        match user {
            USER if !forbidden => Ok(()),
            READER if !forbidden && action == Action::Pull => Ok(()),
            USER | READER => Err(Denied::Forbidden),
            _ => unknown,
        }
    }
}

/// Tells of what is pushed. What is tagged `refused` is refused.
struct Receiver(mpsc::Sender<(Repository, Tag, Digest)>);

#[async_trait::async_trait]
impl Receive for Receiver {
    /// `short` is short for `much/longer`.
    fn meant(&self, named: Repository) -> Repository {
        match named.as_str() {
            "short" => name("much/longer"),
            _ => named,
        }
    }

    async fn receive(
        &self,
        _credentials: &Credentials,
        pushed: &Pushed,
    ) -> Result<Option<&'static str>, RegistryError> {
        let tag = pushed.tag.clone();
        match tag.as_str() {
            "refused" => Err(RegistryError::Refused("not this one".to_owned())),
            "doubtful" => Ok(Some("look at it again")),
            _ => {
                let told = (pushed.repository.clone(), tag, pushed.stored.digest);
                self.0.send(told).await.expect("the test listens");
                Ok(None)
            }
        }
    }
}

/// A registry, while it lives.
pub struct Registry {
    pub storage: Arc<Storage>,
    pub address: String,
    pub pushed: mpsc::Receiver<(Repository, Tag, Digest)>,
    pub folder: TempDir,
}

pub fn limits() -> Limits {
    Limits {
        blob: 64 * 1024 * 1024,
        free_room: 0,
        uploads: 8,
        idle: Duration::from_mins(10),
        unpacked: 256 * 1024 * 1024,
        grace: Duration::from_mins(10),
    }
}

impl Registry {
    pub async fn start() -> Self {
        Self::with(limits()).await
    }

    pub async fn with(limits: Limits) -> Self {
        let folder = TempDir::new().expect("a folder");
        let storage = Arc::new(Storage::open(folder.path(), limits).expect("storage"));
        Self::serve(storage, folder).await
    }

    pub async fn serve(storage: Arc<Storage>, folder: TempDir) -> Self {
        // The tests' own client wants it, even for plain HTTP; a second time it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (tell, pushed) = mpsc::channel(16);
        let routes = router(storage.clone(), Arc::new(Rules), Arc::new(Receiver(tell)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            storage,
            address,
            pushed,
            folder,
        }
    }

    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many files there are below a folder of the registry's.
    pub fn count(&self, folder: &str) -> usize {
        count(&self.folder.path().join(folder))
    }
}

pub fn count(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| if path.is_dir() { count(&path) } else { 1 })
        .sum()
}

pub fn name(text: &str) -> Repository {
    text.parse().expect("a name")
}

/// Runs a program that may need other threads of this process, and returns what it said.
pub async fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("a thread")
        .unwrap_or_else(|error| {
            panic!("{program} cannot be started ({error}): see scripts/setup.sh")
        })
}

/// The same, and it must succeed.
pub async fn succeed(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {said}{complained}"
    );
    said
}

/// The same, and it must fail.
pub async fn fail(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments).await;
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success(),
        "{program} {arguments:?} should have failed"
    );
    complained
}

/// A tar archive of these members.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for (name, content) in members {
        add(&mut builder, name, content);
    }
    builder.into_inner().expect("an archive")
}

/// Adds a member, whatever its name is.
pub fn add(builder: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append(&header, content).expect("a member");
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

/// An image of two layers, made from nothing.
pub struct Image {
    pub config: Vec<u8>,
    pub layers: Vec<Vec<u8>>,
}

impl Image {
    pub fn new(architecture: &str) -> Self {
        let noise: Vec<u8> = (0..200_000_u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
            .collect();
        let layers = vec![tar(&[("hello", b"world")]), tar(&[("noise", &noise)])];
        let layer_digests: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {
                "Entrypoint": ["/honeypot"],
                "Cmd": ["--verbose"],
                "ExposedPorts": {"2222/tcp": {}, "53/udp": {}},
            },
            "rootfs": {"type": "layers", "diff_ids": layer_digests},
            "history": [{"created_by": "one"}, {"created_by": "two"}],
        });
        Self {
            config: config.to_string().into_bytes(),
            layers,
        }
    }

    /// As `docker save` of old writes it.
    pub fn docker_save(&self) -> BTreeMap<String, Vec<u8>> {
        let config = format!("{}.json", Digest::of(&self.config).hex());
        let names: Vec<_> = (0..self.layers.len())
            .map(|n| format!("{n}/layer.tar"))
            .collect();
        let index =
            json!([{"Config": config, "RepoTags": ["honeysens/pot:amd64-1.0"], "Layers": names}]);
        let mut members: BTreeMap<_, _> = names.into_iter().zip(self.layers.clone()).collect();
        members.insert(config, self.config.clone());
        members.insert("manifest.json".to_owned(), index.to_string().into_bytes());
        members
    }

    /// As an OCI image layout, with layers in gzip.
    pub fn oci_layout(&self) -> BTreeMap<String, Vec<u8>> {
        let mut members = BTreeMap::new();
        let mut blob = |content: Vec<u8>, kind: &str| {
            let digest = Digest::of(&content);
            let described = json!({"mediaType": kind, "digest": digest, "size": content.len()});
            members.insert(format!("blobs/sha256/{}", digest.hex()), content);
            described
        };
        let config = blob(
            self.config.clone(),
            "application/vnd.oci.image.config.v1+json",
        );
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|layer| blob(gzip(layer), "application/vnd.oci.image.layer.v1.tar+gzip"))
            .collect();
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers});
        let mut manifest = blob(manifest.to_string().into_bytes(), kind);
        manifest["annotations"] = json!({"org.opencontainers.image.ref.name": "latest"});
        let index = json!({"schemaVersion": 2, "manifests": [manifest]});
        members.insert("index.json".to_owned(), index.to_string().into_bytes());
        members.insert(
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        );
        members
    }
}

/// A tar archive of such members.
pub fn archive(members: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let members: Vec<_> = members
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()))
        .collect();
    tar(&members)
}

/// The metadata of a service for this processor.
pub fn metadata(architecture: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<service>
  <name>pot &amp; kettle</name>
  <repository>honeysens/pot</repository>
  <description>An <![CDATA[<imitated>]]> shell</description>
  <architecture>{architecture}</architecture>
  <rawNetworkAccess>false</rawNetworkAccess>
  <catchAll>false</catchAll>
  <portAssignment>{{"2222/tcp": 22, "53/udp": 53}}</portAssignment>
  <revision>1.0</revision>
  <revisionDescription></revisionDescription>
</service>"#
    )
}
