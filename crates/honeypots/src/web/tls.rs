//! TLS on a connection, and what a client says before it is there.

use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use rustls::{ProtocolVersion, ServerConfig, crypto::ring::default_provider, server::Acceptor};
use skep_model::{InteractionKind, limits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{
    certificate,
    wire::{Wire, keep},
};

/// The protocol that is spoken inside.
const HTTP: &[u8] = b"http/1.1";

/// The server's side of TLS.
pub(super) struct Tls {
    /// For clients that name HTTP/1.1 among the protocols that they speak.
    named: Arc<ServerConfig>,
    /// For the others, which are served all the same.
    unnamed: Arc<ServerConfig>,
}

/// What came of a handshake.
pub(super) enum Handshake<S> {
    /// A connection.
    Done(Box<TlsStream<Heard<S>>>),
    /// None, and why.
    Failed(Option<Heard<S>>, io::Error),
}

impl Tls {
    pub(super) fn new(identity: &[u8; 32], name: &str, from: SystemTime) -> Result<Self, String> {
        let (certificate, key) = certificate::make(identity, name, from)?;
        let unnamed = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .map_err(|error| error.to_string())?;
        let mut named = unnamed.clone();
        named.alpn_protocols = vec![HTTP.to_vec()];
        Ok(Self {
            named: Arc::new(named),
            unnamed: Arc::new(unnamed),
        })
    }

    /// Shakes hands; what is worth noting of the client goes into `noted`.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: Heard<S>,
        noted: &mut Vec<InteractionKind>,
    ) -> Handshake<S> {
        let mut acceptor = pin!(LazyConfigAcceptor::new(Acceptor::default(), stream));
        let start = match acceptor.as_mut().await {
            Ok(start) => start,
            Err(error) => {
                return Handshake::Failed(acceptor.take_io(), error);
            }
        };
        let hello = start.client_hello();
        if let Some(name) = hello.server_name() {
            noted.push(attribute("server_name", name.as_bytes().to_vec()));
        }
        let protocols: Vec<&[u8]> = hello.alpn().into_iter().flatten().collect();
        if !protocols.is_empty() {
            noted.push(attribute("alpn", protocols.join(b", ".as_slice())));
        }
        let config = if protocols.contains(&HTTP) {
            &self.named
        } else {
            &self.unnamed
        };
        match start.into_stream(Arc::clone(config)).into_fallible().await {
            Ok(mut stream) => {
                stream.get_mut().0.forget();
                let version = stream.get_ref().1.protocol_version();
                noted.extend(version.map(|v| attribute("tls_version", version_text(v))));
                Handshake::Done(Box::new(stream))
            }
            Err((error, stream)) => Handshake::Failed(Some(stream), error),
        }
    }
}

fn attribute(name: &str, value: Vec<u8>) -> InteractionKind {
    InteractionKind::Attribute {
        name: name.to_owned(),
        value: value.into(),
    }
}

fn version_text(version: ProtocolVersion) -> Vec<u8> {
    match version {
        ProtocolVersion::TLSv1_2 => b"1.2".to_vec(),
        ProtocolVersion::TLSv1_3 => b"1.3".to_vec(),
        other => format!("{other:?}").into_bytes(),
    }
}

/// A stream whose first bytes are kept, for the case that they turn out not to be TLS.
pub(super) struct Heard<S> {
    inner: S,
    bytes: Vec<u8>,
    /// How many of the kept bytes were read.
    read: usize,
    keeping: bool,
}

impl<S: AsyncRead + Unpin> Heard<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            bytes: vec![],
            read: 0,
            keeping: true,
        }
    }

    /// The first byte, which stays to be read; `None` if there is none.
    pub(super) async fn first(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let length = self.inner.read(&mut byte).await?;
        self.bytes.extend_from_slice(&byte[..length]);
        Ok(self.bytes.first().copied())
    }

    /// Stops keeping bytes.
    fn forget(&mut self) {
        self.keeping = false;
        self.bytes = vec![];
        self.read = 0;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Heard<S> {
    /// The beginning of all that was heard and is still on its way, and how long that is. A handshake fails at the
    /// first byte that is wrong, however much has come behind it.
    pub(super) async fn finish(self) -> (Vec<u8>, usize) {
        let (rest, length) = Wire::new(self.inner).finish().await;
        let length = self.bytes.len() + length;
        let mut heard = self.bytes;
        keep(&mut heard, &rest);
        (heard, length)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read < this.bytes.len() {
            let end = this.bytes.len().min(this.read + buffer.remaining());
            buffer.put_slice(&this.bytes[this.read..end]);
            this.read = end;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        if this.keeping {
            let read = &buffer.filled()[before..];
            let room = limits::VALUE.saturating_sub(this.bytes.len());
            this.bytes.extend_from_slice(&read[..read.len().min(room)]);
            this.read = this.bytes.len();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
