//! An upload on its way from the network to a reader that blocks.

use std::{
    io::{self, Read},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;

/// How long a sender may say nothing.
const SILENCE: Duration = Duration::from_mins(1);

/// Why an upload did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It is longer than may be.
    TooLarge,
    /// The sender stopped in the middle.
    Interrupted,
}

/// What has come, in order. It ends with an error when the upload broke.
#[derive(Debug)]
pub(super) struct Incoming {
    pieces: mpsc::Receiver<Result<Bytes, Broken>>,
    piece: Bytes,
}

/// The two ends of an upload.
pub(super) fn channel() -> (mpsc::Sender<Result<Bytes, Broken>>, Incoming) {
    let (sender, pieces) = mpsc::channel(8);
    let piece = Bytes::new();
    (sender, Incoming { pieces, piece })
}

/// Passes on what comes, at most `limit` bytes. When nobody reads any more, the rest is thrown away, so that the sender
/// hears why.
pub(super) async fn pass_on<E>(
    mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
    limit: u64,
    to: mpsc::Sender<Result<Bytes, Broken>>,
) -> Result<(), Broken> {
    let mut length = 0_u64;
    loop {
        let piece = match tokio::time::timeout(SILENCE, content.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(Ok(piece))) => {
                length = length.saturating_add(piece.len() as u64);
                if length > limit {
                    Err(Broken::TooLarge)
                } else {
                    Ok(piece)
                }
            }
            Ok(Some(Err(_))) | Err(_) => Err(Broken::Interrupted),
        };
        let broken = piece.as_ref().err().copied();
        let _ = to.send(piece).await;
        if let Some(broken) = broken {
            return Err(broken);
        }
    }
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(_)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = into.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}
