//! The registry of images, for `docker` and `skopeo`.

use axum::{
    extract::{Request, State as Shared},
    response::{IntoResponse as _, Response},
};
use skep_hub::RegistryAccess;
use tower::ServiceExt as _;

use crate::{router::State, routes::problem};

/// Passes a request on to the registry, which asks who it is.
pub(crate) async fn answer(Shared(state): Shared<State>, request: Request) -> Response {
    let storage = match state.hub.registry() {
        Ok(storage) => storage,
        Err(error) => return problem::response(&error.refusal()),
    };
    let registry = state.registry.get_or_init(|| {
        let (tell, mut pushed) = tokio::sync::mpsc::channel::<skep_registry::Pushed>(16);
        tokio::spawn(async move {
            while let Some(push) = pushed.recv().await {
                tracing::info!(
                    repository = %push.repository, tag = %push.tag, digest = %push.digest,
                    "an image was pushed"
                );
            }
        });
        let access = std::sync::Arc::new(RegistryAccess(state.hub.clone()));
        skep_registry::router(storage.clone(), access, tell)
    });
    registry.clone().oneshot(request).await.into_response()
}
