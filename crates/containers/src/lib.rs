//! Honeypots in containers: from a [`Manifest`](skep_protocol::manifest::Manifest) to a confined container, and from
//! what it says to events.
//!
//! [`Containers::converge`] makes the engine run what is wanted and nothing else of ours. Each instance has a bridge
//! network of its own with one container in it, which may answer whoever came through a published port, may reach its
//! own collector, and nothing else ([`firewall`]).

pub mod archive;
mod containers;
mod engine;
pub mod firewall;
mod forwarding;
mod intake;
mod keeper;
mod names;
mod ports;
mod ready;
mod routes;
pub mod spec;
pub mod subnet;
mod wanted;

pub use archive::Layers;
pub use containers::{Containers, Setup};
pub use engine::{Engine, EngineError};
pub use keeper::State;
pub use names::Owner;
pub use wanted::{Destination, Permissions, Publication, Wanted};
