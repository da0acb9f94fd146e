//! The services that are part of every sensor.

use std::sync::LazyLock;

use skep_model::{event::ServiceName, sensor::Port, service::ServiceView};

/// What the honeypots say of themselves. A test of the sensor, which has both, keeps the file as they say.
static DESCRIPTIONS: LazyLock<Vec<ServiceView>> =
    LazyLock::new(|| serde_json::from_str(include_str!("catalogue.json")).unwrap_or_default());

/// Ports on which a sensor without privileges offers a service.
const UNPRIVILEGED: &[(&str, &[u16])] = &[
    (
        "catch-all",
        &[
            1080, 1433, 3306, 3389, 5060, 5432, 5900, 6379, 8081, 9200, 11211, 27017,
        ],
    ),
    ("ftp", &[2121]),
    ("http", &[8080]),
    ("https", &[8443]),
    ("smtp", &[2525]),
    ("ssh", &[2222]),
    ("telnet", &[2323]),
];

/// All built-in services, by name, with the ports that they have by themselves.
#[must_use]
pub fn built_in() -> &'static [ServiceView] {
    &DESCRIPTIONS
}

/// The built-in service of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static ServiceView> {
    built_in()
        .iter()
        .find(|service| service.name.as_str() == name)
}

/// The numbers of the ports on which a sensor without privileges offers a service.
#[must_use]
pub fn unprivileged(name: &ServiceName) -> &'static [u16] {
    UNPRIVILEGED
        .iter()
        .find(|(known, _)| *known == name.as_str())
        .map_or(&[], |(_, ports)| ports)
}

/// Ports with these numbers, in all protocols that a service speaks.
#[must_use]
pub fn ports(service: &ServiceView, numbers: &[u16]) -> Vec<Port> {
    let mut transports: Vec<_> = service.ports.iter().map(|port| port.transport).collect();
    transports.sort_unstable();
    transports.dedup();
    transports
        .into_iter()
        .flat_map(|transport| {
            numbers.iter().map(move |number| Port {
                number: *number,
                transport,
            })
        })
        .collect()
}
