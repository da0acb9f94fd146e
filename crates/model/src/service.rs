//! Services, and their places on sensors.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    event::{ServiceName, words},
    ids::{ArchiveId, FetchId, InstanceId, SensorId},
    listen::Listen,
    sensor::Port,
};

words! {
    /// How far an attacker can go.
    Level {
        /// Not beyond the first words.
        Low = 0 "low",
        /// Into an imitation.
        Medium = 1 "medium",
        /// Into the real thing.
        High = 2 "high",
    }
}

words! {
    /// A capability of Linux that a hardened container may ask for. What would let it out of its box is not among them.
    Capability {
        /// To give files to others.
        Chown = 0 "CHOWN",
        /// To read and write whatever the files' modes say.
        DacOverride = 1 "DAC_OVERRIDE",
        /// To signal processes of others.
        Kill = 2 "KILL",
        /// To listen below 1024.
        NetBindService = 3 "NET_BIND_SERVICE",
        /// To read and make packets of any kind.
        NetRaw = 4 "NET_RAW",
        /// To become another group.
        Setgid = 5 "SETGID",
        /// To become another user.
        Setuid = 6 "SETUID",
        /// To change the root folder.
        SysChroot = 7 "SYS_CHROOT",
    }
}

/// What a container may beyond what every container may. An image only asks for it; an admin allows it for a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Rights {
    /// To work on a network interface of the sensor's machine itself, where nothing is cut off.
    pub raw_network: bool,
    /// These capabilities of Linux.
    pub capabilities: BTreeSet<Capability>,
}

impl Rights {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.raw_network && self.capabilities.is_empty()
    }

    /// What of these is not among those that are allowed.
    #[must_use]
    pub fn beyond(&self, allowed: &Self) -> Self {
        Self {
            raw_network: self.raw_network && !allowed.raw_network,
            capabilities: &self.capabilities - &allowed.capabilities,
        }
    }
}

/// In a sentence: `the host's own network, NET_RAW`.
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = self.raw_network.then_some("the host's own network");
        let capabilities = self.capabilities.iter().map(|capability| capability.word());
        let words: Vec<_> = network.into_iter().chain(capabilities).collect();
        f.write_str(&words.join(", "))
    }
}

/// A service that sensors can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServiceView {
    /// The name.
    pub name: ServiceName,
    /// What it pretends to be, one sentence.
    pub description: String,
    /// How far an attacker can go.
    pub level: Level,
    /// The revision that sensors run.
    pub revision: u32,
    /// Where it listens when nothing else is said.
    pub ports: Vec<Port>,
    /// What can be set.
    pub settings: Vec<Setting>,
    /// The processor architectures that it runs on, such as `x86_64`; missing for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub architectures: Vec<String>,
    /// The revisions that instances can be pinned to, by number; missing where every sensor has its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<RevisionView>,
}

impl ServiceView {
    /// Whether a sensor with this processor can run it. Nothing is known of one that never called.
    #[must_use]
    pub fn runs_on(&self, architecture: Option<&str>) -> bool {
        self.architectures.is_empty() || runs_on(&self.architectures, architecture)
    }

    /// The revision of a number.
    #[must_use]
    pub fn revision(&self, number: u32) -> Option<&RevisionView> {
        self.revisions.iter().find(|known| known.number == number)
    }
}

/// A revision that instances can be pinned to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RevisionView {
    /// Its number.
    pub number: u32,
    /// What its maker calls it, such as 2.4.0.
    pub label: String,
    /// Where it listens when nothing else is said.
    pub ports: Vec<Port>,
    /// The processor architectures that it runs on, such as `x86_64`.
    pub architectures: Vec<String>,
}

impl RevisionView {
    /// Whether a sensor with this processor can run it. Nothing is known of one that never called.
    #[must_use]
    pub fn runs_on(&self, architecture: Option<&str>) -> bool {
        runs_on(&self.architectures, architecture)
    }
}

fn runs_on(architectures: &[String], architecture: Option<&str>) -> bool {
    architecture.is_none_or(|wanted| architectures.iter().any(|known| known == wanted))
}

/// One setting of a service, enough to make a form field of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Setting {
    /// The key.
    pub name: String,
    /// What it does, one sentence.
    pub description: String,
    /// What it may be.
    #[serde(flatten)]
    pub kind: SettingKind,
}

