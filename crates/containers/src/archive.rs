//! An image as the engine loads it: one tar archive, made of pieces that are fetched while it is sent.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{SinkExt, Stream, StreamExt, channel::mpsc};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use skep_protocol::manifest::{Blob, Digest, Image};
use tokio::{sync::watch, time::timeout};

/// A piece of an image on its way.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, FetchError>> + Send>>;

/// Where the pieces of images come from.
#[async_trait]
pub trait Layers: Send + Sync {
    /// Begins to fetch a piece. What comes is checked against the digest, and need not be trusted.
    async fn fetch(&self, digest: &Digest) -> Result<BlobStream, FetchError>;
}

/// A piece that could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// How far the loading of an image is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Fetched.
    pub done: u64,
    /// To fetch in all.
    pub all: u64,
}

impl Progress {
    /// How far, in whole hundredths.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let percent = u128::from(self.done) * 100 / u128::from(self.all).max(1);
        percent.min(100) as u8
    }
}

/// How long may pass between two pieces of a blob.
const SILENCE: Duration = Duration::from_mins(1);

/// Tar's unit.
const BLOCK: u64 = 512;

/// The archive of an image that will have this name. Only a few pieces of it are in memory at any time. It ends with an
/// error as soon as a blob is not what its digest and length say, and the engine then takes none of it. `failure` then says
/// why, which the engine does not know.
pub fn archive(
    image: Image,
    name: String,
    layers: Arc<dyn Layers>,
    progress: watch::Sender<Progress>,
    failure: Arc<OnceLock<FetchError>>,
) -> impl Stream<Item = Result<Bytes, FetchError>> + Send + 'static {
    let (mut pieces, archive) = mpsc::channel(2);
    let writing = async move {
        let mut writer = Writer {
            pieces: pieces.clone(),
            layers,
            progress,
        };
        if let Err(error) = writer.write(&image, name).await {
            let _ = failure.set(error.clone());
            let _ = pieces.send(Err(error)).await;
        }
        None
    };
    // The writer only runs while somebody reads, and ends with them.
    futures::stream::select(archive.map(Some), futures::stream::once(writing))
        .filter_map(std::future::ready)
}

struct Writer {
    pieces: mpsc::Sender<Result<Bytes, FetchError>>,
    layers: Arc<dyn Layers>,
    progress: watch::Sender<Progress>,
}

impl Writer {
    async fn write(&mut self, image: &Image, name: String) -> Result<(), FetchError> {
        self.progress.send_modify(|progress| {
            *progress = Progress {
                done: 0,
                all: image.size(),
            }
        });
        let config = format!("{}.json", image.config.digest.hex());
        // Layers may be the same, and a name must not come twice.
        let layers: Vec<_> = (0..image.layers.len())
            .map(|place| format!("{place}/layer.tar"))
            .collect();
        let manifest =
            json!([{ "Config": config, "RepoTags": [name], "Layers": layers }]).to_string();
        self.header("manifest.json", manifest.len() as u64).await?;
        self.content(manifest.into()).await?;
        self.blob(&config, &image.config).await?;
        for (layer, path) in image.layers.iter().zip(&layers) {
            self.blob(path, &layer.blob).await?;
        }
        self.send(Bytes::from_static(&[0; 2 * BLOCK as usize]))
            .await
    }

    async fn blob(&mut self, path: &str, blob: &Blob) -> Result<(), FetchError> {
        let digest = &blob.digest;
        self.header(path, blob.size).await?;
        let silent = |_| {
            FetchError(format!(
                "{digest}: nothing came for {} s",
                SILENCE.as_secs()
            ))
        };
        let mut pieces = timeout(SILENCE, self.layers.fetch(digest))
            .await
            .map_err(silent)??;
        let mut hash = Sha256::new();
        let mut length: u64 = 0;
        while let Some(piece) = timeout(SILENCE, pieces.next()).await.map_err(silent)? {
            let piece = piece?;
            length = length.saturating_add(piece.len() as u64);
            if length > blob.size {
                return Err(FetchError(format!(
                    "{digest} is longer than {} bytes",
                    blob.size
                )));
            }
            hash.update(&piece);
            self.progress
                .send_modify(|progress| progress.done += piece.len() as u64);
            self.send(piece).await?;
        }
        if length != blob.size {
            return Err(FetchError(format!(
                "{digest} ends after {length} of {} bytes",
                blob.size
            )));
        }
        if format!("{:x}", hash.finalize()) != digest.hex() {
            return Err(FetchError(format!(
                "{digest} is not what came: its content is another"
            )));
        }
        self.pad(length).await
    }

    async fn header(&mut self, path: &str, size: u64) -> Result<(), FetchError> {
        let mut header = tar::Header::new_ustar();
        header
            .set_path(path)
            .map_err(|error| FetchError(error.to_string()))?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        self.send(Bytes::copy_from_slice(header.as_bytes())).await
    }

    async fn content(&mut self, bytes: Bytes) -> Result<(), FetchError> {
        let length = bytes.len() as u64;
        self.send(bytes).await?;
        self.pad(length).await
    }

    async fn pad(&mut self, length: u64) -> Result<(), FetchError> {
        let missing = length.next_multiple_of(BLOCK) - length;
        self.send(Bytes::from(vec![0; missing as usize])).await
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), FetchError> {
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces
            .send(Ok(piece))
            .await
            .map_err(|_| FetchError("the engine takes no more".to_owned()))
    }
}
