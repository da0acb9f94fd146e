//! The services that are part of every sensor.

/// A built-in service, as the server knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// The name.
    pub name: &'static str,
    /// Its revision.
    pub revision: u32,
    /// Ports on which a sensor without privileges offers it.
    pub ports: &'static [u16],
    /// Whether it takes UDP as well as TCP.
    pub udp: bool,
}

/// All built-in services, by name.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: "catch-all",
        revision: 1,
        ports: &[
            1080, 1433, 3306, 3389, 5060, 5432, 5900, 6379, 8081, 9200, 11211, 27017,
        ],
        udp: true,
    },
    BuiltIn {
        name: "ftp",
        revision: 1,
        ports: &[2121],
        udp: false,
    },
    BuiltIn {
        name: "http",
        revision: 1,
        ports: &[8080],
        udp: false,
    },
    BuiltIn {
        name: "https",
        revision: 1,
        ports: &[8443],
        udp: false,
    },
    BuiltIn {
        name: "smtp",
        revision: 1,
        ports: &[2525],
        udp: false,
    },
    BuiltIn {
        name: "ssh",
        revision: 1,
        ports: &[2222],
        udp: false,
    },
    BuiltIn {
        name: "telnet",
        revision: 1,
        ports: &[2323],
        udp: false,
    },
];
