//! Pages and server functions: the app, with what it needs from the server.

use std::path::Path;

use axum::Router;
use leptos::{
    config::{Env, LeptosOptions, get_configuration},
    prelude::provide_context,
};
use leptos_axum::{LeptosRoutes, generate_route_list};

use crate::router::State;

/// How pages are made: as cargo-leptos says while developing, else for the built files in a folder.
pub(crate) fn options(site_root: &Path) -> LeptosOptions {
    if std::env::var_os("LEPTOS_WATCH").is_some()
        && let Ok(file) = get_configuration(None)
    {
        return file.leptos_options;
    }
    LeptosOptions::builder()
        .output_name("skep")
        .site_root(site_root.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .env(Env::PROD)
        .build()
}

/// The routes of pages and server functions.
pub(crate) fn routes(state: &State) -> Router<State> {
    let (hub, leptos) = (state.hub.clone(), state.leptos.clone());
    Router::new().leptos_routes_with_context(
        state,
        generate_route_list(skep_app::App),
        // The page's shell sets the content policy itself: it knows the nonce.
        move || provide_context(hub.clone()),
        move || skep_app::shell(leptos.clone()),
    )
}
