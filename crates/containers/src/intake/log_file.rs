//! A log that a honeypot writes to a file of its container.
//!
//! Honeypots are run as they are found. Cowrie seeks in its log when it opens it, and renames it every day, so that
//! neither a pipe nor a link to standard output can stand in its place, and its image has no `tail`. So the file is read
//! through the engine, which needs nothing of the image and no mount, and gives a file also when the container has ended.
//!
//! The price: the engine gives whole files only, so that with every look that finds something new the file is read
//! from its beginning. Between two looks is at least a second, and nine times as long as the last one took: a log
//! that grows without end takes a tenth of the time at most, and its events come later and later. (A look at 64 MiB takes
//! a quarter of a second on two cores, and one that finds nothing new a few thousandths.) No honeypot writes so much by
//! itself that this is not enough: where the log has become longer than [`LONGEST`], somebody fills it, and the container
//! is stopped, so that it is made anew, with an empty log.

use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, Stream, channel::mpsc};
use skep_model::raw;
use skep_protocol::manifest::AbsolutePath;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use crate::{
    EngineError,
    engine::{Connection, FileState, Files},
};

/// How often to look whether there is something new.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many times as long as a look took nothing is looked at.
const REST: u32 = 9;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(30);

/// How long a file may be missing before somebody is told.
const MISSING: Duration = Duration::from_mins(1);

/// The most that is taken at a time, in bytes: it is in memory while it waits.
const TAKEN: usize = 4 * 1024 * 1024;

/// The longest file that is read, in bytes. An attacker can make it look as long as he likes.
const LONGEST: u64 = 256 * 1024 * 1024;

/// By how many of its first bytes a file is known again. Logs begin with a moment, or with the id of a session.
const HEAD: usize = 1024;

/// The log of a container.
pub(super) struct LogFile {
    pub engine: Connection,
    pub container: String,
    pub path: AbsolutePath,
}

/// How far a file is read.
#[derive(Default)]
struct Place {
    /// Its first bytes, as many as were read, and at most [`HEAD`].
    head: Vec<u8>,
    offset: u64,
}

impl Place {
    /// Notes that this was read.
    fn pass(&mut self, piece: &[u8]) {
        let missing = HEAD - self.head.len();
        self.head
            .extend_from_slice(&piece[..piece.len().min(missing)]);
        self.offset += piece.len() as u64;
    }
}

/// Why a look brought nothing.
enum Blind {
    /// The file is longer than [`LONGEST`].
    TooLong,
    Other(String),
}

/// What a look brought.
struct Look {
    read: Vec<u8>,
    /// There is nothing more to read for now.
    whole: bool,
}

impl LogFile {
    /// Sends what is written to the file, until the container has ended and all of it is read. What is there at first is
    /// left out if an earlier life of this program has read it.
    pub(super) async fn follow(
        self,
        mut leave_out: bool,
        mut ended: oneshot::Receiver<()>,
        mut pieces: mpsc::Sender<Result<Bytes, EngineError>>,
    ) {
        let mut place = Place::default();
        let mut known = None;
        let mut over = false;
        let mut pause = INTERVAL;
        let mut last_seen = Instant::now();
        let mut told = false;
        loop {
            if !over {
                over = tokio::select! {
                    () = sleep(pause) => false,
                    _ = &mut ended => true,
                };
            }
            let began = Instant::now();
            let looked = timeout(LOOK, self.look(&mut place, &mut known)).await;
            pause = INTERVAL.max(began.elapsed() * REST);
            let missing = matches!(looked, Ok(Ok(None)));
            let (look, problem) = match looked {
                Ok(Ok(Some(look))) => (Some(look), None),
                Ok(Ok(None)) => (None, Some("it is not there".to_owned())),
                Ok(Err(Blind::TooLong)) => {
                    tracing::warn!(
                        "{} is made anew: its log {} has become longer than {LONGEST} bytes",
                        self.container,
                        self.path
                    );
                    if self.engine.stop(&self.container).await.is_ok() {
                        return;
                    }
                    continue;
                }
                Ok(Err(Blind::Other(error))) => (None, Some(error)),
                Err(_) => (
                    None,
                    Some(format!("it took more than {} s", LOOK.as_secs())),
                ),
            };
            // What is not there at first, nobody else has read.
            leave_out &= !missing;
            match problem {
                None => {
                    last_seen = Instant::now();
                    told = false;
                }
                Some(problem) if last_seen.elapsed() > MISSING && !told => {
                    told = true;
                    tracing::warn!(
                        "nothing is seen of what {} catches, because its log {} cannot be read, which is tried again: {}",
                        self.container,
                        self.path,
                        raw::visible(problem.as_bytes())
                    );
                }
                Some(_) => {}
            }
            let Some(Look { read, whole }) = look else {
                if over {
                    return;
                }
                continue;
            };
            if !leave_out && !read.is_empty() && pieces.send(Ok(read.into())).await.is_err() {
                return;
            }
            leave_out &= !whole;
            if leave_out {
                // What is written meanwhile would be left out as well.
                pause = Duration::ZERO;
            }
            if over && whole {
                return;
            }
        }
    }