/// What a setting may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SettingKind {
    /// A line of text.
    Text {
        /// When nothing is said.
        default: String,
        /// Characters at most.
        max: u32,
    },
    /// Lines of text.
    List {
        /// When nothing is said.
        default: Vec<String>,
        /// Lines at most.
        max: u32,
    },
    /// One of several words.
    Choice {
        /// When nothing is said.
        default: String,
        /// All of them.
        options: Vec<String>,
    },
    /// A whole number.
    Number {
        /// When nothing is said.
        default: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SettingValue {
    /// A whole number.
    Number(#[cfg_attr(feature = "schema", schemars(range(max = 9_007_199_254_740_991_u64)))] u64),
    /// A line of text, or one of several words.
    Text(String),
    /// Lines of text.
    List(Vec<String>),
}

/// Values by the names of their settings. What is missing has the service's default.
pub type Settings = BTreeMap<String, SettingValue>;

/// How an instance listens and behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Placement {
    /// The address of the sensor's that it listens on; `0.0.0.0` and `::` are all of them. Or the name of an interface:
    /// whatever comes in by that from outside.
    pub address: Listen,
    /// The ports.
    #[cfg_attr(feature = "schema", schemars(length(max = 128)))]
    pub ports: Vec<Port>,
    /// What is set otherwise than by default.
    #[serde(default)]
    pub settings: Settings,
    /// The number of the revision that it stays at; without it, it is of the revision that the service has just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(max = 4_294_967_295_u64)))]
    pub pinned: Option<u32>,
}

/// A change of what runs where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A sensor shall run a service, or run it once more.
    Add {
        /// The sensor.
        sensor: SensorId,
        /// The service.
        service: ServiceName,
        /// Where and how; without it on the sensor's usual address and the service's usual ports.
        #[serde(default)]
        placement: Option<Placement>,
    },
    /// An instance shall listen or behave otherwise.
    Edit {
        /// The sensor.
        sensor: SensorId,
        /// The instance.
        instance: InstanceId,
        /// Where and how.
        placement: Placement,
        /// What the asker knows it to be: refused when somebody else has changed it meanwhile.
        #[serde(default)]
        before: Option<Placement>,
    },
    /// A sensor shall no longer run an instance.
    Remove {
        /// The sensor.
        sensor: SensorId,
        /// The instance.
        instance: InstanceId,
    },
    /// A sensor shall run an instance again that was removed.
    Restore {
        /// The sensor.
        sensor: SensorId,
        /// The instance.
        instance: InstanceId,
    },
}

impl Change {
    /// The sensor that it is about.
    #[must_use]
    pub fn sensor(&self) -> SensorId {
        match self {
            Self::Add { sensor, .. }
            | Self::Edit { sensor, .. }
            | Self::Remove { sensor, .. }
            | Self::Restore { sensor, .. } => *sensor,
        }
    }
}

/// What came of changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deployed {
    /// How many sensors have something new to run.
    pub sensors: u32,
    /// The changes that take these back.
    pub undo: Vec<Change>,
}

/// Where most of what a sensor runs listens; a sensor with nothing on it listens everywhere.
#[must_use]
pub fn usual_address<'a>(addresses: impl IntoIterator<Item = &'a Listen>) -> Listen {
    let mut count: BTreeMap<&Listen, usize> = BTreeMap::new();
    for address in addresses {
        *count.entry(address).or_default() += 1;
    }
    let most = count.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(Listen::ANYWHERE, |(address, _)| address.clone())
}

/// A service whose honeypot is an image, with all of its images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImageService {
    /// The name.
    pub name: ServiceName,
    /// What it pretends to be.
    pub description: String,
    /// How far an attacker can go.
    pub level: Level,
    /// The number of the revision that sensors run.
    pub revision: u32,
    /// What an admin allowed it.
    pub allowed: Rights,
    /// Its revisions, by number.
    pub revisions: Vec<Revision>,
    /// The sensors that run it, by name.
    pub sensors: Vec<SensorRef>,
}

/// All that the services page shows of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEntry {
    /// What sensors can run of it.
    pub service: ServiceView,
    /// Its images, if that is what its honeypot is; without the sensors that run it.
    pub image: Option<ImageService>,
    /// How many sensors run it.
    pub users: u64,
    /// The first of them, by name.
    pub sensors: Vec<SensorRef>,
}

