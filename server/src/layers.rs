//! Layers in front of all routes.

mod etag;
mod guard;
mod origin;
mod recover;
mod sensor;

pub(crate) use etag::etag;
pub(crate) use guard::guard;
pub(crate) use recover::recover;
pub(crate) use sensor::recognise_sensor;

/// Whether a request came over the TLS listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secure(pub(crate) bool);