    /// What is new in the file; `None` if there is no file.
    async fn look(
        &self,
        place: &mut Place,
        known: &mut Option<FileState>,
    ) -> Result<Option<Look>, Blind> {
        let told = |error: EngineError| Blind::Other(error.to_string());
        let state = self.engine.file(&self.container, self.path.as_str());
        let Some(state) = state.await.map_err(told)? else {
            return Ok(None);
        };
        if known.as_ref() == Some(&state) {
            return Ok(Some(Look {
                read: vec![],
                whole: true,
            }));
        }
        let mut files = self.engine.files(&self.container, self.path.as_str());
        let Some(length) = files.next().await.map_err(told)? else {
            return Ok(None);
        };
        if length > LONGEST {
            return Err(Blind::TooLong);
        }
        if let Some(read) = read_on(&mut files, length, place).await.map_err(told)? {
            let whole = place.offset >= length;
            if whole {
                *known = Some(state);
            }
            return Ok(Some(Look { read, whole }));
        }
        // Only one file of a container is given out at a time.
        drop(files);
        let read = self.rest_of_renamed(place).await.map_err(told)?;
        if read.len() < TAKEN {
            *place = Place::default();
        }
        Ok(Some(Look { read, whole: false }))
    }

    /// What was written to the file since the last look, before another took its name. It is looked for beside it, and
    /// known by how it begins.
    async fn rest_of_renamed(&self, place: &mut Place) -> Result<Vec<u8>, EngineError> {
        let folder = self
            .path
            .as_str()
            .rsplit_once('/')
            .map(|(folder, _)| folder);
        // What is beside a file at the root is the whole image.
        let Some(folder) = folder.filter(|folder| !folder.is_empty()) else {
            return Ok(vec![]);
        };
        let mut files = self.engine.files(&self.container, folder);
        let mut passed = 0u64;
        while let Some(length) = files.next().await? {
            passed = passed.saturating_add(length);
            if passed > LONGEST {
                break;
            }
            if let Some(read) = read_on(&mut files, length, place).await? {
                return Ok(read);
            }
        }
        Ok(vec![])
    }
}

/// Reads a file of this length from a place on, at most [`TAKEN`] bytes; `None` if it is not the file of that place.
async fn read_on<S: Stream<Item = Result<Bytes, EngineError>> + Unpin>(
    files: &mut Files<S>,
    length: u64,
    place: &mut Place,
) -> Result<Option<Vec<u8>>, EngineError> {
    if length < place.offset {
        return Ok(None);
    }
    let mut read = Vec::new();
    let mut at = 0u64;
    while read.len() < TAKEN
        && let Some(piece) = files.piece().await?
    {
        let head = usize::try_from(at).ok().and_then(|at| place.head.get(at..));
        let differs = |head: &[u8]| head.iter().zip(&piece).any(|(one, two)| one != two);
        if head.is_some_and(differs) {
            return Ok(None);
        }
        let old = (place.offset.saturating_sub(at)).min(piece.len() as u64);
        let new = &piece[old as usize..];
        read.extend_from_slice(&new[..new.len().min(TAKEN - read.len())]);
        at += piece.len() as u64;
    }
    place.pass(&read);
    Ok(Some(read))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One look at a file that is in an archive by itself.
    fn look(content: &[u8], piece: usize, place: &mut Place) -> Option<Vec<u8>> {
        let pieces: Vec<_> = content
            .chunks(piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut files = Files::of_one(futures::stream::iter(pieces), content.len() as u64);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime
            .block_on(read_on(&mut files, content.len() as u64, place))
            .unwrap()
    }

    proptest! {
        #[test]
        fn a_file_that_grows_is_read_once(
            content in proptest::collection::vec(any::<u8>(), 0..4000),
            mut looks in proptest::collection::vec(0usize..4000, 0..5),
            piece in 1usize..2000,
        ) {
            looks.sort_unstable();
            looks.push(content.len());
            let mut place = Place::default();
            let mut read = Vec::new();
            for length in looks {
                let here = &content[..length.min(content.len())];
                read.extend(look(here, piece, &mut place).unwrap());
            }
            prop_assert_eq!(read, content);
        }
    }

    #[test]
    fn another_file_is_known_by_its_beginning_or_its_length() {
        let old = b"2026-03-01 one\n2026-03-01 two\n".repeat(100);
        let mut place = Place::default();
        assert_eq!(look(&old, 100, &mut place).unwrap(), old);
        assert_eq!(place.head.len(), HEAD);
        assert_eq!(look(&old[1..], 100, &mut place), None);
        assert_eq!(look(&old[..old.len() - 1], 100, &mut place), None);
        let mut other = old.clone();
        other[HEAD - 1] ^= 1;
        assert_eq!(look(&other, 100, &mut place), None);
        assert_eq!(look(&old, 7, &mut place).unwrap(), b"");
    }

    #[test]
    fn a_long_file_is_read_in_parts() {
        let long = vec![b'x'; TAKEN + 10];
        let mut place = Place::default();
        assert_eq!(look(&long, 65_536, &mut place).unwrap().len(), TAKEN);
        assert_eq!(look(&long, 65_536, &mut place).unwrap().len(), 10);
    }
}
