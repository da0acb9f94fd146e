//! What is ours at an engine that others use, too: names and labels.

use std::collections::HashMap;

use skep_model::ids::{InstanceId, SensorId};
use skep_protocol::manifest::Digest;

use crate::subnet::Subnets;

/// The label that says whose a container or network is.
pub(crate) const SENSOR: &str = "skep.sensor";
/// The label that says which instance it belongs to.
pub(crate) const INSTANCE: &str = "skep.instance";
/// The label that says what it was made from.
pub(crate) const CONFIGURATION: &str = "skep.configuration";

/// The sensor whose containers, networks, images and firewall tables these are.
///
/// Images cannot carry a label of ours: it would change what they are known by. They have a repository of ours instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(SensorId);

impl Owner {
    /// Everything of this sensor.
    #[must_use]
    pub fn new(sensor: SensorId) -> Self {
        Self(sensor)
    }

    /// The sensor.
    pub(crate) fn sensor(self) -> SensorId {
        self.0
    }

    /// The value of the label [`SENSOR`].
    pub(crate) fn label(self) -> String {
        self.0.to_string()
    }

    /// What the names of this sensor's bridges begin with.
    #[must_use]
    pub fn bridges(self) -> String {
        format!("skep-{}", tail(self.0.as_bytes(), 2))
    }

    /// The name of a network's bridge: 15 characters, the most that an interface may have. It follows from the addresses:
    /// an engine that was killed while it made a network may keep a name for good, but other addresses are free.
    #[must_use]
    pub fn bridge(self, subnets: &Subnets) -> String {
        let address = subnets.v4.network().octets();
        format!("{}{}", self.bridges(), tail(&address, 3))
    }

    /// The name of the firewall's tables.
    #[must_use]
    pub fn table(self) -> String {
        format!("skep_{}", tail(self.0.as_bytes(), 8))
    }

    /// The name of the table that leads ports to the sensor itself.
    #[must_use]
    pub fn table_of_other_ports(self) -> String {
        format!("{}_other_ports", self.table())
    }

    /// The repository of this sensor's images.
    #[must_use]
    pub fn repository(self) -> String {
        format!("skep-{}", tail(self.0.as_bytes(), 8))
    }

    /// The name of an image.
    #[must_use]
    pub fn image(self, manifest: &Digest) -> String {
        format!("{}:{}", self.repository(), manifest.hex())
    }

    /// Labels of everything that belongs to an instance.
    pub(crate) fn labels(self, instance: InstanceId) -> HashMap<String, String> {
        HashMap::from([
            (SENSOR.to_owned(), self.label()),
            (INSTANCE.to_owned(), instance.to_string()),
        ])
    }
}

/// The name of an instance's container and of its network.
#[must_use]
pub(crate) fn name(instance: InstanceId) -> String {
    format!("skep-{instance}")
}

/// The last bytes of an id in hexadecimal: those of version 7 are random at the end.
fn tail(id: &[u8], bytes: usize) -> String {
    use std::fmt::Write;
    id.iter()
        .skip(id.len().saturating_sub(bytes))
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_within_their_bounds() {
        let owner = Owner::new("0199d7a0-0000-7000-8000-00000000beef".parse().unwrap());
        let subnets = Subnets {
            v4: "198.18.1.4/30".parse().unwrap(),
            v6: None,
        };
        assert_eq!(owner.bridge(&subnets), "skep-beef120104");
        assert!(owner.bridge(&subnets).len() <= 15);
        assert!(owner.bridge(&subnets).starts_with(&owner.bridges()));
        assert_eq!(owner.table(), "skep_800000000000beef");
    }
}
