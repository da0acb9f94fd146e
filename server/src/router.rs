//! All routes, behind their layers.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get, post},
};
use leptos::config::{Env, LeptosOptions};
use skep_app::ApiReference;
use skep_hub::Hub;
use tower_http::{
    compression::CompressionLayer, services::ServeDir, set_header::SetResponseHeaderLayer,
};

use crate::{document, layers, routes};

/// What handlers share.
#[derive(Clone, Debug)]
pub struct State {
    /// The hub.
    pub hub: Hub,
    /// How pages are made.
    pub leptos: LeptosOptions,
    /// Becomes true when the server stops.
    pub stopping: tokio::sync::watch::Receiver<bool>,
    /// How many sensors' bodies are in memory at once.
    pub bodies: Arc<tokio::sync::Semaphore>,
}

impl axum::extract::FromRef<State> for LeptosOptions {
    fn from_ref(state: &State) -> Self {
        state.leptos.clone()
    }
}

/// The whole application.
pub fn router(hub: Hub, site_root: &Path, stopping: tokio::sync::watch::Receiver<bool>) -> Router {
    let bodies = Arc::new(tokio::sync::Semaphore::new(16));
    let state = State {
        hub,
        leptos: document::options(site_root),
        stopping,
        bodies,
    };
    let files = |folder: &str| {
        ServeDir::new(site_root.join(folder))
            .precompressed_br()
            .precompressed_gzip()
    };
    let cached = |how| {
        SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static(how))
    };
    // The address of the browser's half names its build.
    let package = format!("/{}", state.leptos.site_pkg_dir);
    let package_cached = match state.leptos.env {
        Env::PROD => cached("public, max-age=31536000, immutable"),
        Env::DEV => cached("no-cache"),
    };

    let sensors = Router::new()
        .route("/sensor/v1/poll", post(routes::sensor::poll))
        .route("/sensor/v1/events", post(routes::sensor::events))
        .route("/sensor/v1/blobs/{id}", get(routes::sensor::blob))
        .route("/sensor/v1/log", post(routes::sensor::log))
        .layer(from_fn_with_state(state.clone(), layers::recognise_sensor));
    let api = routes::api::api();
    let reference = ApiReference(Arc::new(api.operations));
    // Whoever asks gets the same: it is written out once.
    let description = bytes::Bytes::from(api.document.to_string());
    let api = api
        .routes
        .route(
            "/api/v1/openapi.json",
            get(|| async move { ([(header::CONTENT_TYPE, "application/json")], description) }),
        )
        .layer(from_fn(layers::etag));
    let people = Router::new()
        .route("/sensor/v1/enrol", post(routes::sensor::enrol))
        .route("/fn/append_upload", post(routes::upload::part))
        .merge(api)
        .merge(document::routes(&state, reference))
        .nest_service(
            &package,
            tower::ServiceBuilder::new()
                .layer(package_cached)
                .service(files("pkg")),
        )
        .fallback_service(
            tower::ServiceBuilder::new()
                .layer(cached("no-cache"))
                .service(files("")),
        )
        .layer(CompressionLayer::new());
    Router::new()
        .route("/healthz", get(routes::health::healthz))
        .route("/live", get(routes::live::stream))
        .route("/v2/", any(routes::registry::answer))
        .route("/v2/{*path}", any(routes::registry::answer))
        .merge(sensors)
        .merge(people)
        .layer(from_fn_with_state(state.clone(), layers::guard))
        .layer(from_fn(layers::recover))
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::X_FRAME_OPTIONS,
            HeaderValue::from_static("DENY"),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .with_state(state)
}
