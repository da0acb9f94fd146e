//! Plain types and rules that browser and server share.
//!
//! Nothing here does input or output, and nothing here needs cryptography or regular expressions: all of
//! it is part of what a browser downloads.

pub mod address;
pub mod api;
pub mod console;
pub mod digest;
pub mod event;
pub mod ids;
pub mod interaction;
pub mod limits;
pub mod listen;
pub mod raw;
pub mod refusal;
pub mod registry;
pub mod replay;
pub mod sensor;
pub mod service;
pub mod system;
pub mod time;
pub mod token;
pub mod user;

pub use address::{Address, Network};
pub use digest::Digest;
pub use event::{Classification, Severity, Status, Transport};
pub use interaction::{Direction, Encounter, Interaction, InteractionKind, LoginMethod};
pub use raw::Bytes;
pub use refusal::{Complaint, Refusal};
pub use time::Timestamp;
