//! What sensor and server say to each other (`/sensor/v1`), and how it is signed.

pub mod catalogue;
pub mod manifest;
pub mod message;
pub mod part;
pub mod signature;
pub mod token;
