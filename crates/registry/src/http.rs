//! The registry as programs see it: version 1.1 of the OCI's distribution specification, under `/v2`.

mod address;
mod blobs;
mod manifests;
mod problem;
mod range;
mod receive;
mod uploads;
mod who;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

pub use address::Address;
pub use range::{Wanted, content_range, wanted_range};
pub use receive::{Pushed, Receive};
pub use who::{Action, Authorise, Credentials, Denied};

use crate::{RegistryError, Storage};
use problem::Problem;

/// What a request needs to be answered.
struct Registry {
    storage: Arc<Storage>,
    authorise: Arc<dyn Authorise>,
    receive: Arc<dyn Receive>,
}

/// The routes.
pub fn router(
    storage: Arc<Storage>,
    authorise: Arc<dyn Authorise>,
    receive: Arc<dyn Receive>,
) -> Router {
    let registry = Arc::new(Registry {
        storage,
        authorise,
        receive,
    });
    Router::new()
        .route("/v2", any(answer))
        .route("/v2/", any(answer))
        .route("/v2/{*rest}", any(answer))
        .with_state(registry)
}

async fn answer(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let mut response = match registry.respond(request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    // What was uploaded is nothing for a browser to look at.
    for (name, value) in [
        ("docker-distribution-api-version", "registry/2.0"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Registry {
    async fn respond(&self, request: Request) -> Result<Response, Problem> {
        let credentials = Credentials::of(request.headers());
        let method = request.method().clone();
        let address = match Address::parse(request.uri().path()) {
            // Whoever asks for it is told that it is not there, as of any other name.
            Err(RegistryError::InvalidReference)
                if matches!(method, Method::GET | Method::HEAD) =>
            {
                return Err(RegistryError::UnknownManifest.into());
            }
            address => address?.within(|named| self.receive.meant(named)),
        };
        let action = address.action(&method);
        self.authorise
            .authorise(&credentials, address.repository(), action)
            .await?;
        match (&method, &address) {
            (&Method::GET | &Method::HEAD, Address::Base) => Ok(StatusCode::OK.into_response()),
            (&Method::HEAD, Address::Blob(repository, digest)) => {
                self.blob_head(repository, digest).await
            }
            (&Method::GET, Address::Blob(repository, digest)) => {
                self.blob(repository, digest, request.headers()).await
            }
            (&Method::POST, Address::Uploads(repository)) => {
                self.begin(repository, &credentials, request).await
            }
            (&Method::GET, Address::Upload(repository, id)) => self.progress(repository, id),
            (&Method::PATCH, Address::Upload(repository, id)) => {
                self.append(repository, id, request).await
            }
            (&Method::PUT, Address::Upload(repository, id)) => {
                self.finish(repository, id, request).await
            }
            (&Method::DELETE, Address::Upload(repository, id)) => self.cancel(repository, id),
            (&Method::GET | &Method::HEAD, Address::Manifest(repository, reference)) => {
                let with_content = method == Method::GET;
                self.manifest(repository, reference, with_content).await
            }
            (&Method::PUT, Address::Manifest(repository, reference)) => {
                self.put_manifest(repository, reference, &credentials, request)
                    .await
            }
            (&Method::DELETE, Address::Manifest(repository, reference)) => {
                self.delete_manifest(repository, reference).await
            }
            (&Method::GET, Address::Tags(repository)) => self.tags(repository, request.uri()).await,
            (&Method::GET, Address::Referrers(repository, subject)) => {
                self.referrers(repository, subject, request.uri()).await
            }
            _ => Err(Problem::unsupported()),
        }
    }
}

/// The value of a parameter in an address.
fn parameter(uri: &http::Uri, name: &str) -> Option<String> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The announced length of a request's content.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
