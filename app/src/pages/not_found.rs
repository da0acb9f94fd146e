//! There is no such page.

use leptos::prelude::*;

use crate::{
    components::{BarePage, Empty},
    preferences::use_locale,
    translations::td_string,
    view::view,
};

/// Says that there is no such page.
#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(axum::http::StatusCode::NOT_FOUND);
    }
    let locale = use_locale();
    view! {
        <BarePage title=td_string!(locale, missing.title)>
            <h1 class="vh">{td_string!(locale, missing.title)}</h1>
            <Empty icon="search" title=td_string!(locale, missing.title) text=td_string!(locale, missing.text)>
                <a class="btn" href="/">
                    {td_string!(locale, missing.back)}
                </a>
            </Empty>
        </BarePage>
    }
}
