//! `metadata.xml` of a service archive: what HoneySens wants to know about a service.

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};
use serde_json::Value;

use super::{
    ArchiveError, METADATA,
    error::{refused, shown},
};
use crate::{Image, Port, Repository, Tag};

/// The longest text of one field.
const TEXT: usize = 4096;
const ROOT: &str = "service";
const FIRMWARE: &str = "firmware";

/// A port of the container, and the one that it is to be reached at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortAssignment {
    /// The container's.
    pub container: Port,
    /// The sensor's.
    pub host: u16,
}

/// What an archive says of its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceMetadata {
    /// The service's name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Where its images are kept.
    pub repository: Repository,
    /// The processor that this one is for, in the words of HoneySens: `amd64`, `armhf`.
    pub architecture: String,
    /// Whether it reads what comes from the network by itself.
    pub raw_network_access: bool,
    /// Whether it takes all that no other service takes.
    pub catch_all: bool,
    /// Its ports.
    pub port_assignment: Vec<PortAssignment>,
    /// Which revision it is.
    pub revision: String,
    /// What is special about that.
    pub revision_description: String,
    /// `ARCHITECTURE-REVISION`: the tag in the registry.
    pub tag: Tag,
}

/// Reads the file.
pub(super) fn parse(xml: &[u8]) -> Result<ServiceMetadata, ArchiveError> {
    fields(xml)
        .and_then(service)
        .map_err(|error| error.inside(METADATA))
}

/// The texts below the root. Nothing is expanded or loaded that the file names.
fn fields(xml: &[u8]) -> Result<BTreeMap<String, String>, ArchiveError> {
    let text = str::from_utf8(xml).map_err(|_| refused("it is not UTF-8"))?;
    let mut reader = Reader::from_str(text);
    let mut fields = BTreeMap::new();
    // Names of the elements that are open, and the text of the innermost.
    let mut open: Vec<String> = vec![];
    let mut content = String::new();
    let mut finished = false;
    loop {
        let event = reader.read_event();
        match event.map_err(|error| refused(format!("it is not XML: {error}")))? {
            Event::Eof if finished => return Ok(fields),
            Event::Eof => return Err(refused("it is cut off")),
            Event::DocType(_) => return Err(refused("it has a DOCTYPE, which is not taken")),
            Event::Start(_) | Event::Empty(_) if finished || open.len() >= 2 => {
                return Err(refused("it is not one element with texts in it"));
            }
            Event::Start(start) => {
                open.push(name(start.name().as_ref())?);
                check_root(&open[0])?;
                content.clear();
            }
            Event::Empty(empty) => {
                let name = name(empty.name().as_ref())?;
                check_root(open.first().unwrap_or(&name))?;
                add(&mut fields, name, "")?;
            }
            Event::End(_) => match open.pop() {
                Some(name) if open.len() == 1 => {
                    add(&mut fields, name, &content)?;
                }
                _ => finished = true,
            },
            Event::Text(text) => content.push_str(&decoded(text.xml10_content())?),
            Event::CData(text) => content.push_str(&decoded(text.xml10_content())?),
            Event::GeneralRef(reference) => content.push(character(&reference)?),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
        if content.len() > TEXT {
            return Err(refused(format!("a field is longer than {TEXT} bytes")));
        }
    }
}

fn check_root(name: &str) -> Result<(), ArchiveError> {
    match name {
        ROOT => Ok(()),
        FIRMWARE => Err(refused("this is firmware for a sensor, not a service")),
        other => Err(refused(format!(
            "it is about {}, not about a service",
            shown(other)
        ))),
    }
}

fn name(bytes: &[u8]) -> Result<String, ArchiveError> {
    str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| refused("it is not UTF-8"))
}

fn decoded<T, E>(text: Result<T, E>) -> Result<T, ArchiveError> {
    text.map_err(|_| refused("it is not UTF-8"))
}

