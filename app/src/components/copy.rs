//! A command to copy.

use std::time::Duration;

use leptos::prelude::*;

use super::Icon;
use crate::{preferences::use_locale, translations::td_string, view::view};

/// A line of code with a button that copies it.
#[component]
pub fn CopyLine(
    /// The element's id.
    id: &'static str,
    /// The line.
    text: String,
) -> impl IntoView {
    let locale = use_locale();
    let copied = RwSignal::new(false);
    let line = text.clone();
    let copy = move |_| {
        let _ = window().navigator().clipboard().write_text(&line);
        copied.set(true);
        set_timeout(
            move || {
                let _ = copied.try_set(false);
            },
            Duration::from_secs(2),
        );
    };
    view! {
        <div class="copyline">
            <code id=id tabindex="0">{text}</code>
            <button type="button" class="btn" on:click=copy>
                <Icon name="copy" />
                {td_string!(locale, action.copy)}
            </button>
            <span class="vh" role="status">{move || copied.get().then(|| td_string!(locale, action.copied))}</span>
            <span class="copied" aria-hidden="true" class:on=move || copied.get()>
                {td_string!(locale, action.copied)}
            </span>
        </div>
    }
}
