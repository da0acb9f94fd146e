//! What a sensor has to know to run one revision of a service that is an image.
//!
//! A manifest comes from whoever made the service. Its atoms cannot be wrong by their types, and what must fit
//! together is checked when [`Manifest`] is made of [`Fields`]: nobody else has to check again.

mod atoms;
mod check;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use skep_model::{Bytes, service::Rights};

pub use atoms::{AbsolutePath, Architecture, Digest, Protocol, VariableName, WrongAtom};
pub use check::WrongManifest;
pub use skep_model::service::Capability;

/// A manifest whose fields fit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Manifest(Fields);

impl std::ops::Deref for Manifest {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.0
    }
}

impl TryFrom<Fields> for Manifest {
    type Error = WrongManifest;

    fn try_from(fields: Fields) -> Result<Self, WrongManifest> {
        check::check(&fields)?;
        Ok(Self(fields))
    }
}

impl From<Manifest> for Fields {
    fn from(manifest: Manifest) -> Self {
        manifest.0
    }
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// What to run.
    pub image: Image,
    /// With which rights.
    pub profile: Profile,
    /// Where it listens.
    #[serde(default)]
    pub ports: Vec<ContainerPort>,
    /// Whether it wants everything that comes to a port which nothing else takes.
    #[serde(default)]
    pub catch_all: bool,
    /// Variables for its processes. At most 32 KiB together.
    #[serde(default)]
    pub environment: BTreeMap<VariableName, String>,
    /// What it may use up.
    #[serde(default)]
    pub limits: Limits,
    /// How what it catches comes out.
    pub events: Events,
    /// How to see that it works.
    pub ready: Ready,
    /// How an instance's settings get in.
    #[serde(default)]
    pub settings: SettingsTarget,
}

/// An OCI image, in pieces that are fetched one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The OCI manifest: what the image is known by.
    pub manifest: Digest,
    /// The image's configuration.
    pub config: Blob,
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
    /// The processors that it runs on.
    pub architecture: Architecture,
}

impl Image {
    /// How many bytes there are to fetch.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers
            .iter()
            .map(|layer| layer.blob.size)
            .fold(self.config.size, u64::saturating_add)
    }
}

/// A piece of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Blob {
    /// What it is known by.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Layer {
    /// Its bytes.
    #[serde(flatten)]
    pub blob: Blob,
    /// What they are.
    pub media_type: LayerType,
}

/// What a layer's bytes are. Every engine since 2017 reads these; zstd came later, and is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LayerType {
    /// A tar archive.
    #[serde(
        rename = "application/vnd.oci.image.layer.v1.tar",
        alias = "application/vnd.docker.image.rootfs.diff.tar"
    )]
    Tar,
    /// A tar archive in gzip.
    #[serde(
        rename = "application/vnd.oci.image.layer.v1.tar+gzip",
        alias = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    )]
    TarGzip,
}

/// With which rights a container runs. Whatever the profile, it has no new privileges, no mounts of the host's, its
/// [`Limits`], and no way out to any network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Profile {
    /// For images that are written for it: a root that cannot be written to, and no capabilities but these, where
    /// they are allowed.
    Hardened {
        /// The capabilities that it asks for.
        #[serde(default)]
        capabilities: BTreeSet<Capability>,
    },
    /// For images as they are found: Docker's default capabilities, and a layer to write to.
    Compatible,
    /// For images that are written for HoneySens: as compatible, and the network administrator's capability.
    HoneySens {
        /// Whether it works on the host's own interface, where that is allowed.
        #[serde(default)]
        raw_network: bool,
    },
}

impl Profile {
    /// Whether it wants to work on the host's own network.
    #[must_use]
    pub fn asks_for_raw_network(&self) -> bool {
        matches!(self, Self::HoneySens { raw_network: true })
    }

    /// What an admin has to allow.
    #[must_use]
    pub fn needs(&self) -> Rights {
        Rights {
            raw_network: self.asks_for_raw_network(),
            capabilities: match self {
                Self::Hardened { capabilities } => capabilities.clone(),
                Self::Compatible | Self::HoneySens { .. } => BTreeSet::new(),
            },
        }
    }
}

