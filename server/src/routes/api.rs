//! The REST API, version 1.

pub(crate) mod events;
mod query;
pub(crate) mod sensors;
mod shapes;
