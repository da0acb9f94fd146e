//! The pieces of images, from the server.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use skep_containers::{
    Layers,
    archive::{BlobStream, FetchError},
};
use skep_protocol::{manifest::Digest, message::BLOBS};

use crate::client::{CallError, Client};

/// What the server has, over the sensor's own signed requests.
#[derive(Debug)]
pub struct Blobs(pub Arc<Client>);

#[async_trait]
impl Layers for Blobs {
    async fn fetch(&self, digest: &Digest) -> Result<BlobStream, FetchError> {
        let path = format!("{BLOBS}{digest}");
        let failed = |error| explain(&error, &path);
        let pieces = self.0.get(&path).await.map_err(failed)?;
        Ok(Box::pin(pieces.map(move |piece| {
            piece.map_err(|error| explain(&error, &path))
        })))
    }
}

fn explain(error: &CallError, path: &str) -> FetchError {
    FetchError(match error {
        CallError::Refused { problem, .. } if problem.status == 404 => {
            let digest = path.trim_start_matches(BLOBS);
            format!(
                "the server does not hand out {digest} to this sensor: upload the service's image once more"
            )
        }
        error => error.to_string(),
    })
}
