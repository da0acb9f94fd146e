//! What shall run, and what does: by the server's word, and by the engine's and the firewall's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    client::Client,
    surroundings::{Outside, ask_engine, labelled, shell},
};

/// How long everything together may take to become what it shall be.
const PATIENCE: Duration = Duration::from_secs(40);

/// What shall run.
#[derive(Default)]
pub struct Desired {
    /// The instances, with their ports.
    pub instances: BTreeMap<String, u16>,
    /// The revision's number, and what the engine knows its image by.
    pub revision: u64,
    pub image: String,
}

/// One sensor, and from where it is looked at.
pub struct World {
    pub client: Client,
    pub sensor: String,
    pub service: &'static str,
    pub ports: [u16; 2],
    pub outside: Outside,
    /// The images that the engine had before.
    pub images: BTreeSet<String>,
}

impl World {
    /// Waits until exactly what shall run runs, and says how long that took.
    pub async fn converge(&self, desired: &Desired) -> Result<Duration, String> {
        let start = Instant::now();
        loop {
            let Some(difference) = self.difference(desired).await else {
                return Ok(start.elapsed());
            };
            if start.elapsed() > PATIENCE {
                return Err(difference);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What is other than it shall be.
    async fn difference(&self, desired: &Desired) -> Option<String> {
        let told = self.told().await;
        let instances = desired.instances.keys();
        let wanted: BTreeMap<_, _> = instances
            .clone()
            .map(|id| (id.clone(), ("running".to_owned(), desired.revision)))
            .collect();
        if told != wanted {
            return Some(format!("the API says {told:?}, not {wanted:?}"));
        }
        let names: BTreeSet<_> = instances.map(|id| format!("skep-{id}")).collect();
        let containers = labelled("/containers/json?all=1&", &self.sensor);
        let containers: Vec<_> = containers.iter().map(described).collect();
        let wanted: Vec<_> = names
            .iter()
            .map(|name| format!("{name} running {}", desired.image))
            .collect();
        if sorted(containers.clone()) != wanted {
            return Some(format!("containers are {containers:?}, not {wanted:?}"));
        }
        let networks = labelled("/networks?", &self.sensor);
        let networks: Vec<_> = networks
            .iter()
            .map(|network| text(network, "Name"))
            .collect();
        if sorted(networks.clone()) != names.iter().cloned().collect::<Vec<_>>() {
            return Some(format!("networks are {networks:?}, not {names:?}"));
        }
        // What the engine has forgotten about might still be connected.
        let bridges = format!("master skep-{}", &self.sensor[self.sensor.len() - 4..]);
        let links = shell("bridge link");
        let links = links.lines().filter(|link| link.contains(&bridges));
        let links: Vec<_> = links.collect();
        if links.len() != names.len() {
            return Some(format!("connected are {links:?}, for {names:?}"));
        }
        let images = &images() - &self.images;
        let wanted = names.first().map(|_| desired.image.clone());
        if images != wanted.into_iter().collect() {
            return Some(format!("images are {images:?}, not {:?}", desired.image));
        }
        let tables = shell("nft list tables");
        let ours = tables.lines().filter(|table| table.contains("skep_"));
        let (count, wanted) = (ours.count(), !names.is_empty());
        if (count > 0) != wanted {
            return Some(format!("{count} tables of the firewall's: {tables}"));
        }
        self.ports.iter().find_map(|port| {
            let answer = self.outside.connect(&self.outside.here()[0], *port, &[]);
            let open = desired.instances.values().any(|desired| desired == port);
            (answer.is_some() != open).then(|| format!("port {port}: {answer:?}"))
        })
    }

    /// The instances of the service, with state and revision, as the API has them.
    async fn told(&self) -> BTreeMap<String, (String, u64)> {
        let sensor = self.client.sensor().await;
        let instances = sensor["services"].as_array().unwrap().iter();
        instances
            .filter(|instance| instance["service"] == self.service)
            .map(|instance| {
                let revision = instance["revision"].as_u64().unwrap();
                (text(instance, "id"), (text(instance, "state"), revision))
            })
            .collect()
    }
}

/// All images of the engine's, with a name or without.
pub fn images() -> BTreeSet<String> {
    let images = ask_engine("/images/json?all=1");
    let images = images.as_array().unwrap().iter();
    images.map(|image| text(image, "Id")).collect()
}

fn described(container: &Value) -> String {
    let name = container["Names"][0].as_str().unwrap();
    let (state, image) = (text(container, "State"), text(container, "ImageID"));
    format!("{} {state} {image}", name.trim_start_matches('/'))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
