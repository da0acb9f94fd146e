//! Skep's web console: rendered on the server, then taken over by the browser.

// Views are deeply nested types.
#![recursion_limit = "256"]

#[cfg(feature = "ssr")]
pub mod access;
mod components;
pub mod failure;
mod filter;
mod live;
mod pages;
mod preferences;
mod server;
mod translations;
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
    components::{Hydrated, Shell},
    failure::Failure,
    pages::{Dashboard, Event, Events, LogIn, NotFound, Sensors, SetUp},
};

/// Who is logged in, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Me(pub Resource<Result<user::Me, Failure>>);

/// The document around the app. Nothing in it needs more than the content policy allows: the scripts carry the
/// nonce, and there is no inline style.
#[cfg(feature = "ssr")]
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use leptos_meta::MetaTags;

    let locale = leptos_i18n::Locale::as_str(preferences::page_locale());
    view! {
        <!DOCTYPE html>
        <html lang=locale data-theme=preferences::chosen_theme()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=format!("/pkg/{}.css", options.output_name) />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
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
                    <Route path=path!("events") view=Events ssr=SsrMode::Async />
                    <Route path=path!("events/:id") view=Event ssr=SsrMode::Async />
                    <Route path=path!("sensors") view=Sensors ssr=SsrMode::Async />
                </ParentRoute>
                <Route path=path!("login") view=LogIn ssr=SsrMode::Async />
                <Route path=path!("setup") view=SetUp ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
