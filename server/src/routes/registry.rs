//! The registry of images, for `docker` and `skopeo`.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State as Shared},
    response::{IntoResponse as _, Response},
};
use skep_hub::{Client, RegistryAccess};
use tower::ServiceExt as _;

use crate::{router::State, routes::problem};

/// Passes a request on to the registry, which asks who it is.
pub(crate) async fn answer(
    Shared(state): Shared<State>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Response {
    let storage = match state.hub.registry() {
        Ok(storage) => storage.clone(),
        Err(error) => return problem::response(&error.refusal()),
    };
    let access = Arc::new(RegistryAccess(state.hub.clone(), client));
    let registry = skep_registry::router(storage, access.clone(), access);
    registry.oneshot(request).await.into_response()
}
