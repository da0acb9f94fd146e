//! A port for one more connection of a source that is connected already, as FTP's passive mode needs it.

use std::{
    fmt,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, timeout_at},
};

use crate::{
    contract::Peer,
    listen::{Limits, Place},
    stream::Stream,
};

/// How long the port waits for its connection.
const WAIT: Duration = Duration::from_mins(1);
/// How many connections may wait to be looked at: a stranger's must not keep out the source's.
const BACKLOG: u32 = 16;
/// How many ports of a range are tried.
const TRIES: u16 = 100;

/// An open port, of [`Stream::passive`]. It closes when it is dropped, and once its connection has come.
pub struct Passive {
    listener: TcpListener,
    port: u16,
    peer: Peer,
    limits: Limits,
    deadline: Instant,
    place: Place,
}

impl fmt::Debug for Passive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passive({} for {})", self.port, self.peer.source.ip())
    }
}

impl Passive {
    pub(crate) fn open(
        peer: Peer,
        ports: Option<&RangeInclusive<u16>>,
        limits: Limits,
        deadline: Instant,
        place: Place,
    ) -> io::Result<Self> {
        let listener = match ports {
            None => bind(peer.target, 0)?,
            Some(ports) => bind_one_of(peer.target, ports)?,
        };
        Ok(Self {
            port: listener.local_addr()?.port(),
            listener,
            peer,
            limits,
            deadline,
            place,
        })
    }

    /// The port's number.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the connection, a minute at most. Connections of other addresses are closed at once.
    pub async fn accept(self) -> io::Result<Stream> {
        let end = self
            .deadline
            .min(Instant::now() + self.limits.idle.min(WAIT));
        let (tcp, source) = timeout_at(end, self.connected())
            .await
            .map_err(|_| io::Error::new(ErrorKind::TimedOut, "no data connection came"))??;
        let target = tcp.local_addr()?;
        let peer = Peer { source, target };
        Ok(Stream::until(
            tcp,
            peer,
            self.limits,
            self.place,
            self.deadline,
        ))
    }

    async fn connected(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let wanted = self.peer.source.ip().to_canonical();
        loop {
            let (tcp, source) = self.listener.accept().await?;
            if source.ip().to_canonical() == wanted {
                return Ok((tcp, source));
            }
        }
    }
}

/// Takes a free port of a range, beginning anywhere in it: who knows one port must not know the next.
fn bind_one_of(target: SocketAddr, ports: &RangeInclusive<u16>) -> io::Result<TcpListener> {
    let (first, last) = (*ports.start(), *ports.end());
    let begin = fastrand::u16(first..=last);
    let mut taken = io::Error::from(ErrorKind::AddrInUse);
    for port in (begin..=last).chain(first..begin).take(TRIES.into()) {
        match bind(target, port) {
            Ok(listener) => return Ok(listener),
            Err(error) => taken = error,
        }
    }
    Err(taken)
}

fn bind(mut target: SocketAddr, port: u16) -> io::Result<TcpListener> {
    if let IpAddr::V4(address) = target.ip().to_canonical() {
        target.set_ip(address.into());
    }
    target.set_port(port);
    let socket = match target {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port of which the last connection has only just ended may be taken again.
    socket.set_reuseaddr(true)?;
    socket.bind(target)?;
    socket.listen(BACKLOG)
}