/// A revision of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revision {
    /// Its number, which rises and is never given again.
    pub number: u32,
    /// What its maker calls it, such as 2.4.0.
    pub label: String,
    /// Where it listens when nothing else is said.
    pub ports: Vec<Port>,
    /// What it asks for. Sensors do not run it before an admin has allowed all of it.
    pub needs: Rights,
    /// How many instances are of it. As long as there are any, it cannot be removed.
    pub instances: u32,
    /// Its images, one for each processor architecture.
    pub images: Vec<Image>,
}

/// An image of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Image {
    /// The processor architecture: `x86_64`, `aarch64` or `arm`.
    pub architecture: String,
    /// What the registry knows it by.
    pub digest: String,
    /// How many bytes a sensor fetches.
    pub size: u64,
}

/// A sensor, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SensorRef {
    /// Its id.
    pub id: SensorId,
    /// Its name.
    pub name: String,
}

/// What is said about an archive that is uploaded. A HoneySens archive says by itself what is not said here; an image
/// as `docker save` writes it needs name, label and the way in which events come out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveForm {
    /// The service's name. One that there is already gets another revision, or another image of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ServiceName>,
    /// What the revision is called.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What the service pretends to be.
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How far an attacker can go; medium where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The container's ports and those that they are published as, `2222/tcp:22`. Without any, those that the image
    /// exposes, as they are.
    pub port: Vec<String>,
    /// How events come out: over HoneySens' collector, as lines of JSON, or in the log of a known honeypot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<EventSource>,
    /// The file in the container that the honeypot writes its log to, `/var/log/cowrie.json`. Without it the log is
    /// standard output.
    #[cfg_attr(feature = "schema", schemars(length(max = 255)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// An archive that is uploaded in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadView {
    /// Its id.
    pub id: ArchiveId,
    /// How many bytes have come: the offset of the next part.
    pub received: u64,
    /// How many may come.
    pub most: u64,
    /// It is removed when nobody goes on with it for so many seconds from now.
    pub kept: u64,
}

words! {
    /// How events come out of an image.
    EventSource {
        /// Over ZeroMQ, as HoneySens has it.
        Collector = 0 "honeysens",
        /// On standard output, a line of JSON for each step.
        JsonLines = 1 "json-lines",
        /// In Cowrie's log, `cowrie.json`.
        Cowrie = 2 "cowrie",
        /// In Heralding's log, `log_session.json`.
        Heralding = 3 "heralding",
        /// In the log of `OpenCanary`.
        Opencanary = 4 "opencanary",
        /// In Dionaea's log, `log_json`.
        Dionaea = 5 "dionaea",
        /// In Conpot's log, `conpot.json`.
        Conpot = 6 "conpot",
    }
}

/// What is fetched from another registry. It becomes the whole revision of its name.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FetchForm {
    /// The image: `docker.io/cowrie/cowrie:latest`, or with `@sha256:…`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 512)))]
    pub reference: String,
    /// What is said about it. Without a name, the service is called by the last part of the image's; without a label,
    /// the revision is called by the tag.
    #[serde(default)]
    pub about: ArchiveForm,
    /// The name to log in with, where that is needed.
    #[serde(default)]
    pub user: Option<String>,
    /// The password. It is not kept.
    #[serde(default)]
    pub password: Option<String>,
}

impl fmt::Debug for FetchForm {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchForm")
            .field("reference", &self.reference)
            .field("about", &self.about)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

words! {
    /// How far a fetch is.
    FetchState {
        /// It is on its way.
        Fetching = 0 "fetching",
        /// The service has the revision.
        Done = 1 "done",
        /// Nothing came of it.
        Failed = 2 "failed",
    }
}

/// A fetch of an image from another registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FetchView {
    /// Its id.
    pub id: FetchId,
    /// The image.
    pub reference: String,
    /// The service that it is for.
    pub service: ServiceName,
    /// How far it is.
    pub state: FetchState,
    /// Why nothing came of it.
    pub reason: Option<String>,
    /// How many bytes have come.
    pub done: u64,
    /// How many there are; 0 while that is not known.
    pub total: u64,
}

/// How a service with images shall be; what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ServiceEdit {
    /// What it pretends to be.
    #[cfg_attr(feature = "schema", schemars(length(max = 1000)))]
    pub description: Option<String>,
    /// How far an attacker can go.
    pub level: Option<Level>,
    /// The number of the revision that sensors shall run.
    #[cfg_attr(feature = "schema", schemars(range(max = 4_294_967_295_u64)))]
    pub revision: Option<u32>,
    /// What it may: all of it, in place of what was allowed before.
    pub allowed: Option<Rights>,
}
