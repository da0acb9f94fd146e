//! The built-in honeypots and the contract that they fulfil.
//!
//! [`built_in`] lists the kinds, [`Honeypot::configure`] makes a service of one, and [`listen::start`] runs
//! it on its ports.

pub mod catch_all;
mod content;
pub mod contract;
mod credentials;
pub mod ftp;
mod line;
pub mod listen;
pub mod passive;
pub mod record;
pub mod settings;
pub mod shell;
pub mod smtp;
pub mod ssh;
pub mod stream;
pub mod telnet;
pub mod web;

pub use contract::Honeypot;

/// Every kind of honeypot that the sensor has in it.
#[must_use]
pub fn built_in() -> &'static [&'static dyn Honeypot] {
    &[
        &ssh::Ssh,
        &telnet::Telnet,
        &web::Http,
        &web::Https,
        &ftp::Ftp,
        &smtp::Smtp,
        &catch_all::CatchAll,
    ]
}

/// The kind of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Honeypot> {
    built_in()
        .iter()
        .copied()
        .find(|honeypot| honeypot.describe().name == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Map;
    use skep_model::event::ServiceName;

    use super::*;

    #[test]
    fn every_kind_has_a_fitting_name_and_starts_with_its_defaults() {
        for honeypot in built_in() {
            let description = honeypot.describe();
            assert!(
                description.name.parse::<ServiceName>().is_ok(),
                "{}",
                description.name
            );
            assert!(find(description.name).is_some());
            honeypot.configure(&Map::new(), &[7; 32]).map(drop).unwrap();
        }
        assert!(find("gopher").is_none());
    }
}
