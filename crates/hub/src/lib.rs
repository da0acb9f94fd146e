//! What the server does. Every function takes an [`Actor`] and checks there what it may, so that pages, the REST
//! API and the compatible APIs cannot differ.

mod accounts;
mod actor;
pub mod backup;
mod certificates;
mod dashboard;
mod data_folder;
mod enrolment;
mod error;
mod events;
mod groups;
mod images;
mod ingest;
mod instance_log;
mod jobs;
mod kill_point;
mod live;
mod passwords;
mod poll;
mod profile;
mod quarantine;
mod rate;
mod registry_access;
mod replay;
mod secrets;
mod sensor_auth;
mod sensor_history;
mod sensors;
mod services;
mod start;
mod system;
mod throttle;
mod tokens;
mod users;

use std::sync::{Arc, Mutex, OnceLock, RwLock};

pub use accounts::NewSession;
pub use actor::{Actor, Client};
pub use certificates::{Authority, Certificate, CertificateError, Leaf};
pub use data_folder::{DataFolder, Locked};
pub use error::HubError;
pub use images::SERVICES;
pub use live::{Subscription, Told};
pub use registry_access::RegistryAccess;
pub use sensor_auth::{NotRecognised, SignedRequest};
pub use skep_registry::{Bucket, ListedHost, Reach, S3};
pub use skep_store::{Location, Store, StoreError};
pub use start::{DefaultPorts, Options, StartError};

/// The server's one object: cheap to clone, shared by all requests.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) options: Options,
    pub(crate) authority: Authority,
    pub(crate) passwords: passwords::Passwords,
    pub(crate) throttle: throttle::Throttle,
    pub(crate) rate: rate::RequestRate,
    pub(crate) nonces: sensor_auth::Nonces,
    pub(crate) live: live::Live,
    pub(crate) presence: poll::Presences,
    /// The logs of instances that somebody waits for.
    pub(crate) logs: instance_log::Questions,
    pub(crate) writer: ingest::Writer,
    pub(crate) settings: RwLock<Arc<skep_model::system::Settings>>,
    /// The images of services; nothing before it is first needed.
    pub(crate) registry: OnceLock<Arc<skep_registry::Storage>>,
    /// Archives that come in parts; nothing before it is first needed.
    pub(crate) parking: OnceLock<skep_registry::Parking>,
    /// Held while the registry is opened.
    pub(crate) opening: Mutex<()>,
    /// How many more archives may be read at a time.
    pub(crate) uploads: Arc<tokio::sync::Semaphore>,
    /// Images on their way from other registries.
    pub(crate) fetches: images::Fetches,
    /// Held while it is being changed what sensors run.
    pub(crate) deploying: tokio::sync::Mutex<()>,
    /// Woken when something was removed whose events are to be cleared up.
    pub(crate) clearing: tokio::sync::Notify,
    pub(crate) started_at: skep_model::Timestamp,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hub")
    }
}

impl Hub {
    /// The database, for health checks and shutting down.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The server's certificate authority.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }
}
