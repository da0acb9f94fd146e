//! Files in a container, as the engine gives them out: whole, in a tar archive.

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder,
};
use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tar::Header;

use super::{Connection, EngineError};

const BLOCK: usize = 512;

/// In Go's words for a file's mode: whatever is no plain file has one of these.
const NOT_PLAIN: u32 = 0x8f28_0000;

/// How a file is. When it changes, there is something to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    size: i64,
    changed: Option<String>,
}

impl Connection {
    /// How a container's file is; `None` if there is none, or something else in its place. The container need not run.
    pub(crate) async fn file(
        &self,
        container: &str,
        path: &str,
    ) -> Result<Option<FileState>, EngineError> {
        let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
        let found = self
            .0
            .get_container_archive_info(container, Some(options))
            .await
            .map_err(EngineError::of("show a file in the container"));
        match found {
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
            Ok(found) => Ok((found.file_mode & NOT_PLAIN == 0).then_some(FileState {
                size: found.size,
                changed: found.modification_time,
            })),
        }
    }

    /// The plain files at a path of a container, and below it.
    pub(crate) fn files(
        &self,
        container: &str,
        path: &str,
    ) -> Files<impl Stream<Item = Result<Bytes, EngineError>> + Unpin + use<>> {
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let archive = self.0.download_from_container(container, Some(options));
        Files::new(archive.map(|piece| piece.map_err(EngineError::of("give out a file"))))
    }
}

/// The plain files of a tar archive, one after the other. The container made it, and it need not make sense.
pub(crate) struct Files<S> {
    archive: S,
    waiting: BytesMut,
    /// What is still to come of the file, and of what fills up its last block.
    content: u64,
    filling: u64,
}

impl<S: Stream<Item = Result<Bytes, EngineError>> + Unpin> Files<S> {
    fn new(archive: S) -> Self {
        Self {
            archive,
            waiting: BytesMut::new(),
            content: 0,
            filling: 0,
        }
    }

    /// A file by itself, of which nothing has come yet.
    #[cfg(test)]
    pub(crate) fn of_one(content: S, length: u64) -> Self {
        Self {
            content: length,
            ..Self::new(content)
        }
    }

    /// The length of the next file. What was not read of the one before is left out.
    pub(crate) async fn next(&mut self) -> Result<Option<u64>, EngineError> {
        loop {
            self.skip().await?;
            while self.waiting.len() < BLOCK {
                if !self.more().await? {
                    return Ok(None);
                }
            }
            let block = self.waiting.split_to(BLOCK);
            let mut header = Header::new_old();
            header.as_mut_bytes().copy_from_slice(&block);
            let Ok(length) = header.entry_size() else {
                return Ok(None);
            };
            self.content = length;
            self.filling = length.wrapping_neg() % BLOCK as u64;
            if block.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            if header.entry_type().is_file() {
                return Ok(Some(length));
            }
        }
    }

    /// The next piece of the file; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, EngineError> {
        if self.content == 0 || (self.waiting.is_empty() && !self.more().await?) {
            return Ok(None);
        }
        let length = self.waiting.len();
        let here = usize::try_from(self.content).map_or(length, |content| content.min(length));
        self.content -= here as u64;
        Ok(Some(self.waiting.split_to(here).freeze()))
    }

    async fn skip(&mut self) -> Result<(), EngineError> {
        while self.piece().await?.is_some() {}
        while self.filling > 0 {
            if self.waiting.is_empty() && !self.more().await? {
                break;
            }
            let here = (self.waiting.len() as u64).min(self.filling);
            self.waiting.advance(here as usize);
            self.filling -= here;
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<bool, EngineError> {
        match self.archive.next().await {
            Some(piece) => {
                self.waiting.extend_from_slice(&piece?);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn archive(files: &[&[u8]]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (at, content) in files.iter().enumerate() {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive
                // So long that it has a header of its own.
                .append_data(&mut header, format!("{}/{at}", "x".repeat(200)), *content)
                .unwrap();
            let mut link = Header::new_gnu();
            link.set_entry_type(tar::EntryType::Symlink);
            link.set_size(0);
            archive
                .append_link(&mut link, format!("link{at}"), "/etc/shadow")
                .unwrap();
        }
        archive.into_inner().unwrap()
    }

    /// The files of an archive that comes in pieces of this length.
    fn read(archive: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let pieces: Vec<_> = archive
            .chunks(piece)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut files = Files::new(futures::stream::iter(pieces));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut read = Vec::new();
            while let Some(length) = files.next().await.unwrap() {
                let mut content = Vec::new();
                while let Some(piece) = files.piece().await.unwrap() {
                    content.extend_from_slice(&piece);
                }
                assert!(content.len() as u64 <= length);
                read.push(content);
            }
            read
        })
    }

    proptest! {
        #[test]
        fn files_come_as_they_are(contents: Vec<Vec<u8>>, piece in 1usize..2000) {
            let files: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(read(&archive(&files), piece), contents);
        }

        #[test]
        fn whatever_comes_ends(bytes: Vec<u8>, at in 0usize..4000, piece in 1usize..2000) {
            let mut archive = archive(&[b"one", &[7; 700]]);
            for (place, byte) in archive.iter_mut().skip(at).zip(bytes) {
                *place = byte;
            }
            read(&archive, piece);
        }
    }
}
