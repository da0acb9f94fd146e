//! What an image says of itself: what machine it is for, and how it is to be run.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, RegistryError};

/// The longest configuration of an image.
pub const CONFIG_LENGTH: usize = 4 * 1024 * 1024;

/// A port as images name it, `22/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// What is spoken there.
    pub transport: Transport,
}

/// What ports are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

impl FromStr for Port {
    type Err = RegistryError;

    /// Reads `22/tcp`, `53/udp`, and `22`, which is TCP.
    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let (number, transport) = text.split_once('/').unwrap_or((text, "tcp"));
        let digits = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
        let number = number.parse().ok().filter(|number| digits && *number != 0);
        let transport = match transport {
            "tcp" => Some(Transport::Tcp),
            "udp" => Some(Transport::Udp),
            _ => None,
        };
        number
            .zip(transport)
            .map(|(number, transport)| Self { number, transport })
            .ok_or_else(|| invalid("it exposes something that is no port"))
    }
}

/// What an image's configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The processor that it is for: `amd64`, `arm`, `arm64`.
    pub architecture: String,
    /// The variant of that, such as `v7`.
    pub variant: Option<String>,
    /// The system that it is for: `linux`.
    pub os: String,
    /// The ports that it listens on.
    pub exposed_ports: Vec<Port>,
    /// The program that it runs.
    pub entrypoint: Vec<String>,
    /// What the program is given.
    pub command: Vec<String>,
    /// What else is said about it, by whoever made it.
    pub labels: BTreeMap<String, String>,
    /// The digests of its layers when they are unpacked.
    pub layers: Vec<Digest>,
}

/// Configurations as they are written.
#[derive(Deserialize)]
struct Written {
    architecture: String,
    variant: Option<String>,
    os: String,
    config: Option<Run>,
    rootfs: Layers,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Run {
    exposed_ports: Option<BTreeMap<String, Value>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Layers {
    diff_ids: Option<Vec<Digest>>,
}

impl Image {
    /// Reads an image's configuration.
    pub fn parse(config: &[u8]) -> Result<Self, RegistryError> {
        let written: Written = serde_json::from_slice(config)
            .map_err(|error| invalid(format!("it cannot be understood: {error}")))?;
        let run = written.config.unwrap_or_default();
        let mut exposed_ports = run
            .exposed_ports
            .unwrap_or_default()
            .keys()
            .map(|port| port.parse())
            .collect::<Result<Vec<_>, _>>()?;
        exposed_ports.sort_unstable();
        Ok(Self {
            architecture: written.architecture,
            variant: written.variant.filter(|variant| !variant.is_empty()),
            os: written.os,
            exposed_ports,
            entrypoint: run.entrypoint.unwrap_or_default(),
            command: run.cmd.unwrap_or_default(),
            labels: run.labels.unwrap_or_default(),
            layers: written.rootfs.diff_ids.unwrap_or_default(),
        })
    }
}

fn invalid(reason: impl std::fmt::Display) -> RegistryError {
    RegistryError::InvalidManifest(format!("the image's configuration is not one: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        let port = |text: &str| {
            text.parse::<Port>()
                .ok()
                .map(|port| (port.number, port.transport))
        };
        assert_eq!(port("22/tcp"), Some((22, Transport::Tcp)));
        assert_eq!(port("53/udp"), Some((53, Transport::Udp)));
        assert_eq!(port("65535"), Some((65535, Transport::Tcp)));
        for bad in [
            "",
            "/tcp",
            "0/tcp",
            "65536/tcp",
            "+1/tcp",
            "1-2/tcp",
            "22/TCP",
            "22/sctp",
            "22/",
        ] {
            assert_eq!(port(bad), None, "{bad}");
        }
    }
}
