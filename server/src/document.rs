//! Pages and server functions: the app, with what it needs from the server.

use std::path::Path;

use axum::{Router, http::{HeaderValue, header}};
use leptos::{
    config::{Env, LeptosOptions, get_configuration},
    nonce::use_nonce,
    prelude::{provide_context, use_context},
};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use skep_hub::Hub;

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
        move || context(&hub),
        move || skep_app::shell(leptos.clone()),
    )
}

/// What a page or server function finds in its context; and the policy that lets only the page's own scripts run.
fn context(hub: &Hub) {
    provide_context(hub.clone());
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let nonce = use_nonce().map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src{nonce} 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
