//! Sockets at an address, or at an interface.

use std::{
    ffi::OsString,
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use nix::{
    errno::Errno,
    net::if_::if_nametoindex,
    sys::socket::{
        AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt,
        socket, sockopt,
    },
};
use skep_model::{
    Transport,
    listen::{InterfaceName, Listen},
    sensor::Port,
};
use tokio::net::{TcpListener, UdpSocket};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// An open port.
#[derive(Debug)]
pub enum Socket {
    /// Of TCP.
    Tcp(TcpListener),
    /// Of UDP.
    Udp(UdpSocket),
}

impl Socket {
    /// Opens a port. At an interface it is open for both kinds of addresses.
    pub async fn bind(place: &Listen, port: Port) -> io::Result<Self> {
        let number = port.number;
        match (place, port.transport) {
            (Listen::Address(address), Transport::Tcp) => {
                Ok(Self::Tcp(TcpListener::bind((*address, number)).await?))
            }
            (Listen::Address(address), Transport::Udp) => {
                Ok(Self::Udp(UdpSocket::bind((*address, number)).await?))
            }
            (Listen::Interface(name), Transport::Tcp) => {
                let socket = at_interface(name, SockType::Stream, number)?;
                listen(&socket, Backlog::new(BACKLOG)?)?;
                Ok(Self::Tcp(TcpListener::from_std(socket.into())?))
            }
            (Listen::Interface(name), Transport::Udp) => {
                let socket = at_interface(name, SockType::Datagram, number)?;
                Ok(Self::Udp(UdpSocket::from_std(socket.into())?))
            }
            (_, Transport::Other) => Err(io::Error::new(
                ErrorKind::Unsupported,
                "only TCP and UDP have ports",
            )),
        }
    }

    /// Where it is.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
        }
    }
}

/// An interface. What takes its name later is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interface(u32);

impl Interface {
    /// The one that has this name now, if there is one.
    pub(super) fn named(name: &InterfaceName) -> Option<Self> {
        if_nametoindex(name.as_str()).ok().map(Self)
    }
}

/// Whether an interface was named that is not there.
#[must_use]
pub fn no_interface(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::ENODEV as i32)
}

/// Lets a socket hear only what comes in by an interface.
pub(super) fn keep_to(socket: &impl AsFd, name: &InterfaceName) -> io::Result<()> {
    setsockopt(
        socket,
        sockopt::BindToDevice,
        &OsString::from(name.as_str()),
    )?;
    Ok(())
}

fn at_interface(name: &InterfaceName, kind: SockType, port: u16) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let (socket, any) = match socket(AddressFamily::Inet6, kind, flags, None) {
        Ok(socket) => {
            setsockopt(&socket, sockopt::Ipv6V6Only, &false)?;
            (socket, Ipv6Addr::UNSPECIFIED.into())
        }
        // A machine without IPv6.
        Err(Errno::EAFNOSUPPORT) => {
            let socket = socket(AddressFamily::Inet, kind, flags, None)?;
            (socket, Ipv4Addr::UNSPECIFIED.into())
        }
        Err(error) => return Err(error.into()),
    };
    if kind == SockType::Stream {
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    }
    // Before it has a port: that may be somebody's at another interface.
    keep_to(&socket, name)?;
    let address = SocketAddr::new(any, port);
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(socket)
}
