//! Ports of the host that lead into containers are held, so that no other program opens them.

use std::io;

use skep_honeypots::listen::{Socket, no_interface};
use skep_model::sensor::Port;

use crate::Publication;

/// Takes the ports for as long as the answer is held, or says who else has one. Nothing gets to these sockets: the
/// firewall leads it elsewhere before.
pub(crate) async fn reserve(publications: &[Publication]) -> Result<Vec<Socket>, String> {
    let mut reserved = Vec::new();
    for publication in publications {
        reserved.extend(bind(publication).await?);
    }
    Ok(reserved)
}

async fn bind(publication: &Publication) -> Result<Option<Socket>, String> {
    let port = Port {
        number: publication.published,
        transport: publication.protocol.into(),
    };
    let listen = &publication.listen;
    match Socket::bind(listen, port).await {
        Ok(reserved) => Ok(Some(reserved)),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse => Err(format!(
                "port {publication} is taken by another program on this machine"
            )),
            io::ErrorKind::AddrNotAvailable => {
                Err(format!("{listen} is not an address of this machine"))
            }
            _ if no_interface(&error) => Err(format!("this machine has no interface {listen}")),
            // A port that may not be opened need not be: it is led elsewhere.
            _ => Ok(None),
        },
    }
}
