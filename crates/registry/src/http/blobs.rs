//! Reading blobs.

use std::ops::Range;

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};

use super::{Registry, Wanted, problem::Problem, wanted_range};
use crate::{Digest, RegistryError, Repository};

impl Registry {
    pub(super) async fn blob_head(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Response, Problem> {
        let length = self.storage.hold_blob(repository, digest).await?;
        let length = length.ok_or(RegistryError::UnknownBlob)?;
        Ok((StatusCode::OK, described(digest, &(0..length))).into_response())
    }

    pub(super) async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let length = self.storage.blob_length(repository, digest).await?;
        let length = length.ok_or(RegistryError::UnknownBlob)?;
        let range = headers
            .get(header::RANGE)
            .and_then(|range| range.to_str().ok());
        let (status, range) = match range.map_or(Wanted::Whole, |range| wanted_range(range, length))
        {
            Wanted::Whole => (StatusCode::OK, 0..length),
            Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
            Wanted::Beyond => {
                let whole = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
                return Ok((StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response());
            }
        };
        let content = self.storage.read_blob(digest, range.clone()).await?;
        let mut response = (
            status,
            described(digest, &range),
            Body::from_stream(content),
        )
            .into_response();
        if status == StatusCode::PARTIAL_CONTENT {
            let part = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let part = part.try_into().map_err(RegistryError::failed)?;
            response.headers_mut().insert(header::CONTENT_RANGE, part);
        }
        Ok(response)
    }
}

fn described(digest: &Digest, range: &Range<u64>) -> [(&'static str, String); 5] {
    [
        ("content-type", "application/octet-stream".to_owned()),
        ("content-length", (range.end - range.start).to_string()),
        ("docker-content-digest", digest.to_string()),
        ("etag", format!("\"{digest}\"")),
        ("accept-ranges", "bytes".to_owned()),
    ]
}
