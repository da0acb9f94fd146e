//! Routes outside the app.

pub(crate) mod api;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod problem;
pub(crate) mod registry;
pub(crate) mod sensor;
pub(crate) mod upload;
