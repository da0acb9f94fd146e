//! The server: HTTP routes outside the app, wiring, command line.

pub mod backup;
pub mod command;
mod document;
mod layers;
pub mod log;
pub mod options;
pub mod router;
mod routes;
pub mod serve;
