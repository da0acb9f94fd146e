//! Newtyped identifiers: a sensor's id cannot be passed where an event's is wanted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, version 7: ids made later sort later.
            #[cfg(feature = "generate")]
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a default that differs every time would surprise")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The 16 bytes that the database keeps.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }

            /// Reads the database's bytes; `None` unless there are 16 of them.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

id!(
    /// An event, made by the sensor when the event opens.
    EventId
);
id!(
    /// A sensor, made by the server when the sensor is added.
    SensorId
);
id!(
    /// One assignment of a service to a sensor.
    InstanceId
);
id!(
    /// A group of users and sensors.
    GroupId
);
id!(
    /// A user of the console.
    UserId
);
id!(
    /// A user's session: the beginning of its secret's hash, which opens nothing.
    SessionId
);
id!(
    /// An API token.
    TokenId
);
id!(
    /// A fetch of an image from another registry.
    FetchId
);
id!(
    /// An archive that is uploaded in parts.
    ArchiveId
);
id!(
    /// One life of a sensor's spool; a spool that was lost starts a new epoch.
    Epoch
);
