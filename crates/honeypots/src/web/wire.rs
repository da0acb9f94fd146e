//! Reads requests from a connection, within bounds, and keeps every byte that may have to be recorded.

use std::{io, time::Duration};

use bytes::{Buf, BytesMut};
use skep_model::limits;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout_at},
};

use super::request::{self, Framing, Head, Problem};

/// The longest line that says a chunk's size, in bytes, and the longest trailer.
const CHUNK_LINE: usize = 4 * 1024;
/// How long a closing server goes on hearing.
const LINGER: Duration = Duration::from_secs(2);

/// A connection, and what was received over it and not used yet.
pub(super) struct Wire<S> {
    stream: S,
    received: BytesMut,
    /// How far the end of a head was looked for.
    searched: usize,
}

/// A body, as much of it as is kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// How long it was.
    pub(super) length: usize,
    /// The bytes of a chunked body as they came.
    pub(super) raw: Vec<u8>,
    /// How many they were.
    pub(super) raw_length: usize,
}

impl Body {
    fn add(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        keep(&mut self.bytes, bytes);
    }

    fn add_raw(&mut self, bytes: &[u8]) {
        self.raw_length += bytes.len();
        keep(&mut self.raw, bytes);
    }
}

pub(super) fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = limits::VALUE.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            received: BytesMut::new(),
            searched: 0,
        }
    }

    /// Waits for a request's head; `None` when the source ends before one is whole. Nothing is lost when the
    /// waiting is given up.
    pub(super) async fn head(&mut self) -> io::Result<Option<Result<Head, Problem>>> {
        loop {
            if let Some(found) = request::find(&self.received, &mut self.searched) {
                self.searched = 0;
                if let Ok(head) = &found {
                    self.received.advance(head.raw.len());
                }
                return Ok(Some(found));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Reads a body to its end. What came of it is in `body` even if there is an error.
    pub(super) async fn body(
        &mut self,
        framing: Framing,
        body: &mut Body,
    ) -> io::Result<Result<(), Problem>> {
        match framing {
            Framing::Length(length) => {
                self.take(length, body, Body::add).await?;
                Ok(Ok(()))
            }
            Framing::Chunked => self.chunks(body).await,
        }
    }

    async fn chunks(&mut self, body: &mut Body) -> io::Result<Result<(), Problem>> {
        loop {
            let size = loop {
                let found = httparse::parse_chunk_size(&self.received);
                match found {
                    Ok(httparse::Status::Complete((line, size)))
                        if line <= CHUNK_LINE && self.received[0].is_ascii_hexdigit() =>
                    {
                        self.take(line as u64, body, Body::add_raw).await?;
                        break size;
                    }
                    Ok(httparse::Status::Partial) if self.received.len() <= CHUNK_LINE => {
                        self.need().await?;
                    }
                    _ => return Ok(Err(Problem::Malformed)),
                }
            };
            if size == 0 {
                return self.trailer(body).await;
            }
            self.take(size, body, |body, bytes| {
                body.add_raw(bytes);
                body.add(bytes);
            })
            .await?;
            while self.received.len() < 2 && b"\r\n".starts_with(&self.received) {
                self.need().await?;
            }
            if !self.received.starts_with(b"\r\n") {
                return Ok(Err(Problem::Malformed));
            }
            self.take(2, body, Body::add_raw).await?;
        }
    }

    /// Reads the lines after the last chunk, up to the empty one.
    async fn trailer(&mut self, body: &mut Body) -> io::Result<Result<(), Problem>> {
        let mut room = CHUNK_LINE;
        loop {
            let line = loop {
                match memchr::memchr(b'\n', &self.received) {
                    Some(at) if at < room => break at + 1,
                    None if self.received.len() < room => self.need().await?,
                    _ => return Ok(Err(Problem::LongHead)),
                }
            };
            let last = matches!(&self.received[..line], b"\n" | b"\r\n");
            self.take(line as u64, body, Body::add_raw).await?;
            if last {
                return Ok(Ok(()));
            }
            room -= line;
        }
    }

    /// Reads so many bytes and hands them on.
    async fn take(
        &mut self,
        length: u64,
        body: &mut Body,
        add: impl Fn(&mut Body, &[u8]),
    ) -> io::Result<()> {
        let mut left = length;
        loop {
            let here = left.min(self.received.len() as u64) as usize;
            add(body, &self.received[..here]);
            self.received.advance(here);
            left -= here as u64;
            if left == 0 {
                return Ok(());
            }
            self.need().await?;
        }
    }

    /// Receives more; that there is no more is an error.
    async fn need(&mut self) -> io::Result<()> {
        if self.fill().await? {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Receives more; `false` at the stream's end.
    async fn fill(&mut self) -> io::Result<bool> {
        self.received.reserve(16 * 1024);
        Ok(self.stream.read_buf(&mut self.received).await? > 0)
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// What was received and not used.
    pub(super) fn unused(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received).into()
    }

    /// Says that nothing more will be said, and hears what is still on its way: the beginning of it, and how long
    /// it was.
    pub(super) async fn finish(&mut self) -> (Vec<u8>, usize) {
        let until = Instant::now() + LINGER;
        let _ = timeout_at(until, self.stream.shutdown()).await;
        let mut heard = self.unused();
        let mut length = heard.len();
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(Ok(read @ 1..)) = timeout_at(until, self.stream.read(&mut buffer)).await {
            length += read;
            keep(&mut heard, &buffer[..read]);
        }
        heard.truncate(limits::VALUE);
        (heard, length)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use tokio::runtime::Builder;

    use super::*;

    /// Reads heads and bodies up to the first problem, from pieces of that length.
    fn read(bytes: &[u8], piece: usize) -> Vec<(Result<Head, Problem>, Body, Vec<u8>)> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (here, there) = tokio::io::duplex(piece);
            let sent = bytes.to_vec();
            let sender = tokio::spawn(async move {
                let (_read, mut write) = tokio::io::split(there);
                let _ = write.write_all(&sent).await;
                let _ = write.shutdown().await;
            });
            let mut wire = Wire::new(here);
            let mut found = vec![];
            while let Ok(Some(head)) = wire.head().await {
                let mut body = Body::default();
                let framing = head.as_ref().map_err(|p| *p).and_then(Head::framing);
                let whole = match framing {
                    Ok(framing) => wire.body(framing, &mut body).await,
                    Err(problem) => Ok(Err(problem)),
                };
                let going_on = matches!(whole, Ok(Ok(())));
                let unused = if going_on {
                    vec![]
                } else {
                    wire.finish().await.0
                };
                found.push((head, body, unused));
                if !going_on {
                    break;
                }
            }
            sender.abort();
            found
        })
    }

    #[test]
    fn chunks_are_put_together_and_kept_as_they_came() {
        let raw = b"4;ext=1\r\nWiki\r\n05\r\npedia\r\n0\r\nTrailer: x\r\n\r\n".as_slice();
        let head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice();
        let found = read(&[head, raw, b"GET / HTTP/1.0\r\n\r\n"].concat(), 3);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].1.bytes.as_slice(), found[0].1.length),
            (b"Wikipedia".as_slice(), 9)
        );
        assert_eq!(found[0].1.raw, raw);
        for wrong in [
            "g\r\n",
            "\r\n",
            "1\r\nab\r\n",
            "1\nab",
            "11111111111111111\r\n",
        ] {
            let found = read(&[head, wrong.as_bytes()].concat(), 64);
            let raw = [found[0].1.raw.as_slice(), &found[0].2].concat();
            assert_eq!(raw, wrong.as_bytes());
        }
    }

    #[test]
    fn a_long_body_is_counted_and_its_beginning_kept() {
        let head = b"POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n".as_slice();
        let found = read(&[head, &vec![b'a'; 200_000]].concat(), 5000);
        assert_eq!(
            (found[0].1.bytes.len(), found[0].1.length),
            (limits::VALUE, 200_000)
        );
    }

    /// Bytes that often come close to requests with bodies.
    fn nearly() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("POST / HTTP/1.1\r\n".into()),
            Just("Transfer-Encoding: chunked\r\n".into()),
            Just("Content-Length: 4\r\n".into()),
            Just("\r\n".into()),
            Just("3\r\nabc\r\n".into()),
            Just("0\r\n\r\n".into()),
            Just("GET /x HTTP/1.0\r\n\r\n".into()),
            proptest::collection::vec(any::<u8>(), 0..5),
        ];
        proptest::collection::vec(piece, 0..10).prop_map(|pieces: Vec<Vec<u8>>| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_cut_changes_what_is_read(bytes in nearly(), piece in 1usize..40) {
            prop_assert_eq!(read(&bytes, piece), read(&bytes, 100_000));
        }
    }
}
