//! Skep's web console: rendered on the server, then taken over by the browser.

// A component's properties are values.
#![allow(clippy::needless_pass_by_value, clippy::must_use_candidate)]
// Views are deeply nested types.
#![recursion_limit = "256"]

#[cfg(feature = "ssr")]
pub mod access;
mod answer;
mod components;
pub mod failure;
mod filter;
mod jump;
mod live;
mod pages;
mod preferences;
mod server;
mod translations;
mod view;
mod words;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};
use skep_model::user;

use crate::{
    answer::Answer,
    components::{Hydrated, Shell},
    pages::{Attacks, Dashboard, LogIn, NotFound, Rare, Sensing},
    view::view,
};

pub use crate::pages::{Notice, load_part};

/// What the REST API is, as a context of the server's: it describes itself there.
#[cfg(feature = "ssr")]
#[derive(Clone)]
pub struct ApiReference(pub std::sync::Arc<Vec<skep_model::api::ApiOperation>>);

/// Who is logged in, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Me(pub Answer<user::Me>);

/// The document around the app. Nothing in it needs more than the content policy allows: the scripts carry the
/// nonce, and there is no inline style.
#[cfg(feature = "ssr")]
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use leptos_meta::MetaTags;

    content_policy(&options);
    let locale = leptos_i18n::Locale::as_str(preferences::page_locale());
    view! {
        <!DOCTYPE html>
        <html lang=locale data-theme=preferences::chosen_theme()>
            <head>
                {head(&options)}
                <AutoReload options=options.clone() />
                {scripts(&options)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// A document for whoever may not have the page that was asked for. It needs no script.
#[cfg(feature = "ssr")]
#[must_use]
pub fn notice(options: LeptosOptions, notice: Notice) -> impl IntoView {
    use leptos_meta::{MetaTags, Title};

    content_policy(&options);
    provide_meta_context();
    let locale = preferences::page_locale();
    view! {
        <!DOCTYPE html>
        <html lang=leptos_i18n::Locale::as_str(locale) data-theme=preferences::chosen_theme()>
            <head>
                {head(&options)}
                <MetaTags />
            </head>
            <body>
                <Title text=format!("{} · Skep", notice.title(locale)) />
                <main id="main" class="bare">{notice.content(locale)}</main>
            </body>
        </html>
    }
}

/// What every document begins with.
#[cfg(feature = "ssr")]
fn head(options: &LeptosOptions) -> impl IntoView + use<> {
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href=format!("/{}/{}.css", options.site_pkg_dir, options.output_name) />
    }
}

/// The scripts that take the page over. Leptos' own component preloads them without the nonce, which the content
/// policy forbids.
#[cfg(feature = "ssr")]
fn scripts(options: &LeptosOptions) -> impl IntoView + use<> {
    use leptos::nonce::use_nonce;

    let path = format!("/{}/{}", options.site_pkg_dir, options.output_name);
    let start = format!(
        "import init, {{ hydrate }} from '{path}.js'; init({{ module_or_path: '{path}.wasm' }}).then(() => hydrate());"
    );
    view! {
        <link rel="modulepreload" href=format!("{path}.js") nonce=use_nonce() />
        <link rel="modulepreload" href=format!("/{}/__wasm_split.______________________.js", options.site_pkg_dir) nonce=use_nonce() />
        <link rel="preload" href=format!("{path}.wasm") r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
        <script type="module" nonce=use_nonce()>
            {start}
        </script>
    }
}

/// Forbids everything that the page does not need: above all, scripts that do not carry this answer's nonce.
#[cfg(feature = "ssr")]
fn content_policy(options: &LeptosOptions) {
    use axum::http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
    use leptos::nonce::use_nonce;

    // While developing, cargo-leptos tells the page from a port of its own that there is something new.
    let reload = std::env::var_os("LEPTOS_WATCH")
        .map(|_| {
            let port = options.reload_external_port.unwrap_or(options.reload_port);
            format!(" ws://127.0.0.1:{port} ws://localhost:{port}")
        })
        .unwrap_or_default();
    let policy = use_nonce().map(|nonce| {
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
             connect-src 'self'{reload}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    });
    if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&policy).ok())
        && let Some(response) = use_context::<leptos_axum::ResponseOptions>()
    {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// The app: pages by address.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(preferences::page_locale());
    let hydrated = Hydrated(RwSignal::new(false));
    provide_context(hydrated);
    Effect::new(move |_| hydrated.0.set(true));
    // Every page is whole when it leaves the server, so that it can be read without scripts.
    view! {
        <Router>
            <Routes fallback=NotFound>
                <ParentRoute path=path!("") view=Shell>
                    <Route path=path!("") view=Dashboard ssr=SsrMode::Async />
                    <Route path=path!("events") view=Attacks::Events ssr=SsrMode::Async />
                    <Route path=path!("events/:id") view=Attacks::Event ssr=SsrMode::Async />
                    <Route path=path!("sensors") view=Sensing::Sensors ssr=SsrMode::Async />
                    <Route path=path!("sensors/matrix") view=Sensing::Matrix ssr=SsrMode::Async />
                    <Route path=path!("sensors/:id") view=Sensing::Sensor ssr=SsrMode::Async />
                    <Route path=path!("services") view=Sensing::Services ssr=SsrMode::Async />
                    <Route path=path!("quarantine") view=Rare::Quarantine ssr=SsrMode::Async />
                    <Route path=path!("users") view=Rare::Users ssr=SsrMode::Async />
                    <Route path=path!("tokens") view=Rare::Tokens ssr=SsrMode::Async />
                    <Route path=path!("audit") view=Rare::Audit ssr=SsrMode::Async />
                    <Route path=path!("system") view=Rare::System ssr=SsrMode::Async />
                    <Route path=path!("api") view=Rare::Api ssr=SsrMode::Async />
                    <Route path=path!("profile") view=Rare::Profile ssr=SsrMode::Async />
                </ParentRoute>
                <Route path=path!("login") view=LogIn ssr=SsrMode::Async />
                <Route path=path!("password") view=Rare::Password ssr=SsrMode::Async />
                <Route path=path!("setup") view=Rare::SetUp ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
