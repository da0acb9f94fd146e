//! From an archive and what is said about it to what a sensor has to know.

use std::{collections::BTreeMap, num::NonZero};

use skep_model::{
    event::ServiceName,
    service::{ArchiveForm, EventSource, Level},
};
use skep_protocol::manifest::{
    AbsolutePath, Adapter, Architecture, Blob, ContainerPort, Events, Fields, Image, Layer, Limits,
    Manifest, Profile, Protocol, Ready, SettingsTarget,
};
use skep_registry::{
    Archive, ArchiveKind, Descriptor, Needs, Port, RegistryError, ServiceMetadata, Transport,
};

/// The longest label of a revision, in characters.
const LABEL: usize = 64;
/// The longest description of a service, in characters.
pub(super) const DESCRIPTION: usize = 1000;

/// What an archive comes to.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) service: ServiceName,
    pub(super) label: String,
    pub(super) description: String,
    pub(super) level: Level,
    pub(super) manifest: Manifest,
}

/// Why not, one sentence.
type Reason = String;

/// Reads what the archive says by itself; what the form says goes before it.
pub(super) fn describe(archive: &Archive, form: ArchiveForm) -> Result<Described, Reason> {
    let metadata = match &archive.kind {
        ArchiveKind::HoneySens(metadata) => Some(metadata),
        ArchiveKind::DockerSave | ArchiveKind::OciLayout => None,
    };
    let missing = |what| move || format!("an image does not say its {what} by itself: say it");
    let service = match form.name {
        Some(name) => name,
        None => named(&metadata.ok_or_else(missing("service's name"))?.name)?,
    };
    let label = form.label.or_else(|| Some(metadata?.revision.clone()));
    let label = label.ok_or_else(missing("revision"))?;
    if label.is_empty() || label.chars().count() > LABEL || label.contains(char::is_control) {
        return Err(format!("a revision is called by 1 to {LABEL} characters"));
    }
    let description = form
        .description
        .or_else(|| Some(metadata?.description.clone()));
    let description = line(&description.unwrap_or_default());
    let events = match (form.events, metadata) {
        (Some(source), _) => events(source, form.log)?,
        (None, _) if form.log.is_some() => return Err(missing("log's format")()),
        (None, Some(_)) => Events::HoneysensCollector,
        (None, None) => return Err(missing("way to say what it catches")()),
    };
    let ports = if form.port.is_empty() {
        own_ports(archive, metadata)?
    } else {
        form.port
            .iter()
            .map(|text| port(text))
            .collect::<Result<_, _>>()?
    };
    let fields = Fields {
        image: image(archive)?,
        profile: match metadata {
            Some(metadata) => Profile::HoneySens {
                raw_network: metadata.raw_network_access,
            },
            None => Profile::Compatible,
        },
        ready: ready(&ports)?,
        ports,
        catch_all: metadata.is_some_and(|metadata| metadata.catch_all),
        environment: BTreeMap::new(),
        limits: Limits::default(),
        events,
        settings: SettingsTarget::None,
    };
    Ok(Described {
        service,
        label,
        description,
        level: form.level.unwrap_or(Level::Medium),
        manifest: Manifest::try_from(fields).map_err(|wrong| wrong.to_string())?,
    })
}

/// A text on one line, cut.
pub(super) fn line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(DESCRIPTION).collect()
}

/// A service's name, made of what people call it.
fn named(name: &str) -> Result<ServiceName, Reason> {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut name = words.join("-");
    name.truncate(64);
    name.parse().map_err(|_| {
        "the service's name cannot be one here: say another, of lower-case letters, digits and hyphens".to_owned()
    })
}

fn image(archive: &Archive) -> Result<Image, Reason> {
    let (digest, manifest) = archive.manifest().map_err(|error| told(&error))?;
    let Needs::Blobs { config, layers } = manifest.needs else {
        return Err("there is more than one image in it".to_owned());
    };
    if archive.image.os != "linux" {
        return Err("its image is not for Linux".to_owned());
    }
    let architecture =
        match archive.image.architecture.as_str() {
            "amd64" => Architecture::X86_64,
            "arm64" => Architecture::Aarch64,
            "arm" => Architecture::Arm,
            _ => return Err(
                "its image is for a processor that no sensor has: amd64, arm64 and arm are known"
                    .to_owned(),
            ),
        };
    Ok(Image {
        manifest: atom(&digest)?,
        config: blob(&config)?,
        layers: layers.iter().map(layer).collect::<Result<_, _>>()?,
        architecture,
    })
}

