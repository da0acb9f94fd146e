//! Manifests, tags, and what is about a manifest.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::{Credentials, Pushed, Registry, content_length, parameter, problem::Problem};
use crate::{
    Digest, Reference, RegistryError, Repository, Stored,
    manifest::{MANIFEST_LENGTH, MediaType, Needs},
};

/// How many tags are listed at most.
const TAGS: usize = 1000;
/// How many manifests about another are listed at most; each is read for that.
const REFERRERS: usize = 100;
/// How long a manifest may take to come.
const PATIENCE: Duration = Duration::from_mins(1);

impl Registry {
    pub(super) async fn manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
        with_content: bool,
    ) -> Result<Response, Problem> {
        let stored = self.storage.manifest(repository, reference).await?;
        let headers = [
            (
                "content-type",
                stored.manifest.media_type.as_str().to_owned(),
            ),
            ("content-length", stored.content.len().to_string()),
            ("docker-content-digest", stored.digest.to_string()),
            ("etag", format!("\"{}\"", stored.digest)),
        ];
        let content = if with_content {
            stored.content
        } else {
            Bytes::new()
        };
        Ok((headers, content).into_response())
    }

    pub(super) async fn put_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
        credentials: &Credentials,
        request: Request,
    ) -> Result<Response, Problem> {
        let limit = MANIFEST_LENGTH as u64;
        if content_length(request.headers()).is_some_and(|length| length > limit) {
            return Err(RegistryError::TooLarge(limit).into());
        }
        let announced = header_text(request.headers(), &header::CONTENT_TYPE);
        let content = axum::body::to_bytes(request.into_body(), MANIFEST_LENGTH);
        let content = tokio::time::timeout(PATIENCE, content)
            .await
            .map_err(|_| RegistryError::Interrupted)?
            .map_err(|_| RegistryError::TooLarge(limit))?;
        // First by its digest only: the tag stands for it when it was received.
        let by_digest = match reference {
            Reference::Digest(_) => reference.clone(),
            Reference::Tag(_) => Reference::Digest(Digest::of(&content)),
        };
        let stored = self
            .storage
            .put_manifest(repository, &by_digest, content, announced.as_deref())
            .await?;
        let mut warning = None;
        if let Reference::Tag(tag) = reference {
            let pushed = Pushed {
                repository: repository.clone(),
                tag: tag.clone(),
                stored: stored.clone(),
            };
            warning = self.receive.receive(credentials, &pushed).await?;
            self.storage.tag(repository, tag, &stored.digest).await?;
        }
        let headers = [
            (
                "location",
                format!("/v2/{repository}/manifests/{}", stored.digest),
            ),
            ("docker-content-digest", stored.digest.to_string()),
        ];
        let mut response = (StatusCode::CREATED, headers).into_response();
        if let Some(warning) = warning {
            let warning = format!("299 - \"{warning}\"");
            let warning = warning.try_into().map_err(RegistryError::failed)?;
            response.headers_mut().insert(header::WARNING, warning);
        }
        if let Some(subject) = stored.manifest.subject {
            let subject = subject
                .to_string()
                .try_into()
                .map_err(RegistryError::failed)?;
            response.headers_mut().insert("oci-subject", subject);
        }
        Ok(response)
    }

    pub(super) async fn delete_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<Response, Problem> {
        self.storage.delete_manifest(repository, reference).await?;
        Ok(StatusCode::ACCEPTED.into_response())
    }

    pub(super) async fn tags(
        &self,
        repository: &Repository,
        uri: &Uri,
    ) -> Result<Response, Problem> {
        let count = parameter(uri, "n")
            .and_then(|n| n.parse().ok())
            .unwrap_or(TAGS);
        let count = count.min(TAGS);
        let last = parameter(uri, "last");
        let found = self
            .storage
            .tags(repository, last.as_deref(), count)
            .await?;
        let content = json!({"name": repository, "tags": found.tags});
        let mut response = Json(content).into_response();
        if let (true, Some(last)) = (found.more, found.tags.last()) {
            let last = last.to_string();
            let query = [("n", count.to_string().as_str()), ("last", &last)].map(owned);
            add_link(
                &mut response,
                &format!("/v2/{repository}/tags/list"),
                &query,
            )?;
        }
        Ok(response)
    }

    pub(super) async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        uri: &Uri,
    ) -> Result<Response, Problem> {
        let last = parameter(uri, "last");
        let wanted = parameter(uri, "artifactType");
        let (found, more) = self
            .storage
            .referrers(repository, subject, last.as_deref(), REFERRERS)
            .await?;
        let described: Vec<_> = found
            .iter()
            .filter(|stored| wanted.is_none() || artifact_type(stored) == wanted.as_deref())
            .map(descriptor)
            .collect();
        let media_type = MediaType::Index.as_str();
        let content = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": described});
        let mut response = ([("content-type", media_type)], content.to_string()).into_response();
        if wanted.is_some() {
            let filters = HeaderValue::from_static("artifactType");
            response
                .headers_mut()
                .insert("oci-filters-applied", filters);
        }
        if let (true, Some(last)) = (more, found.last()) {
            let mut query = vec![owned(("last", &last.digest.hex()))];
            query.extend(wanted.map(|wanted| owned(("artifactType", &wanted))));
            add_link(
                &mut response,
                &format!("/v2/{repository}/referrers/{subject}"),
                &query,
            )?;
        }
        Ok(response)
    }
}

/// What a manifest is that is about another.
fn artifact_type(stored: &Stored) -> Option<&str> {
    let config = match &stored.manifest.needs {
        Needs::Blobs { config, .. } => Some(config.media_type.as_str()),
        Needs::Manifests(_) => None,
    };
    stored.manifest.artifact_type.as_deref().or(config)
}

fn descriptor(stored: &Stored) -> Value {
    let mut descriptor = json!({
        "mediaType": stored.manifest.media_type.as_str(),
        "digest": stored.digest,
        "size": stored.content.len(),
    });
    if let Some(kind) = artifact_type(stored) {
        descriptor["artifactType"] = kind.into();
    }
    if !stored.manifest.annotations.is_empty() {
        descriptor["annotations"] = json!(stored.manifest.annotations);
    }
    descriptor
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Says where the list goes on.
fn add_link(
    response: &mut Response,
    path: &str,
    query: &[(String, String)],
) -> Result<(), RegistryError> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    let link = format!("<{path}?{query}>; rel=\"next\"");
    let link = link.try_into().map_err(RegistryError::failed)?;
    response.headers_mut().insert(header::LINK, link);
    Ok(())
}

fn header_text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
