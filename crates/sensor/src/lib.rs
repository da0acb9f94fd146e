//! The agent: enrols at a server, runs honeypots, keeps what they catch in a spool, and delivers it.
//!
//! A report's way: honeypot → [`collector`] → [`spool`] (fsync) → [`delivery`] → [`client`] → server. The other way
//! round: server → [`poll`] → [`runtime`] → honeypot, or → [`images`] → container. [`agent`] puts it all together.

pub mod agent;
pub mod blobs;
pub mod client;
pub mod clock;
pub mod collector;
pub mod delivery;
pub mod enrol;
mod files;
pub mod identity;
pub mod images;
mod kill_point;
pub mod options;
mod other_ports;
pub mod poll;
pub mod privileges;
mod retry;
pub mod runtime;
pub mod spool;
pub mod tls;
