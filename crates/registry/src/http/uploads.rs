//! Uploading blobs: in one request, in two, or in parts.

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use super::{
    Action, Credentials, Registry, content_length, content_range, parameter, problem::Problem,
};
use crate::{Digest, RegistryError, Repository, UploadId};

impl Registry {
    /// Begins an upload, takes it in whole, or takes the blob over from another repository.
    pub(super) async fn begin(
        &self,
        repository: &Repository,
        credentials: &Credentials,
        request: Request,
    ) -> Result<Response, Problem> {
        let uri = request.uri().clone();
        let asked = |name| parameter(&uri, name);
        if let (Some(digest), Some(from)) = (asked("mount"), asked("from")) {
            let (digest, from) = (digest.parse()?, self.receive.meant(from.parse()?));
            let allowed = self
                .authorise
                .authorise(credentials, Some(&from), Action::Pull)
                .await;
            if allowed.is_ok() && self.storage.mount(&from, repository, &digest).await? {
                return Ok(created(repository, &digest));
            }
        }
        let whole = asked("digest").map(|digest| digest.parse::<Digest>());
        let whole = whole.transpose()?;
        let id = self.storage.begin_upload(repository)?;
        match whole {
            None => Ok(status(repository, &id, StatusCode::ACCEPTED, 0)),
            Some(digest) => {
                if let Err(error) = self.receive(repository, &id, request).await {
                    // Nobody was told its address, so nobody goes on with it.
                    self.cancel(repository, &id).ok();
                    return Err(error.into());
                }
                self.end(repository, &id, &digest).await
            }
        }
    }

    pub(super) fn progress(
        &self,
        repository: &Repository,
        id: &UploadId,
    ) -> Result<Response, Problem> {
        let length = self.storage.upload_length(repository, id)?;
        Ok(status(repository, id, StatusCode::NO_CONTENT, length))
    }

    pub(super) async fn append(
        &self,
        repository: &Repository,
        id: &UploadId,
        request: Request,
    ) -> Result<Response, Problem> {
        match self.receive(repository, id, request).await {
            Ok(length) => Ok(status(repository, id, StatusCode::ACCEPTED, length)),
            // The sender learns where to go on.
            Err(RegistryError::OutOfOrder(length)) => Ok(status(
                repository,
                id,
                StatusCode::RANGE_NOT_SATISFIABLE,
                length,
            )),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn finish(
        &self,
        repository: &Repository,
        id: &UploadId,
        request: Request,
    ) -> Result<Response, Problem> {
        let digest = parameter(request.uri(), "digest").ok_or(RegistryError::InvalidDigest)?;
        let digest = digest.parse()?;
        self.receive(repository, id, request).await?;
        self.end(repository, id, &digest).await
    }

    pub(super) fn cancel(
        &self,
        repository: &Repository,
        id: &UploadId,
    ) -> Result<Response, Problem> {
        self.storage.cancel_upload(repository, id)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// Takes a request's content in, which may be none, and says how much there is then.
    async fn receive(
        &self,
        repository: &Repository,
        id: &UploadId,
        request: Request,
    ) -> Result<u64, RegistryError> {
        let limit = self.storage.limits().blob;
        if content_length(request.headers()).is_some_and(|length| length > limit) {
            return Err(RegistryError::TooLarge(limit));
        }
        let range = match request.headers().get("content-range") {
            None => None,
            Some(range) => {
                let range = range.to_str().ok().and_then(content_range);
                Some(range.ok_or(RegistryError::OtherLength)?)
            }
        };
        let from = range.as_ref().map(|range| range.start);
        let content = request.into_body().into_data_stream();
        let length = self.storage.append(repository, id, from, content).await?;
        if range.is_some_and(|range| range.end != length) {
            return Err(RegistryError::OtherLength);
        }
        Ok(length)
    }

    /// Ends an upload whose last part was received.
    async fn end(
        &self,
        repository: &Repository,
        id: &UploadId,
        digest: &Digest,
    ) -> Result<Response, Problem> {
        self.storage.finish_upload(repository, id, digest).await?;
        Ok(created(repository, digest))
    }
}

/// Where to go on with an upload, and how much has come.
fn status(repository: &Repository, id: &UploadId, status: StatusCode, length: u64) -> Response {
    let headers = [
        ("location", format!("/v2/{repository}/blobs/uploads/{id}")),
        ("range", format!("0-{}", length.saturating_sub(1))),
        ("docker-upload-uuid", id.to_string()),
    ];
    (status, headers).into_response()
}

fn created(repository: &Repository, digest: &Digest) -> Response {
    let headers = [
        ("location", format!("/v2/{repository}/blobs/{digest}")),
        ("docker-content-digest", digest.to_string()),
    ];
    (StatusCode::CREATED, headers).into_response()
}
