//! Measures the server from outside, and makes the load for it.

pub mod attacks;
mod database;
mod direct;
pub mod ingest;
pub mod roll_out;
mod rows;
pub mod sensor;
mod server;
mod set_up;

/// A measurement ends on the first error, and its words are all that is needed of it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
