//! Ports, as people write them.

use std::collections::BTreeSet;

use skep_model::{Transport, sensor::Port, service::ServiceView};

/// The protocols that a service speaks, or the revision of it that is pinned.
pub fn spoken(service: &ServiceView, pinned: Option<u32>) -> BTreeSet<Transport> {
    let revision = pinned.and_then(|number| service.revision(number));
    let ports = revision.map_or(&service.ports, |revision| &revision.ports);
    ports.iter().map(|port| port.transport).collect()
}

/// Ports as people write them: a number alone stands for every protocol that the service speaks.
pub fn spelled(ports: &[Port], spoken: &BTreeSet<Transport>) -> String {
    let mut words: Vec<String> = vec![];
    for port in ports {
        let whole = spoken.iter().all(|transport| {
            ports
                .iter()
                .any(|other| other.number == port.number && other.transport == *transport)
        });
        let word = if whole {
            port.number.to_string()
        } else {
            format!("{}/{}", port.number, port.transport)
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// Reads what [`spelled`] writes.
pub fn ports(text: &str, spoken: &BTreeSet<Transport>) -> Option<Vec<Port>> {
    let mut ports: Vec<Port> = vec![];
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        let (number, transport) = match word.split_once('/') {
            Some((number, transport)) => (number, Some(transport.parse::<Transport>().ok()?)),
            None => (word, None),
        };
        let number: u16 = number.parse().ok().filter(|number| *number > 0)?;
        let wanted: Vec<Transport> = match transport {
            Some(transport) => vec![transport],
            None => spoken.iter().copied().collect(),
        };
        for transport in wanted {
            let port = Port { number, transport };
            if !spoken.contains(&transport) || ports.contains(&port) {
                return None;
            }
            ports.push(port);
        }
    }
    // A service that only watches the network has none.
    (ports.is_empty() == spoken.is_empty()).then_some(ports)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ports_read_as_they_are_written() {
        let both = BTreeSet::from([Transport::Tcp, Transport::Udp]);
        let tcp = BTreeSet::from([Transport::Tcp]);
        for (spoken, written, spelled_as) in [
            (&tcp, "22", "22"),
            (&tcp, "22,2222 80/tcp", "22, 2222, 80"),
            (&both, "53", "53"),
            (&both, "53 80/udp", "53, 80/udp"),
            (&both, "53/tcp 53/udp", "53"),
        ] {
            let read = ports(written, spoken).unwrap();
            assert_eq!(spelled(&read, spoken), spelled_as);
            assert_eq!(ports(spelled_as, spoken).unwrap().len(), read.len());
        }
        for wrong in ["", "0", "70000", "x", "22/udp", "22 22", "22/icmp", "-1"] {
            assert_eq!(ports(wrong, &tcp), None, "{wrong}");
        }
    }
}
