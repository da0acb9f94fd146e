//! Sockets that take what comes to any port, once the rules of the machine's firewall lead it to them (`tproxy`).
//!
//! Nothing is translated on the way: a connection still has the address and the port that were called, and a datagram
//! has them as an ancillary message.

use std::{
    io::{self, ErrorKind, IoSliceMut},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::{AsFd, AsRawFd},
};

use nix::{
    cmsg_space,
    errno::Errno,
    sys::socket::{
        AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrIn, SockaddrIn6,
        SockaddrStorage, bind, recvmsg, setsockopt, sockaddr_in6, socket, sockopt,
    },
};
use skep_model::{
    Transport,
    listen::{InterfaceName, Listen},
};
use tokio::{
    io::Interest,
    net::{TcpListener, TcpSocket, UdpSocket},
};

use super::socket::keep_to;
use crate::contract::Peer;

/// How many connections may wait to be accepted: a scan comes in thick.
const BACKLOG: u32 = 1024;

/// One socket for each protocol and each kind of address, on ports that the system chose.
#[derive(Debug)]
pub struct Transparent {
    pub(super) listeners: Vec<(TcpListener, SocketAddr)>,
    pub(super) receivers: Vec<(UdpSocket, SocketAddr)>,
}

impl Transparent {
    /// Opens the sockets. An unspecified address stands for all addresses, of both kinds. The process must be allowed to
    /// administer the network.
    pub fn open(place: &Listen) -> io::Result<Self> {
        let any = || vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let (addresses, interface): (Vec<IpAddr>, _) = match place {
            Listen::Address(address) if !address.is_unspecified() => (vec![*address], None),
            Listen::Address(_) => (any(), None),
            Listen::Interface(name) => (any(), Some(name)),
        };
        let mut sockets = Self {
            listeners: vec![],
            receivers: vec![],
        };
        for address in addresses {
            match sockets.add((address, 0).into(), interface) {
                // A machine without IPv6.
                Err(error)
                    if address == Ipv6Addr::UNSPECIFIED
                        && error.raw_os_error() == Some(Errno::EAFNOSUPPORT as i32) => {}
                added => added?,
            }
        }
        Ok(sockets)
    }

    fn add(&mut self, address: SocketAddr, interface: Option<&InterfaceName>) -> io::Result<()> {
        let listener = listener(address, interface)?;
        let local = listener.local_addr()?;
        self.listeners.push((listener, local));
        let receiver = receiver(address, interface)?;
        let local = receiver.local_addr()?;
        self.receivers.push((receiver, local));
        Ok(())
    }

    /// Where packets have to be led to.
    pub fn addresses(&self) -> impl Iterator<Item = (Transport, SocketAddr)> {
        let tcp = self.listeners.iter().map(|(_, at)| (Transport::Tcp, *at));
        let udp = self.receivers.iter().map(|(_, at)| (Transport::Udp, *at));
        tcp.chain(udp)
    }
}

fn listener(address: SocketAddr, interface: Option<&InterfaceName>) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    make_transparent(&socket, address, interface)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn receiver(address: SocketAddr, interface: Option<&InterfaceName>) -> io::Result<UdpSocket> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(family, SockType::Datagram, flags, None)?;
    make_transparent(&socket, address, interface)?;
    match address {
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4OrigDstAddr, &true)?,
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6OrigDstAddr, &true)?,
    }
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    UdpSocket::from_std(socket.into())
}

/// Without this mark nothing is led to a socket: whoever gets its port later gets none of its visitors. Its own port is
/// open to the same interface only.
fn make_transparent(
    socket: &impl AsFd,
    address: SocketAddr,
    interface: Option<&InterfaceName>,
) -> io::Result<()> {
    if let Some(name) = interface {
        keep_to(socket, name)?;
    }
    setsockopt(socket, sockopt::IpTransparent, &true)?;
    if address.is_ipv6() {
        setsockopt(socket, sockopt::Ipv6V6Only, &true)?;
    }
    Ok(())
}

/// Takes one datagram, and says which address and port were called.
pub(super) async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Peer)> {
    let receive = || {
        let mut pieces = [IoSliceMut::new(buffer)];
        let mut control = cmsg_space!(sockaddr_in6);
        let received = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut pieces,
            Some(&mut control),
            MsgFlags::empty(),
        )?;
        let source = received.address.as_ref().and_then(address);
        let target = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4OrigDstAddr(to) => Some(SockaddrIn::from(to).into()),
            ControlMessageOwned::Ipv6OrigDstAddr(to) => Some(SockaddrIn6::from(to).into()),
            _ => None,
        });
        let (Some(source), Some(target)) = (source, target) else {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "a datagram without its addresses",
            ));
        };
        Ok((received.bytes, Peer { source, target }))
    };
    socket.async_io(Interest::READABLE, receive).await
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|it| SocketAddr::from(*it));
    v4.or_else(|| storage.as_sockaddr_in6().map(|it| SocketAddr::from(*it)))
}