/// The character that a reference stands for: one by its number, or one of the five that XML has.
fn character(reference: &quick_xml::events::BytesRef<'_>) -> Result<char, ArchiveError> {
    let name = decoded(reference.decode())?;
    let known = match name.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    };
    known.ok_or_else(|| {
        refused(format!(
            "it has an entity, {}, which is not taken",
            shown(&name)
        ))
    })
}

fn add(
    fields: &mut BTreeMap<String, String>,
    name: String,
    text: &str,
) -> Result<(), ArchiveError> {
    let shown = shown(&name);
    if fields.insert(name, text.trim().to_owned()).is_some() {
        return Err(refused(format!("{shown} is in it twice")));
    }
    Ok(())
}

fn service(mut fields: BTreeMap<String, String>) -> Result<ServiceMetadata, ArchiveError> {
    let mut field = |name: &str| {
        let text = fields.remove(name);
        text.ok_or_else(|| refused(format!("{name} is missing")))
    };
    let name = field("name")?;
    if name.is_empty() || name.chars().count() > 255 {
        return Err(refused("name must have 1 to 255 characters"));
    }
    let repository = field("repository")?;
    let repository = repository.parse().map_err(|_| {
        refused(format!(
            "repository is no name of one: {}",
            shown(&repository)
        ))
    })?;
    let (architecture, revision) = (field("architecture")?, field("revision")?);
    let tag = format!("{architecture}-{revision}").parse();
    let tag = tag.map_err(|_| {
        refused("architecture and revision must be letters, digits and _ . - only, and short")
    })?;
    if architecture.is_empty() || revision.is_empty() {
        return Err(refused("architecture and revision must not be empty"));
    }
    Ok(ServiceMetadata {
        name,
        description: field("description")?,
        repository,
        architecture,
        raw_network_access: truth("rawNetworkAccess", &field("rawNetworkAccess")?)?,
        catch_all: truth("catchAll", &field("catchAll")?)?,
        port_assignment: ports(&field("portAssignment")?)?,
        revision,
        revision_description: field("revisionDescription")?,
        tag,
    })
}

fn truth(field: &str, text: &str) -> Result<bool, ArchiveError> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(refused(format!("{field} must be true or false"))),
    }
}

/// Reads `{"2222/tcp": 22}`; none are `{}` or `[]`.
fn ports(text: &str) -> Result<Vec<PortAssignment>, ArchiveError> {
    let wrong = || refused("portAssignment must be JSON such as {\"2222/tcp\": 22}");
    let ports = match serde_json::from_str(text).map_err(|_| wrong())? {
        Value::Object(ports) => ports,
        Value::Array(none) if none.is_empty() => return Ok(vec![]),
        _ => return Err(wrong()),
    };
    ports
        .iter()
        .map(|(container, host)| {
            let container = container.parse().map_err(|_| wrong())?;
            let host = host.as_u64().and_then(|host| u16::try_from(host).ok());
            let host = host.filter(|host| *host != 0).ok_or_else(wrong)?;
            Ok(PortAssignment { container, host })
        })
        .collect()
}

impl ServiceMetadata {
    /// Whether the image is for the processor that the metadata name.
    pub(super) fn check(&self, image: &Image) -> Result<(), ArchiveError> {
        if processor(&self.architecture) == processor(&image.architecture) {
            return Ok(());
        }
        Err(refused(format!(
            "the image inside is for {}, the metadata says {}",
            plain(&image.architecture),
            plain(&self.architecture)
        )))
    }
}

/// Processors by the names that images use.
fn processor(name: &str) -> &str {
    match name {
        "armhf" | "armv6" | "armv7" | "armv7l" => "arm",
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        "i386" | "x86" => "386",
        other => other,
    }
}

/// A name without quotes where it is an ordinary one.
fn plain(name: &str) -> String {
    if name.len() <= 32 && name.bytes().all(|c| c.is_ascii_alphanumeric()) {
        name.to_owned()
    } else {
        shown(name)
    }
}
