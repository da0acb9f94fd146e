//! Making a hub.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, RwLock, atomic::AtomicBool},
};

use skep_model::{Timestamp, event::ServiceName};
use skep_protocol::catalogue;
use skep_registry::{Reach, S3};
use skep_store::Store;
use tokio::sync::Notify;

use crate::{
    Hub, HubError, Inner,
    backup::{self, BackupError},
    certificates::{self, Authority, CertificateError},
    images,
    ingest::Writer,
    instance_log::Questions,
    live::Live,
    passwords::Passwords,
    poll::Presences,
    rate::RequestRate,
    sensor_auth::Nonces,
    throttle::Throttle,
};

/// How the server is set.
#[derive(Debug)]
pub struct Options {
    /// The folder for everything that is kept in files.
    pub data: PathBuf,
    /// Where sensors reach the server, `https://HOST:PORT`.
    pub endpoint: String,
    /// Whether a proxy in front ends TLS with a public certificate.
    pub behind_tls_proxy: bool,
    /// On which ports a new sensor offers the built-in services.
    pub default_ports: DefaultPorts,
    /// The longest archive that is taken, in bytes.
    pub max_upload: u64,
    /// Which hosts may be asked for images.
    pub reach: Reach,
    /// Where images are kept, if not in the data folder.
    pub image_store: Option<S3>,
    /// Whether there is known to be a user; starts as false.
    pub set_up_done: AtomicBool,
}

/// Ports by service, where they differ from the catalogue's: `ssh=22,telnet=23,catch-all=21+80`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultPorts(BTreeMap<String, Vec<u16>>);

impl DefaultPorts {
    /// Every built-in service with its ports.
    pub(crate) fn all(&self) -> BTreeMap<ServiceName, Vec<u16>> {
        catalogue::built_in()
            .iter()
            .map(|service| (service.name.clone(), self.of(&service.name)))
            .collect()
    }

    /// The ports of a service.
    pub(crate) fn of(&self, service: &ServiceName) -> Vec<u16> {
        let chosen = self.0.get(service.as_str()).cloned();
        chosen.unwrap_or_else(|| catalogue::unprivileged(service).to_vec())
    }
}

impl FromStr for DefaultPorts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut ports = BTreeMap::new();
        for entry in text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let (name, list) = entry
                .split_once('=')
                .ok_or_else(|| format!("'{entry}' is not of the form service=port"))?;
            if catalogue::find(name).is_none() {
                return Err(format!("there is no built-in service '{name}'"));
            }
            let list: Result<Vec<u16>, _> = list.split('+').map(str::parse).collect();
            ports.insert(
                name.to_owned(),
                list.map_err(|_| format!("'{entry}' names something that is no port"))?,
            );
        }
        Ok(Self(ports))
    }
}

/// Why a hub could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The certificate authority.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// What an interrupted restore has left.
    #[error("an interrupted restore cannot be brought to its end: {0}")]
    Backup(#[from] BackupError),
    /// The database.
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl Hub {
    /// Makes the hub over an open database.
    pub async fn start(store: Store, options: Options) -> Result<Self, StartError> {
        backup::settle(&store, &options.data).await?;
        let authority = Authority::open(&options.data.join(certificates::FOLDER))?;
        let names: Vec<&str> = catalogue::built_in()
            .iter()
            .map(|service| service.name.as_str())
            .collect();
        store.add_services(&names).await.map_err(HubError::from)?;
        let hub = Self(Arc::new(Inner {
            writer: Writer::start(store.clone()),
            store,
            options,
            authority,
            passwords: Passwords::new(),
            throttle: Throttle::default(),
            rate: RequestRate::default(),
            nonces: Nonces::default(),
            live: Live::new(),
            presence: Presences::new(),
            logs: Questions::default(),
            settings: RwLock::default(),
            registry: std::sync::OnceLock::new(),
            parking: std::sync::OnceLock::new(),
            opening: std::sync::Mutex::default(),
            uploads: Arc::new(tokio::sync::Semaphore::new(images::UPLOADS)),
            fetches: images::Fetches::default(),
            deploying: tokio::sync::Mutex::default(),
            clearing: Notify::new(),
            started_at: Timestamp::now(),
        }));
        hub.load_settings().await?;
        Ok(hub)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_or_the_error_says_what_is_wrong() {
        let ports: DefaultPorts = "ssh=22, catch-all=21+80".parse().unwrap_or_default();
        let of = |name| catalogue::find(name).map(|service| ports.of(&service.name));
        assert_eq!(of("ssh"), Some(vec![22]));
        assert_eq!(of("catch-all"), Some(vec![21, 80]));
        assert_eq!(of("telnet"), Some(vec![2323]));
        assert!(
            "gopher=70"
                .parse::<DefaultPorts>()
                .is_err_and(|e| e.contains("gopher"))
        );
        assert!("ssh".parse::<DefaultPorts>().is_err());
        assert!("ssh=99999".parse::<DefaultPorts>().is_err());
    }
}
