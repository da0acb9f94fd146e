//! ZeroMQ's wire protocol (ZMTP 3.0, mechanism NULL), as much of it as a REP socket needs.
//!
//! The library for it does not say who sent a message, and makes room for as much as a frame claims to have. Here the
//! sender is a container that an attacker may have taken over.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest message that is kept, in bytes.
pub(super) const MESSAGE: usize = 4 * 1024 * 1024;

/// The longest frame that is read to its end, to be able to answer.
const FRAME: u64 = 64 * 1024 * 1024;

/// The most frames of one message.
const FRAMES: usize = 16;

const GREETING: usize = 64;
const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// The message's last frame.
    Body(Vec<u8>),
    /// More than is kept.
    TooLong,
}

fn broken(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// Greets, and sees that the other side is one that asks.
pub(super) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut greeting = [0; GREETING];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).await?;
    let mut theirs = [0; GREETING];
    stream.read_exact(&mut theirs).await?;
    if theirs[0] != 0xff || theirs[9] & 1 != 1 || theirs[10] < 3 {
        return Err(broken("no greeting of ZeroMQ 4 or later"));
    }
    if &theirs[12..17] != b"NULL\0" {
        return Err(broken("another mechanism than NULL"));
    }
    let ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03REP";
    stream.write_all(&[COMMAND, ready.len() as u8]).await?;
    stream.write_all(ready).await?;
    let (flags, length) = header(stream).await?;
    let ready = body(stream, length)
        .await?
        .ok_or_else(|| broken("a long command"))?;
    let asks = [&b"REQ"[..], b"DEALER"]
        .iter()
        .any(|kind| ready.windows(kind.len()).any(|window| window == *kind));
    if flags & COMMAND == 0 || !ready.starts_with(b"\x05READY") || !asks {
        return Err(broken("no socket that asks"));
    }
    Ok(())
}

/// The next message.
pub(super) async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Message> {
    let mut last = Some(Vec::new());
    let mut frames = 0;
    loop {
        let (flags, length) = header(stream).await?;
        let content = body(stream, length).await?;
        if flags & COMMAND != 0 {
            continue;
        }
        frames += 1;
        if frames > FRAMES {
            return Err(broken("a message of too many frames"));
        }
        last = last.and(content);
        if flags & MORE == 0 {
            return Ok(last.map_or(Message::TooLong, Message::Body));
        }
    }
}

/// Answers a question: an empty frame, then this one.
pub(super) async fn reply<S: AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) -> io::Result<()> {
    let length = u8::try_from(answer.len()).map_err(|_| broken("a long answer"))?;
    let mut frames = vec![MORE, 0, 0, length];
    frames.extend_from_slice(answer);
    stream.write_all(&frames).await?;
    stream.flush().await
}

async fn header<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<(u8, u64)> {
    let flags = stream.read_u8().await?;
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(broken("a frame with unknown flags"));
    }
    let length = if flags & LONG == 0 {
        stream.read_u8().await?.into()
    } else {
        stream.read_u64().await?
    };
    Ok((flags, length))
}

/// A frame's content, or none if it is longer than what is kept. Room is made for what came, not for what is claimed.
async fn body<S: AsyncRead + Unpin>(stream: &mut S, length: u64) -> io::Result<Option<Vec<u8>>> {
    if length > FRAME {
        return Err(broken("a frame of impossible length"));
    }
    let mut frame = stream.take(length);
    if length > MESSAGE as u64 {
        let read = tokio::io::copy(&mut frame, &mut tokio::io::sink()).await?;
        return if read == length {
            Ok(None)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        };
    }
    let mut content = Vec::new();
    frame.read_to_end(&mut content).await?;
    if content.len() as u64 == length {
        Ok(Some(content))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn only_the_last_frame_of_a_bounded_message_is_kept() {
        let mut question = &b"\x01\x00\x00\x02{}"[..];
        assert_eq!(
            receive(&mut question).await.unwrap(),
            Message::Body(b"{}".to_vec())
        );
        let mut long = vec![1, 0, 2];
        long.extend_from_slice(&(MESSAGE as u64 + 1).to_be_bytes());
        long.resize(long.len() + MESSAGE + 1, b'x');
        long.extend_from_slice(b"\x01\x00\x00\x02{}");
        let mut stream = &long[..];
        assert_eq!(receive(&mut stream).await.unwrap(), Message::TooLong);
        assert_eq!(
            receive(&mut stream).await.unwrap(),
            Message::Body(b"{}".to_vec())
        );
        let mut claim = &b"\x02\xff\xff\xff\xff\xff\xff\xff\xff"[..];
        assert!(receive(&mut claim).await.is_err());
        let many = [1, 0].repeat(FRAMES + 1);
        assert!(receive(&mut &many[..]).await.is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_ends(bytes: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut stream = &bytes[..];
                while receive(&mut stream).await.is_ok() {}
            });
        }
    }
}
