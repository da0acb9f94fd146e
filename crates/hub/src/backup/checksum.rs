//! The SHA-256 at the end of a backup, over all bytes before it.
//!
//! It stands in a skippable frame (RFC 8878, 3.1.2), so that zstd's own tools still read the file.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// The magic number of a skippable frame, and the length of what is in it.
const HEAD: [u8; 8] = [0x5B, 0x2A, 0x4D, 0x18, 32, 0, 0, 0];
const FRAME: usize = HEAD.len() + 32;
/// How much is read at once.
const STEP: usize = 64 * 1024;

fn frame(hash: Sha256) -> [u8; FRAME] {
    let mut frame = [0; FRAME];
    frame[..HEAD.len()].copy_from_slice(&HEAD);
    frame[HEAD.len()..].copy_from_slice(&hash.finalize());
    frame
}

/// Passes bytes on, and their checksum after them.
#[derive(Debug)]
pub(super) struct Summing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Summing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
        }
    }

    /// Writes the checksum.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&frame(self.hash))?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Passes on what stands before the checksum. The end is told only if the checksum is right.
#[derive(Debug)]
pub(super) struct Checking<R> {
    inner: R,
    hash: Sha256,
    /// What was read and not passed on: always the last bytes, which may be the checksum.
    held: Vec<u8>,
    /// How much of it was passed on.
    passed: usize,
    ended: bool,
}

impl<R: Read> Checking<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            held: vec![],
            passed: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.held.drain(..self.passed);
        self.passed = 0;
        let kept = self.held.len();
        self.held.resize(kept + STEP, 0);
        let read = self.inner.read(&mut self.held[kept..]);
        self.held
            .truncate(kept + read.as_ref().map_or(0, |read| *read));
        self.ended = read? == 0;
        Ok(())
    }
}

impl<R: Read> Read for Checking<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.held.len() - self.passed <= FRAME && !self.ended {
            match self.refill() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => other?,
            }
        }
        let ready = &self.held[self.passed..];
        if ready.len() <= FRAME {
            return if ready == frame(self.hash.clone()) {
                Ok(0)
            } else {
                Err(io::Error::other("its checksum is wrong"))
            };
        }
        let length = out.len().min(ready.len() - FRAME);
        out[..length].copy_from_slice(&ready[..length]);
        self.hash.update(&ready[..length]);
        self.passed += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn summed(content: &[u8]) -> Vec<u8> {
        let mut writer = Summing::new(vec![]);
        writer.write_all(content).unwrap_or_default();
        writer.finish().unwrap_or_default()
    }

    fn checked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = vec![];
        Checking::new(bytes).read_to_end(&mut content)?;
        Ok(content)
    }

    proptest! {
        #[test]
        fn what_is_whole_comes_back_and_nothing_else_does(
            content in proptest::collection::vec(any::<u8>(), 0..200_000),
            place in any::<prop::sample::Index>(),
            bit in 0..8_u32,
        ) {
            let whole = summed(&content);
            prop_assert_eq!(checked(&whole).ok(), Some(content));
            let place = place.index(whole.len());
            prop_assert!(checked(&whole[..place]).is_err());
            let mut changed = whole;
            changed[place] ^= 1_u8 << bit;
            prop_assert!(checked(&changed).is_err());
            changed[place] ^= 1_u8 << bit;
            changed.push(0);
            prop_assert!(checked(&changed).is_err());
        }
    }
}