fn layer(descriptor: &Descriptor) -> Result<Layer, Reason> {
    let media_type = serde_json::from_value(descriptor.media_type.as_str().into()).map_err(|_| {
        "its layers are compressed in a way that not every sensor's engine reads: save it with gzip or without compression".to_owned()
    })?;
    Ok(Layer {
        blob: blob(descriptor)?,
        media_type,
    })
}

fn blob(descriptor: &Descriptor) -> Result<Blob, Reason> {
    Ok(Blob {
        digest: atom(&descriptor.digest)?,
        size: descriptor.size,
    })
}

fn atom(digest: &skep_registry::Digest) -> Result<skep_protocol::manifest::Digest, Reason> {
    digest
        .to_string()
        .parse()
        .map_err(|_| "a digest in it is none".to_owned())
}

/// The ports that the metadata assigns, or those that the image exposes, as they are.
fn own_ports(
    archive: &Archive,
    metadata: Option<&ServiceMetadata>,
) -> Result<Vec<ContainerPort>, Reason> {
    match metadata {
        Some(metadata) => metadata
            .port_assignment
            .iter()
            .map(|port| published(port.container, port.host))
            .collect(),
        None => archive
            .image
            .exposed_ports
            .iter()
            .map(|port| published(*port, port.number))
            .collect(),
    }
}

/// Reads `2222/tcp:22`.
fn port(text: &str) -> Result<ContainerPort, Reason> {
    let wrong = || {
        "a port is of the form 2222/tcp:22, the container's and then the published one".to_owned()
    };
    let (container, host) = text.split_once(':').ok_or_else(wrong)?;
    let container = container.parse().map_err(|_| wrong())?;
    published(container, host.parse().map_err(|_| wrong())?)
}

fn published(container: Port, host: u16) -> Result<ContainerPort, Reason> {
    let number = |number| NonZero::new(number).ok_or_else(|| "there is no port 0".to_owned());
    Ok(ContainerPort {
        number: number(container.number)?,
        protocol: match container.transport {
            Transport::Tcp => Protocol::Tcp,
            Transport::Udp => Protocol::Udp,
        },
        published: number(host)?,
    })
}

/// It works when its first TCP port takes a connection.
fn ready(ports: &[ContainerPort]) -> Result<Ready, Reason> {
    if ports.is_empty() {
        return Ok(Ready::Runs);
    }
    let tcp = ports.iter().find(|port| port.protocol == Protocol::Tcp);
    tcp.map(|port| Ready::Connect { port: port.number })
        .ok_or_else(|| {
            "it has UDP ports only, and nothing can tell that such a service works".to_owned()
        })
}

fn events(source: EventSource, log: Option<String>) -> Result<Events, Reason> {
    let adapter = match source {
        EventSource::Collector | EventSource::JsonLines => None,
        EventSource::Cowrie => Some(Adapter::Cowrie),
        EventSource::Heralding => Some(Adapter::Heralding),
        EventSource::Opencanary => Some(Adapter::OpenCanary),
        EventSource::Dionaea => Some(Adapter::Dionaea),
        EventSource::Conpot => Some(Adapter::Conpot),
    };
    match (adapter, log) {
        (Some(adapter), log) => {
            let path = log.map(AbsolutePath::try_from).transpose();
            Ok(Events::Log {
                adapter,
                path: path.map_err(|wrong| wrong.to_string())?,
            })
        }
        (None, Some(_)) => Err(
            "only the log of a known honeypot is read from a file: say which one it is".to_owned(),
        ),
        (None, None) => Ok(match source {
            EventSource::JsonLines => Events::JsonLines,
            _ => Events::HoneysensCollector,
        }),
    }
}

fn told(error: &RegistryError) -> Reason {
    error.to_string()
}
