//! From an image and what is said about it to what a sensor has to know.

use std::{collections::BTreeMap, num::NonZero};

use skep_model::{
    event::ServiceName,
    service::{ArchiveForm, EventSource, Level},
};
use skep_protocol::manifest::{
    AbsolutePath, Adapter, Architecture, Blob, ContainerPort, Events, Fields, Image, Layer,
    Manifest, Profile, Protocol, Ready, SettingsTarget,
};
use skep_registry::{Descriptor, Digest, Needs, Port, ServiceMetadata, Transport};

use super::labels::Labels;

/// The longest label of a revision, in characters.
const LABEL: usize = 64;
/// The longest description of a service, in characters.
pub(super) const DESCRIPTION: usize = 1000;

/// An image, and what came with it.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) digest: Digest,
    pub(super) manifest: &'a skep_registry::Manifest,
    pub(super) image: &'a skep_registry::Image,
    /// Of an archive of HoneySens.
    pub(super) metadata: Option<&'a ServiceMetadata>,
}

/// What an image comes to.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) service: ServiceName,
    pub(super) label: String,
    pub(super) description: String,
    pub(super) level: Level,
    pub(super) manifest: Manifest,
}

/// Why not, one sentence.
pub(super) type Reason = String;

/// Reads what an image says by itself; what the form says goes before it. An archive of HoneySens says in its metadata
/// what other images say in labels.
pub(super) fn describe(offer: &Offer<'_>, form: &ArchiveForm) -> Result<Described, Reason> {
    let metadata = offer.metadata;
    let labels = match metadata {
        Some(_) => Labels::default(),
        None => Labels::read(&offer.image.labels)?,
    };
    let missing = |what| move || format!("an image does not say its {what} by itself: say it");
    let service = match &form.name {
        Some(name) => name.clone(),
        None => named(&metadata.ok_or_else(missing("service's name"))?.name)?,
    };
    let label = form.label.clone();
    let label = label.or_else(|| Some(metadata?.revision.clone()));
    let label = label.ok_or_else(missing("revision"))?;
    if label.is_empty() || label.chars().count() > LABEL || label.contains(char::is_control) {
        return Err(format!("a revision is called by 1 to {LABEL} characters"));
    }
    let description = form.description.clone().or(labels.description);
    let description = description.or_else(|| Some(metadata?.description.clone()));
    let description = line(&description.unwrap_or_default());
    let events = match (form.events, metadata) {
        (Some(source), _) => events(source, form.log.clone())?,
        (None, _) if form.log.is_some() => return Err(missing("log's format")()),
        (None, Some(_)) => Events::HoneysensCollector,
        (None, None) => labels.events.ok_or(
            "the image does not say how what it catches comes out: give it the label skep.events, \
             or say it with the upload",
        )?,
    };
    let profile = match metadata {
        Some(metadata) => Profile::HoneySens {
            raw_network: metadata.raw_network_access,
        },
        None => labels.profile.unwrap_or(match events {
            // Only this profile tells it where the collector is.
            Events::HoneysensCollector => Profile::HoneySens { raw_network: false },
            _ => Profile::Compatible,
        }),
    };
    let catch_all = metadata.map_or(labels.catch_all, |metadata| metadata.catch_all);
    let ports = match (form.port.is_empty(), labels.ports) {
        (false, _) => form
            .port
            .iter()
            .map(|text| port(text))
            .collect::<Result<_, _>>()?,
        (true, Some(ports)) => ports,
        (true, None) => own_ports(offer)?,
    };
    let listens_elsewhere = catch_all || profile.asks_for_raw_network();
    if ports.is_empty() && metadata.is_none() && !listens_elsewhere {
        return Err(
            "the image exposes no ports: EXPOSE them where it is made, or give it the label skep.ports"
                .to_owned(),
        );
    }
    let fields = Fields {
        image: image(offer)?,
        profile,
        ready: labels.ready.unwrap_or_else(|| ready(&ports)),
        ports,
        catch_all,
        environment: BTreeMap::new(),
        limits: labels.limits,
        events,
        settings: SettingsTarget::None,
    };
    Ok(Described {
        service,
        label,
        description,
        level: form.level.or(labels.level).unwrap_or(Level::Medium),
        manifest: Manifest::try_from(fields).map_err(|wrong| wrong.to_string())?,
    })
}

/// The processor that an image is for, if a sensor can have it.
pub(super) fn processor(os: &str, architecture: &str) -> Option<Architecture> {
    match (os, architecture) {
        ("linux", "amd64") => Some(Architecture::X86_64),
        ("linux", "arm64") => Some(Architecture::Aarch64),
        ("linux", "arm") => Some(Architecture::Arm),
        _ => None,
    }
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
pub(super) fn named(name: &str) -> Result<ServiceName, Reason> {
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

fn image(offer: &Offer<'_>) -> Result<Image, Reason> {
    let Needs::Blobs { config, layers } = &offer.manifest.needs else {
        return Err("there is more than one image in it".to_owned());
    };
    if offer.image.os != "linux" {
        return Err("its image is not for Linux".to_owned());
    }
    let architecture = processor(&offer.image.os, &offer.image.architecture)
        .ok_or("its image is for a processor that no sensor has: amd64, arm64 and arm are known")?;
    Ok(Image {
        manifest: atom(&offer.digest)?,
        config: blob(config)?,
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

fn atom(digest: &Digest) -> Result<skep_protocol::manifest::Digest, Reason> {
    digest
        .to_string()
        .parse()
        .map_err(|_| "a digest in it is none".to_owned())
}

/// The ports that the metadata assigns, or those that the image exposes, as they are.
fn own_ports(offer: &Offer<'_>) -> Result<Vec<ContainerPort>, Reason> {
    match offer.metadata {
        Some(metadata) => metadata
            .port_assignment
            .iter()
            .map(|port| published(port.container, port.host))
            .collect(),
        None => offer
            .image
            .exposed_ports
            .iter()
            .map(|port| published(*port, port.number))
            .collect(),
    }
}

/// Reads `2222/tcp:22`.
pub(super) fn port(text: &str) -> Result<ContainerPort, Reason> {
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

/// It works when its first TCP port takes a connection; where there are only UDP ports, when the first is not closed.
fn ready(ports: &[ContainerPort]) -> Ready {
    let tcp = ports.iter().find(|port| port.protocol == Protocol::Tcp);
    tcp.or(ports.first())
        .map_or(Ready::Runs, |port| Ready::Connect {
            port: port.number,
            protocol: port.protocol,
        })
}

/// How events come out, and from which file where it is a log.
pub(super) fn events(source: EventSource, log: Option<String>) -> Result<Events, Reason> {
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
