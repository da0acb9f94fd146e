//! Icons, all of one sheet.

use leptos::prelude::*;

use crate::view::view;

/// An icon of `public/icons.svg`. It only ever stands beside its word or in a labelled control.
#[component]
pub fn Icon(
    /// Its name in the sheet.
    name: &'static str,
    /// Whether it is a small one.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    view! {
        <svg class=if small { "i s" } else { "i" } aria-hidden="true">
            <use href=format!("/icons.svg#{name}") />
        </svg>
    }
}
