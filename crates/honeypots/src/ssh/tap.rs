//! Hears what a client says first, whether or not it turns out to speak SSH.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

/// The longest first line of the protocol.
const LINE: usize = 255;

/// Passes bytes on, and tells the first line of those that are read.
pub(super) struct Tap<S> {
    inner: S,
    line: Vec<u8>,
    /// Gone once the line was told.
    tell: Option<oneshot::Sender<Vec<u8>>>,
}

impl<S> Tap<S> {
    pub(super) fn new(inner: S, tell: oneshot::Sender<Vec<u8>>) -> Self {
        Self {
            inner,
            line: vec![],
            tell: Some(tell),
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        if self.tell.is_none() {
            return;
        }
        let end = bytes.iter().position(|b| *b == b'\n');
        self.line
            .extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
        if end.is_some() || self.line.len() >= LINE {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if let Some(tell) = self.tell.take() {
            let mut line = std::mem::take(&mut self.line);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            let _ = tell.send(line);
        }
    }
}

impl<S> Drop for Tap<S> {
    /// A client that went away in the middle of its line has still said something.
    fn drop(&mut self) {
        self.tell();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        self.hear(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
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