/// A port that a container listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ContainerPort {
    /// Inside.
    pub number: std::num::NonZero<u16>,
    /// The protocol.
    #[serde(default)]
    pub protocol: Protocol,
    /// Outside, when an instance says nothing else.
    pub published: std::num::NonZero<u16>,
}

/// What a container may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Processes and threads.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 4096)))]
    pub pids: u32,
    /// Memory in bytes; there is no swap.
    #[cfg_attr(
        feature = "schema",
        schemars(range(min = 6_291_456, max = 8_589_934_592u64))
    )]
    pub memory: u64,
    /// Processor time, in hundredths of one core.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1600)))]
    pub cpu_percent: u32,
    /// The layer to write to, in bytes; of a hardened container, each of its places in memory.
    #[cfg_attr(
        feature = "schema",
        schemars(range(min = 1_048_576, max = 17_179_869_184u64))
    )]
    pub writable: u64,
}

impl Limits {
    /// The most that a manifest may ask for.
    pub const MOST: Self = Self {
        pids: 4096,
        memory: 8 * 1024 * 1024 * 1024,
        cpu_percent: 1600,
        writable: 16 * 1024 * 1024 * 1024,
    };
    /// The least that an engine takes.
    pub const LEAST: Self = Self {
        pids: 1,
        memory: 6 * 1024 * 1024,
        cpu_percent: 1,
        writable: 1024 * 1024,
    };
}

impl Default for Limits {
    /// Enough for a honeypot in Python: 128 processes, 256 MiB, half a core, 64 MiB to write.
    fn default() -> Self {
        Self {
            pids: 128,
            memory: 256 * 1024 * 1024,
            cpu_percent: 50,
            writable: 64 * 1024 * 1024,
        }
    }
}

/// How what a container catches comes out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Events {
    /// Over ZeroMQ to the address in `COLLECTOR_HOST` and `COLLECTOR_PORT`, as HoneySens has it.
    HoneysensCollector,
    /// On standard output, a line of JSON for each step.
    JsonLines,
    /// In the log of a known honeypot.
    Log {
        /// Which.
        adapter: Adapter,
        /// The log's file; without one it is standard output. Files are read from containers that can write them,
        /// which hardened ones cannot. They may be renamed, and go on under the same name. What is in one comes a second
        /// later than from standard output, and the longer the file, the more it costs to read on.
        #[serde(default)]
        path: Option<AbsolutePath>,
    },
}

/// A honeypot whose log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Adapter {
    /// Cowrie's `cowrie.json`.
    Cowrie,
    /// Dionaea's `log_json`.
    Dionaea,
    /// Heralding's `log_session.json`.
    Heralding,
    /// `OpenCanary`'s log.
    OpenCanary,
    /// Conpot's `conpot.json`.
    Conpot,
}

/// How to see that a container works. Ports are the container's; what is asked goes through the published port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ready {
    /// A port takes a connection; over UDP, a datagram to it is not refused.
    Connect {
        /// Which.
        port: std::num::NonZero<u16>,
        /// The protocol.
        #[serde(default)]
        protocol: Protocol,
    },
    /// A port answers.
    Answer {
        /// Which.
        port: std::num::NonZero<u16>,
        /// The protocol.
        #[serde(default)]
        protocol: Protocol,
        /// What to send first; may be empty over TCP.
        #[serde(default)]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        send: Bytes,
        /// What the answer begins with.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        expect: Bytes,
    },
    /// It runs on. Only for a service that listens nowhere, such as one that watches the network.
    Runs,
}

/// How an instance's settings get into a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SettingsTarget {
    /// It has none.
    #[default]
    None,
    /// All of them as one object of JSON.
    Json {
        /// The variable.
        variable: VariableName,
    },
    /// One by one: texts as they are, everything else as JSON.
    Variables {
        /// The variable of each setting.
        names: BTreeMap<String, VariableName>,
    },
}
