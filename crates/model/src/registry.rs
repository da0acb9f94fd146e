//! How the registry of images is.

use serde::{Deserialize, Serialize};

use crate::event::words;

words! {
    /// Whether the registry works.
    RegistryState {
        /// It takes images and hands them out.
        Online = 0 "online",
        /// It hands images out, but the disk is too full to take any.
        Limited = 1 "limited",
        /// It cannot be opened: the server's log tells why.
        Offline = 2 "offline",
    }
}

/// The registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistryView {
    /// Whether it works.
    pub state: RegistryState,
    /// Bytes of images in it.
    pub stored: u64,
    /// Bytes that it can take still.
    pub free: u64,
}
