//! The spool's end where delivery reads.

use std::{fs::File, io};

use skep_model::ids::Epoch;

use super::{Segment, Spool, path, segment};

/// Reads records in order, each once; those that are acknowledged already are passed over.
#[derive(Debug)]
pub struct Reader {
    spool: Spool,
    place: Option<Place>,
}

/// The next record to read.
#[derive(Debug)]
struct Place {
    number: u64,
    file: File,
    seq: u64,
    offset: u64,
}

/// Records of one epoch.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The epoch.
    pub epoch: Epoch,
    /// Places and contents, in order; at least one.
    pub records: Vec<(u64, Vec<u8>)>,
}

impl Reader {
    pub(super) fn new(spool: Spool) -> Self {
        Self { spool, place: None }
    }

    /// The next records, at most so many with at most so many bytes (but at least one); `None` when all were read.
    pub fn read(&mut self, records: usize, bytes: usize) -> io::Result<Option<Chunk>> {
        let mut chunk: Option<Chunk> = None;
        let mut size = 0;
        while let Some((segment, acknowledged)) = self.turn()? {
            if chunk
                .as_ref()
                .is_some_and(|chunk| chunk.epoch != segment.epoch || chunk.records.len() >= records)
            {
                break;
            }
            let Some(place) = &mut self.place else { break };
            let Some(content) = segment::read(&place.file, place.offset, place.seq)
                .inspect_err(|error| tracing::warn!("the spool cannot be read: {error}"))
                .unwrap_or(None)
            else {
                let lost = segment.last - place.seq + 1;
                tracing::warn!("{lost} damaged records of the spool are left out");
                self.spool.lock().watermark.dropped += lost;
                (place.seq, place.offset) = (segment.last + 1, segment.bytes);
                continue;
            };
            if place.seq > acknowledged {
                if chunk.is_some() && size + content.len() > bytes {
                    break;
                }
                size += content.len();
                let chunk = chunk.get_or_insert(Chunk {
                    epoch: segment.epoch,
                    records: Vec::new(),
                });
                place.offset += segment::record_size(&content);
                chunk.records.push((place.seq, content));
            } else {
                place.offset += segment::record_size(&content);
            }
            place.seq += 1;
        }
        Ok(chunk)
    }

    /// Goes to the segment that the next record is in. Returns the segment and up to which of its places the server
    /// has everything; `None` when there is no next record yet.
    fn turn(&mut self) -> io::Result<Option<(Segment, u64)>> {
        loop {
            let (here, seq) = self
                .place
                .as_ref()
                .map_or((0, 0), |place| (place.number, place.seq));
            let found = {
                let state = self.spool.lock();
                state
                    .segments
                    .iter()
                    .find(|segment| {
                        if segment.number == here {
                            segment.last >= seq
                        } else {
                            segment.number > here && segment.last >= segment.first
                        }
                    })
                    .map(|segment| (*segment, segment.last - state.waiting(segment)))
            };
            let Some((segment, acknowledged)) = found else {
                return Ok(None);
            };
            if segment.number != here {
                match File::open(path(&self.spool.0.folder, segment.number)) {
                    Ok(file) => {
                        self.place = Some(Place {
                            number: segment.number,
                            file,
                            seq: segment.first,
                            offset: segment::HEADER as u64,
                        });
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        self.spool.give_up(segment.number, error)?;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok(Some((segment, acknowledged)));
        }
    }
}
