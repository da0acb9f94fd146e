//! Jumping: Ctrl-K opens a field in which a word or two lead to any place.
#![allow(
    clippy::unnecessary_wraps,
    reason = "what loads a part may fail, and the macro takes the result's type from the function"
)]

mod palette;
mod places;

use leptos::{ev, prelude::*};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::{
    components::{Awaited, FailureNote, Icon, When},
    failure::Failure,
    preferences::use_locale,
    translations::td_string,
    view::view,
};
use palette::Palette;

/// Whether the field is open, as a context.
#[derive(Clone, Copy)]
pub struct Jump {
    open: RwSignal<bool>,
    /// It is loaded when it is first opened.
    wanted: RwSignal<bool>,
}

impl Jump {
    /// It is closed.
    #[must_use]
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            wanted: RwSignal::new(false),
        }
    }

    /// Opens it.
    pub fn open(self) {
        self.wanted.set(true);
        self.open.set(true);
    }
}

#[wasm_split(jumping, fallible)]
fn jumping(open: RwSignal<bool>) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Palette open /> })
}

/// Where the field opens; it listens for Ctrl-K (on a Mac Command-K).
#[component]
pub fn JumpPlace() -> impl IntoView {
    let jump = expect_context::<Jump>();
    Effect::new(move |_| {
        let handle = window_event_listener(ev::keydown, move |event| {
            if (event.ctrl_key() || event.meta_key()) && event.key() == "k" {
                event.prevent_default();
                jump.open();
            }
        });
        on_cleanup(move || handle.remove());
    });
    let palette = move || {
        Suspend::new(async move {
            jumping(jump.open)
                .await
                .unwrap_or_else(|_| view! { <FailureNote failure=Failure::Unreachable /> })
        })
    };
    view! {
        <When holds=move || jump.wanted.get()>
            <Awaited view=palette />
        </When>
    }
}

/// A button that opens it.
#[component]
pub fn JumpButton() -> impl IntoView {
    let locale = use_locale();
    let jump = expect_context::<Jump>();
    view! {
        <button type="button" class="btn ghost jump-button" on:click=move |_| jump.open() aria-keyshortcuts="Control+K">
            <Icon name="search" />
            <span>{td_string!(locale, jump.title)}</span>
            <kbd aria-hidden="true">"Ctrl K"</kbd>
        </button>
    }
}
