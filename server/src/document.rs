//! Pages and server functions: the app, with what it needs from the server.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use axum::{Router, extract::Request, response::Response};
use leptos::{
    config::{Env, LeptosOptions, get_configuration},
    prelude::provide_context,
};
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async};
use skep_app::{ApiReference, Notice};

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
        .site_pkg_dir(format!("pkg/{}", build(&site_root.join("pkg"))))
        .env(Env::PROD)
        .build()
}

/// What names a build of the browser's half in addresses. A page that is still open after an update must not load a
/// part of another build: parts reach into each other's memory.
fn build(folder: &Path) -> String {
    let mut files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.path())
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        fs::read(&file).unwrap_or_default().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// The routes of pages and server functions.
pub(crate) fn routes(state: &State, reference: ApiReference) -> Router<State> {
    let (hub, leptos) = (state.hub.clone(), state.leptos.clone());
    Router::new().leptos_routes_with_context(
        state,
        generate_route_list(skep_app::App),
        // The page's shell sets the content policy itself: it knows the nonce.
        move || {
            provide_context(hub.clone());
            provide_context(reference.clone());
        },
        move || skep_app::shell(leptos.clone()),
    )
}

/// What somebody sees in place of a page, whatever the address says.
pub(crate) async fn notice(state: &State, notice: Notice, request: Request) -> Response {
    let leptos = state.leptos.clone();
    render_app_async(move || skep_app::notice(leptos.clone(), notice))(request).await
}
