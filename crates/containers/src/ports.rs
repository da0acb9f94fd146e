//! Ports of the host that lead into containers are held, so that no other program opens them.

use std::{io, net::IpAddr};

use skep_protocol::manifest::Protocol;
use tokio::net::{TcpListener, UdpSocket};

use crate::Publication;

/// A port of the host that nobody else can open. Nothing gets to it: the firewall leads it elsewhere before.
#[allow(dead_code, reason = "to be held is its use")]
pub(crate) enum Reserved {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// Takes the ports for as long as the answer is held, or says who else has one.
pub(crate) async fn reserve(publications: &[Publication]) -> Result<Vec<Reserved>, String> {
    let mut reserved = Vec::new();
    for publication in publications {
        // On Linux `::` is both families.
        reserved.extend(bind(publication.address, publication).await?);
    }
    Ok(reserved)
}

async fn bind(address: IpAddr, publication: &Publication) -> Result<Option<Reserved>, String> {
    let socket = (address, publication.published);
    let bound = match publication.protocol {
        Protocol::Tcp => TcpListener::bind(socket).await.map(Reserved::Tcp),
        Protocol::Udp => UdpSocket::bind(socket).await.map(Reserved::Udp),
    };
    match bound {
        Ok(reserved) => Ok(Some(reserved)),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse => Err(format!(
                "port {publication} is taken by another program on this machine"
            )),
            io::ErrorKind::AddrNotAvailable => {
                Err(format!("{address} is not an address of this machine"))
            }
            // A port that may not be opened need not be: it is led elsewhere.
            _ => Ok(None),
        },
    }
}
