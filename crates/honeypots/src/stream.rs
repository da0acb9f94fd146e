//! A TCP connection that ends by itself when its bounds are reached.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    io::{self, ErrorKind},
    ops::RangeInclusive,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::oneshot,
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    contract::Peer,
    listen::{Limits, Place},
    passive::Passive,
};

/// A connection to one source. Reads and writes fail once it was silent or open for too long, or sent too much.
pub struct Stream {
    wire: Pin<Box<dyn Wire>>,
    peer: Peer,
    limits: Limits,
    received: u64,
    heard: Instant,
    silence: Pin<Box<Sleep>>,
    deadline: Pin<Box<Sleep>>,
    tether: Option<oneshot::Receiver<Infallible>>,
    place: Place,
}

/// What bytes come and go over: TCP, or something else in its place.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Wire for T {}

/// The bound that ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Silence(Duration),
    Duration(Duration),
    Bytes(u64),
    Stopped,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence(span) => write!(f, "silent for {} s", span.as_secs()),
            Self::Duration(span) => write!(f, "open for {} s", span.as_secs()),
            Self::Bytes(bytes) => write!(f, "more than {bytes} bytes received"),
            Self::Stopped => f.write_str("the honeypot was stopped"),
        }
    }
}

impl std::error::Error for Bound {}

impl From<Bound> for io::Error {
    fn from(bound: Bound) -> Self {
        Self::new(ErrorKind::TimedOut, bound)
    }
}

impl Stream {
    /// A bounded connection, which gives its place back when it is dropped.
    pub(crate) fn new(tcp: TcpStream, peer: Peer, limits: Limits, place: Place) -> Self {
        Self::until(tcp, peer, limits, place, Instant::now() + limits.session)
    }

    /// A bounded connection that ends at a given time at the latest.
    pub(crate) fn until(
        tcp: TcpStream,
        peer: Peer,
        limits: Limits,
        place: Place,
        deadline: Instant,
    ) -> Self {
        // Keystrokes and their echo are small, and the attacker waits for each.
        let _ = tcp.set_nodelay(true);
        Self::over(tcp, peer, limits, place, deadline)
    }

    /// The same over another wire.
    pub(crate) fn over(
        wire: impl Wire + 'static,
        peer: Peer,
        limits: Limits,
        place: Place,
        deadline: Instant,
    ) -> Self {
        let now = Instant::now();
        Self {
            wire: Box::pin(wire),
            peer,
            limits,
            received: 0,
            heard: now,
            silence: Box::pin(sleep_until(now + limits.idle)),
            deadline: Box::pin(sleep_until(deadline)),
            tether: None,
            place,
        }
    }

    /// Ties the connection to the life of what is returned: once that is dropped, reads and writes fail. For a
    /// connection that is handed to a task of somebody else's.
    #[must_use]
    pub fn tether(&mut self) -> oneshot::Sender<Infallible> {
        let (tether, end) = oneshot::channel();
        self.tether = Some(end);
        tether
    }

    /// Opens a port on the address that was called, for one more connection of the same source: what FTP calls
    /// passive mode. `ports` says which ports may be taken; any free one when it is `None`.
    ///
    /// The new connection counts as one of the source's, has bounds of its own, and ends with this one's time.
    pub fn passive(&self, ports: Option<&RangeInclusive<u16>>) -> io::Result<Passive> {
        let place = self.place.another().ok_or_else(|| {
            io::Error::new(
                ErrorKind::QuotaExceeded,
                "too many connections of the source",
            )
        })?;
        Passive::open(
            self.peer,
            ports,
            self.limits,
            self.deadline.deadline(),
            place,
        )
    }

    /// Takes into account what was heard over another connection of the same source: while a file comes over
    /// that one, the source is not silent.
    pub fn heard_over(&mut self, other: &Self) {
        self.heard = self.heard.max(other.heard);
    }

    /// Ready with an error when a bound is reached.
    fn poll_bounds(&mut self, context: &mut Context<'_>) -> Poll<Bound> {
        if let Some(tether) = &mut self.tether
            && Pin::new(tether).poll(context).is_ready()
        {
            return Poll::Ready(Bound::Stopped);
        }
        if self.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Bound::Duration(self.limits.session));
        }
        // The timer is only set anew when it fires, not with every byte that is heard.
        while self.silence.as_mut().poll(context).is_ready() {
            let until = self.heard + self.limits.idle;
            if until <= Instant::now() {
                return Poll::Ready(Bound::Silence(self.limits.idle));
            }
            self.silence.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(bound) = this.poll_bounds(context) {
            return Poll::Ready(Err(bound.into()));
        }
        if this.received >= this.limits.bytes {
            return Poll::Ready(Err(Bound::Bytes(this.limits.bytes).into()));
        }
        let before = buffer.filled().len();
        ready!(this.wire.as_mut().poll_read(context, buffer))?;
        this.received += (buffer.filled().len() - before) as u64;
        this.heard = Instant::now();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(bound) = self.poll_bounds(context) {
            return Poll::Ready(Err(bound.into()));
        }
        self.wire.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.as_mut().poll_shutdown(context)
    }
}

/// Why a connection ended, in words, from the last error that it gave; `None` is its orderly end.
#[must_use]
pub fn reason(error: Option<&io::Error>) -> String {
    match error {
        None => "closed by the source".to_owned(),
        Some(error) => match error.kind() {
            ErrorKind::UnexpectedEof => "closed by the source".to_owned(),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected => "reset by the source".to_owned(),
            _ => error.to_string(),
        },
    }
}
